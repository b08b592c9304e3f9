"""The page: what somebody reads at three in the morning, at most 320 characters with its subject.

In this order: the harm, what was done, what is asked of you, until when, where to go or what to type, the reference.
What the subject says already is not said again. Nothing that an alert or an agent wrote is in it beyond 60 characters of
a name, redacted.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC

from halon.incident import alarms, times
from halon.incident.fact_words import amount
from halon.incident.known import counted
from halon.incident.messages import Message
from halon.incident.state import State
from halon.incident.status import plain
from halon.incident.timeline import mark, person

LONGEST = 320
"""Characters of subject and body together: two text messages."""
LONGEST_SUBJECT = 80
QUOTED = 60
"""Characters of a text from outside that are shown."""
_LEAST_ASKED = 60
_STATED = 80
_LEAST_BESIDE = 110
"""Characters that harm, deeds and question keep where both the command and the link are given; else the link stands alone."""
_LONGEST_NAME = 40


def harm(state: State) -> str:
    """What goes on, in a sentence: who, what is confirmed of it, how many are hit."""
    who = plain(state.agent, QUOTED)
    known = counted(state)
    if known.get("confirmed") is False:
        return f"{who}: reported, and nothing of it was found."
    if known.get("confirmed") is not True:
        rule = plain(state.alerts[0].rule, QUOTED) if state.alerts else "a report"
        return f"{who}: {rule}, not confirmed yet."
    tools = known.get("unauthorised_tool_actions")
    named = plain(", ".join(str(one) for one in tools), QUOTED) if isinstance(tools, list | tuple) and tools else ""
    told = f"{who} used {named} without permission" if named else f"{who} did what it may not"
    people = known.get("affected_individuals")
    return f"{told}; people hit: {plain(amount(people), QUOTED)}." if people is not None else f"{told}."


def done(state: State) -> str:
    """What was done about it, in a sentence."""
    if state.assessment is not None and state.assessment.mode == "observe":
        return "Only observed, nothing switched off."
    stopped = [plain(one.order.title, QUOTED) for one in state.actions if one.status == "verified"]
    if state.harm_stopped_at:
        return f"Stopped: {stopped[0]}." if stopped else "It has stopped."
    return f"Done: {stopped[0]}." if stopped else "Nothing is switched off yet."


def ended(state: State, at: str) -> State:
    """``state`` with the end of every alarm in the outbox: a paging product must not go on ringing for what is closed."""
    told = dict.fromkeys(key.rpartition(":")[2] for key in state.ledger if key.startswith("told:"))
    people = [one for one in (person(state, name) for name in told) if one is not None]
    over = tuple(
        Message(f"ended:{one.name}", "resolve", one.name, f"{state.reference} is closed", "Closed.", at, one.channels)
        for one in people if f"ended:{one.name}" not in state.ledger
    )  # fmt: skip
    for one in over:
        state = mark(state, one.id, at)
    return alarms.silenced(replace(state, outbox=(*state.outbox, *over)), at, all_of_them=True)


def compose(
    message: Message,
    reference: str,
    *,
    harm: str = "",
    done: str = "",
    severity: str = "",
    zone: str = "",
    link: str = "",
) -> tuple[str, str]:
    """Subject and body of the page, together at most ``LONGEST`` characters.

    ``zone`` (IANA) is where the reader is, empty where nobody said; ``link`` leads to the incident's page and stands
    beside the command to type, or in its place where both are too long.
    """
    subject, rest = _headed(" ".join(message.subject.split()))
    typed = _typed(message, reference)
    until = f"Until {moment(message.until, zone)}. " if message.until else ""
    tail = f"{until}{link or typed} {reference}"
    both = f"{until}{typed} or {link} {reference}"
    if link and message.command and LONGEST - len(subject) - len(both) - 4 >= _LEAST_BESIDE:
        tail = both
    room = LONGEST - len(subject) - len(tail) - 4  # spaces between, and a full stop
    told = _asked(message, rest) or " ".join(message.body.split())
    asked = _cut(told, min(room, max(_LEAST_ASKED, room - 2 * _STATED)))
    done = _cut(done, min(_STATED, room - len(asked)))
    harm = _cut(f"{severity} {harm}".strip() if harm else "", room - len(asked) - len(done))
    asked = _cut(told, room - len(harm) - len(done))
    return subject, " ".join(part for part in (harm, done, _ended(asked), tail) if part)


def moment(at: str, zone: str = "") -> str:
    """The time ``at`` (ISO 8601) as people of ``zone`` read it; in UTC with a Z where no zone is known."""
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError  # looks at the machine's files: never in workflow code

    when = times.parse(at)
    try:
        local = when.astimezone(ZoneInfo(zone)) if zone else when
    except (ZoneInfoNotFoundError, ValueError):
        zone, local = "", when
    return f"{local:%H:%M on %d %b} ({zone})" if zone else f"{when.astimezone(UTC):%Y-%m-%d %H:%MZ}"


def _headed(subject: str) -> tuple[str, str]:
    """The subject as it is shown, and the rest of it where it is too long; cut between words if that can be."""
    if len(subject) <= LONGEST_SUBJECT:
        return subject, ""
    end = subject.rfind(" ", LONGEST_SUBJECT // 2, LONGEST_SUBJECT)
    end = end if end > 0 else LONGEST_SUBJECT - 1
    return f"{subject[:end].rstrip()}…", subject[end:].strip()


def _asked(message: Message, rest: str) -> str:
    """What is asked, without the words at its end that the subject ends in too; but with ``rest``, which that lacks."""
    asked = " ".join(message.asked.split())
    topic = " ".join(message.subject.split()).partition(": ")[2].rstrip(".?!")
    body, end = asked.rstrip(".?!"), asked[len(asked.rstrip(".?!")) :]
    if not topic or not body.endswith(f": {topic}"):
        return asked
    before = body.removesuffix(f": {topic}")
    return f"{before}: …{rest.rstrip('.?!')}{end}" if rest else f"{before}{end}"


def _typed(message: Message, reference: str) -> str:
    if not message.command:
        return f"halon status {reference}"
    by = "" if message.command.startswith(("halon status", "halon show")) else f" --by {message.to[:_LONGEST_NAME]}"
    return f"{message.command}{by}"


def _ended(text: str) -> str:
    return text if not text or text[-1] in ".?!…" else f"{text}."


def _cut(text: str, longest: int) -> str:
    if len(text) <= longest:
        return text
    return text[: longest - 1].rstrip() + "…" if longest > 1 else ""
