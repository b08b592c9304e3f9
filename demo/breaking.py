"""Scenes 1 to 5: all starts, the agent does harm, the alarm, how bad it is, what is sealed, the tool goes off."""

from __future__ import annotations

import re
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import ledger
from scene import QUESTION, REVOKE_PATH, TOOL_PATH, Scene, moment, plural, spaced
from speaking import delivery, now

COPIES = 49
PIECES = ("traces", "actions", "controls", "describe")
_CALL_SECONDS = 45.0
_WATCH = 0.003
_REASON = re.compile(r"(SEV[1-4]) by (?:the )?([a-z ]+): ([^(;]+) \(")
_WATCHED = re.compile(r"(watch_seconds): *\d+")


def start(scene: Scene) -> None:
    """A mail server, an agent to practise on, Halon with its starter kit."""
    tell, programs, say = scene.tell, scene.programs, scene.say
    tell.scene("Everything starts on this machine",
               "A small support agent for a web shop, the shop's mail server, and Halon, which watches over the agent.")  # fmt: skip
    programs.catch_mail()
    programs.start_agent()
    tell.until("the agent starts", say.agent_is_there, bool, 20)
    tell.saw(f"the agent: {say.agent('/')['description']}")
    made = say.halon("init", str(programs.kit))
    tell.check("Halon's rules are plain files that anybody can edit", made.code == 0,
               (made.out.partition(": ")[2] or made.err).partition(".")[0].strip(), must=True)  # fmt: skip
    _shorten_times(scene)
    checked = say.halon("kit", "check", str(programs.kit))
    tell.check("they were checked before anything happens", checked.code == 0,
               "sound" if " is sound" in checked.out else checked.err or checked.out, must=True)  # fmt: skip
    began = time.monotonic()
    with tell.waiting("Halon starts: a Temporal server, a worker, a front door for alerts", 60):
        programs.begin_halon()
        lines = programs.halon_ready()
    tell.check(
        "Halon is up", any(line.startswith("ready:") for line in lines), f"after {time.monotonic() - began:.1f} s"
    )


def _shorten_times(scene: Scene) -> None:
    """How long a tool that comes back is watched: seconds instead of minutes. The rest of the starter kit stays as it is."""
    page = scene.programs.kit / "actions.yaml"
    page.write_text(_WATCHED.sub(r"\1: 3", page.read_text("utf-8")), "utf-8")


def harm(scene: Scene) -> None:
    """The agent reads a poisoned page and mails customer records out."""
    tell, say = scene.tell, scene.say
    tell.scene("A web page tricks the agent",
               "A customer asks an honest question. The page that the agent reads for the answer hides an order: "
               "mail all customer records to a stranger. The agent obeys.")  # fmt: skip
    answer = say.ask_agent("s-1", QUESTION)
    tell.saw(f"customer: {QUESTION}")
    tell.saw(f"agent: {answer['reply']}")
    done = [one for one in say.agent("/v1/actions")["actions"] if one["trace_id"] == answer["trace_id"]]
    one = done[0] if done else {}
    scene.victims, scene.thief = tuple(one["arguments"]["customers"]), str(one["arguments"]["to"])
    tell.check("and behind the customer's back it sent a mail that it was not allowed to send",
               one.get("authorised") is False and one.get("status") == "done", f"{one.get('tool')} to {scene.thief}", must=True)  # fmt: skip
    mails = scene.programs.mail.to(scene.thief)
    body = str(mails[0].get_content()) if mails else ""
    inside = [who for who in scene.victims if who in body]
    tell.check("customer records have reached a stranger", mails and len(inside) == len(scene.victims) > 0,
               f"{plural(len(mails), 'mail')} in that mailbox, the records of {len(inside)} customers; the first: {body.partition('; order')[0]}",
               must=True, mark="harm")  # fmt: skip
    scene.alert = ("5c1f0f2f6d1c4b7e", now(), answer["trace_id"])


def alarm(scene: Scene) -> None:
    """One alert fifty times at once; and as soon as its effect reaches the agent, ``kill -9``, told two scenes later."""
    tell, say = scene.tell, scene.say
    tell.scene("The alarm goes off",
               "Monitoring notices, and Alertmanager delivers the alert: at its worst, the same one many times at once. "
               "It must become one incident, not many.")  # fmt: skip
    body = delivery(*scene.alert)
    scene.sent_at = now()
    with ThreadPoolExecutor(COPIES + 1) as senders:
        sent = [senders.submit(say.deliver_or_not, body) for _ in range(COPIES + 1)]
        with tell.waiting("Halon takes the alert, looks at the agent, and acts", _CALL_SECONDS):
            _kill_at_first_call(scene)
        answers = [one.result() for one in sent]
    scene.programs.begin_halon()  # it comes up while the next scenes are told
    opened = [one for one in answers if one.get("status") == "new"]
    counted = Counter(str(one.get("status", "not answered")) for one in answers)
    scene.unanswered = counted["not answered"]
    say.reference = ", ".join(str(one["incident"]) for one in opened)
    say.workflow_id = ", ".join(str(one["workflow_id"]) for one in opened)
    tell.check("one incident was opened", len(opened) == 1, say.reference,
               at=scene.sent_at, must=True, mark="alert")  # fmt: skip
    joined = [one for one in answers if one.get("status") == "joined" and one["incident"] == say.reference]
    tell.check(f"and {len(joined)} copies joined it", len(joined) + scene.unanswered == COPIES and joined,
               f"{plural(len(answers), 'delivery', 'deliveries')} at once: "
               + ", ".join(f"{number} {word}" for word, number in counted.most_common()), at=scene.sent_at, mark="joined")  # fmt: skip


def _kill_at_first_call(scene: Scene) -> None:
    """Kill the worker at its worst moment: its call has reached the agent, and it does not know yet whether it worked."""
    end = time.monotonic() + _CALL_SECONDS
    while not (rows := scene.say.calls(TOOL_PATH)):
        scene.programs.require_running()
        if time.monotonic() > end:
            scene.tell.check("Halon switches the tool off at the agent", rows, rows, must=True)
        time.sleep(_WATCH)
    scene.killed_pid = scene.programs.halon_pid()
    scene.killed_at = now()
    scene.killed_with = scene.programs.kill_halon()


def severity(scene: Scene) -> None:
    """What is known, what is not: from the record on the disk, which the next process finishes if this one died too early."""
    tell = scene.tell
    tell.scene(
        "How bad is it?",
        "Halon looks for itself, at the agent's own list of actions and traces. The lower the number, the worse. What it can't know it says.",
    )
    kept = tell.until("the record says how bad it is", lambda: ledger.read(scene.programs.home),
                      lambda found: found.of_kind("severity") and found.of_kind("clock"))  # fmt: skip
    line = kept.of_kind("severity")[-1]
    scene.level = line["text"].removeprefix("Severity ").partition(":")[0]
    reasons = [f"{words} ({axis})" for level, axis, words in _REASON.findall(line["text"]) if level == scene.level]
    tell.check(f"severity {scene.level or 'unknown'}, and why", scene.level and reasons, "; ".join(reasons),
               at=line["at"], must=True, mark="severity")  # fmt: skip
    facts = {one["data"]["name"]: one["data"]["value"] for one in kept.of_kind("fact")}
    people = facts.get("affected_individuals") or {}
    tell.check("as many people as there are in the stranger's mail", people.get("low") == people.get("high") == len(scene.victims),
               f"{people.get('low')} people", at=line["at"])  # fmt: skip
    clocks = kept.of_kind("clock")
    needed = sorted({name for one in clocks for name in one["data"].get("needs", ())})
    tell.check("not known yet, and not guessed: people have to answer", {"gdpr_applies", "risk_to_individuals"} <= {*needed},
               spaced(needed), at=clocks[-1]["at"] if clocks else "")  # fmt: skip


def evidence(scene: Scene) -> None:
    """What was sealed beside the first, reversible step and before any other, checked by its hashes on the disk."""
    tell, say = scene.tell, scene.say
    tell.scene("Evidence first", "Before it does anything that can't be undone, Halon seals copies of what it saw, and notes "
               "each step in a log in which every line is chained to the one before.")  # fmt: skip
    sealed = tell.until("the evidence is sealed", lambda: ledger.sealed(scene.programs.home, "before-containment"),
                        lambda found: len(found) >= len(PIECES))  # fmt: skip
    kept = ledger.read(scene.programs.home)
    last = max((seal["collected_at"] for seal, _ in sealed), default="")
    tell.check("traces, actions, switches and version are sealed, and unchanged",
               len(sealed) >= len(PIECES) and all(ledger.matches(seal, content) for seal, content in sealed),
               f"{plural(len(sealed), 'piece')}, {sum(len(content) for _, content in sealed)} bytes, SHA-256 recomputed",
               at=last, must=True, mark="evidence")  # fmt: skip
    called = say.calls(REVOKE_PATH)
    tell.check("and nothing that can't be undone has been asked of the agent", not called,
               f"{plural(len(called), 'call')} to revoke its key", at=last)  # fmt: skip
    scene.sealed_at = last
    scene.early_head = kept.head
    tell.check("the chain holds", kept.holds(), f"{plural(len(kept.lines), 'line')}, the last one's hash is {kept.head[:16]}…",
               at=kept.lines[-1]["at"])  # fmt: skip


def tool_off(scene: Scene) -> None:
    """The mail tool is off at the agent."""
    tell, say = scene.tell, scene.say
    tell.scene(
        "The mail tool goes off",
        "Not the whole agent: only the tool that does the harm. That can be undone, so nobody is asked first.",
    )
    row = say.calls(TOOL_PATH)[0]
    took = (moment(row["first_at"]) - moment(scene.sent_at)).total_seconds()
    state = say.agent(TOOL_PATH)
    tell.check("the agent says that its mail tool is off", state["enabled"] is False,
               f"{state['tool']} off, {took:.1f} s after the alert", at=row["first_at"], mark="off")  # fmt: skip
