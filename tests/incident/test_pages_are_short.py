"""The page: at most 320 characters, in one order, in plain words; and how often anybody is paged."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from halon.incident.clocks import fire_due
from halon.incident.facts import Fact
from halon.incident.joining import absorb
from halon.incident.judged import take_in
from halon.incident.learning import learn
from halon.incident.messages import Message
from halon.incident.paging import LONGEST, compose, done, ended, harm, moment
from halon.incident.timeline import tell

TEXT = st.text(max_size=400)
COMMAND = "halon approve INC-7F3A revoke-token-1a2b3c4d"


def message(**fields: Any) -> Message:
    """A page to sue about a gate."""
    told = {"id": "m", "kind": "page", "to": "sue", "subject": "[INC-7F3A] approval needed: Revoke the token", "body": "Why: it leaks",
            "at": "2026-11-22T10:00:00.000Z", "asked": "Yes or no: Revoke the token?", "until": "2026-11-22T13:05:00.000Z",
            "command": COMMAND}  # fmt: skip
    return Message(**{**told, **fields})


def test_the_parts_stand_in_their_order(room: Any) -> None:
    """Harm, what was done, what is asked, until when, what to type, the reference."""
    state = room.full()
    subject, body = compose(message(), "INC-7F3A", harm=harm(state), done=done(state), severity="SEV2")
    assert subject == "[INC-7F3A] approval needed: Revoke the token"
    assert body == (
        "SEV2 support-bot used send_email without permission; people hit: at least 6. Stopped: Do disable-mail. "
        f"Yes or no? Until 2026-11-22 13:05Z. {COMMAND} --by sue INC-7F3A"
    )


@pytest.mark.parametrize(
    ("title", "asked", "told"),
    [
        ("Revoke the token", "Nobody answered yet. Yes or no: Revoke the token?", "Nobody answered yet. Yes or no?"),
        ("Give it back?", "Yes or no: Give it back?", "Yes or no?"),
        ("Revoke the token", "Look at it, then say yes or no", "Look at it, then say yes or no."),
        ("send Notification of a personal data breach to the authority of the Land", "", "Yes or no: …authority of the Land?"),
    ],
)  # fmt: skip
def test_a_phone_shows_the_question_once(title: str, asked: str, told: str) -> None:
    """The subject has its words, the body only what is left of them; harm and done come first, and nothing is lost."""
    one = message(subject=f"[INC-7F3A] approval needed: {title}", asked=asked or f"Yes or no: {title}?")
    head, body = compose(one, "INC-7F3A", harm="It leaks.", done="Stopped.", severity="SEV2", link="https://h.example/i/INC-7F3A")  # fmt: skip
    where = "https://h.example/i/INC-7F3A INC-7F3A"
    typed = f"{COMMAND} --by sue or "
    assert body == f"SEV2 It leaks. Stopped. {told} Until 2026-11-22 13:05Z. {typed}{where}"
    words = title.rstrip("?").split()
    body = body.replace(typed, "")
    assert [f"{head} {body}".count(word) for word in words if len(word) > 5] == [1] * len([word for word in words if len(word) > 5])  # fmt: skip
    assert all(word in f"{head} {body}" for word in words)


def test_the_reader_sees_their_own_time_the_command_and_the_link() -> None:
    """Where a zone is known; a zone that is none is as good as none."""
    body = compose(message(), "INC-7F3A", zone="Europe/Berlin", link="https://halon.example/i/INC-7F3A")[1]
    assert body.endswith(
        f"Until 14:05 on 22 Nov (Europe/Berlin). {COMMAND} --by sue or https://halon.example/i/INC-7F3A INC-7F3A"
    )
    long = compose(message(), "INC-7F3A", link=f"https://halon.example/{'x' * 60}/i/INC-7F3A")[1]
    assert (COMMAND in long, long.endswith("/i/INC-7F3A INC-7F3A")) == (False, True)
    assert moment("2026-11-22T13:05:00.000Z", "Not/AZone") == moment("2026-11-22T13:05:00.000Z") == "2026-11-22 13:05Z"


@settings(max_examples=200, deadline=None)
@given(TEXT, TEXT, TEXT, TEXT, TEXT, st.sampled_from(["", "2026-11-22T13:05:00.000Z"]), st.sampled_from(["", "SEV1"]),
       st.sampled_from(["", "https://" + "x" * 150 + "/i/INC-7F3A"]), st.sampled_from(["", f"{COMMAND[:23]}{'x' * 69}"]))  # fmt: skip
def test_no_page_is_longer_than_two_text_messages_and_none_loses_what_to_do(
    subject: str, body: str, asked: str, harmed: str, did: str, until: str, level: str, link: str, command: str
) -> None:
    """Whatever comes in: the command or the link and the reference are whole, and subject and body fit."""
    told = message(subject=subject, body=body, asked=asked, until=until, command=command)
    head, text = compose(
        told, "INC-7F3A", harm=harmed, done=did, severity=level, zone="America/Argentina/ComodRivadavia", link=link
    )
    assert len(head) + len(text) <= LONGEST
    assert text.endswith(
        f"{link or command or 'halon status INC-7F3A'}{' --by sue' if command and not link else ''} INC-7F3A"
    )


@pytest.mark.parametrize(
    ("facts", "told"),
    [
        ({}, "support-bot: Leak, not confirmed yet."),
        ({"confirmed": None}, "support-bot: Leak, not confirmed yet."),
        ({"confirmed": False}, "support-bot: reported, and nothing of it was found."),
        ({"confirmed": True}, "support-bot did what it may not."),
        ({"confirmed": True, "unauthorised_tool_actions": ["send_email"], "affected_individuals": 6},
         "support-bot used send_email without permission; people hit: 6."),
    ],
)  # fmt: skip
def test_the_harm_is_what_is_known_and_no_more(room: Any, facts: dict[str, Any], told: str) -> None:
    """What is not confirmed is not said as if it were."""
    state = learn(
        room.opened(), [Fact(name, value, "person", room.T0, "pat") for name, value in facts.items()], room.T0
    )
    assert harm(state) == told


def test_text_of_an_alert_or_an_agent_is_a_bounded_name(room: Any) -> None:
    """No markup, no link, 60 characters of each."""
    evil = "<b>click</b> https://evil.example/" + "x" * 500
    state = room.opened(room.alert(rule=evil, summary=evil))
    assert "<" not in harm(state)
    assert "://" not in harm(state)
    assert len(harm(state)) <= 120
    state = learn(
        state,
        [Fact("confirmed", True, "trace", room.T0), Fact("unauthorised_tool_actions", [evil], "trace", room.T0)],
        room.T0,
    )
    assert len(harm(state)) <= 120


def noisy(room: Any, alerts: int) -> Any:
    """Two hours of an incident, acknowledged after a minute, with so many alerts of ten rules; every alert is judged."""
    state = take_in(room.opened(), room.judged(form=1), 1, room.at(1))
    state = fire_due(replace(state, page_next_at=room.at(2)), room.at(2))
    state = room.say(state, "ack", "ann", now=room.at(60)).state
    for number in range(alerts):
        now = room.at(60 + number * 7200 / alerts)
        state = fire_due(
            absorb(state, [room.alert(rule=f"R{number % 10}", fingerprint=f"fp-{number}", started_at=now)], now), now
        )
        state = take_in(state, room.judged(form=1), state.facts_version, now)
    return state


def test_a_noisy_incident_pages_no_more_than_a_quiet_one(room: Any) -> None:
    """Three hundred alerts after the first: one page, as with one alert."""
    assert [len(noisy(room, alerts).outbox) for alerts in (1, 300)] == [1, 1]


def test_after_a_false_alarm_it_is_told_once_that_it_fires(room: Any) -> None:
    """Not for each new alert."""
    state = room.say(noisy(room, 1), "false-alarm", reason="a test", now=room.at(7300)).state
    for number in range(50):
        now = room.at(7301 + number)
        state = absorb(state, [room.alert(fingerprint=f"again-{number}", started_at=now)], now)
    assert [one.subject.partition("] ")[2] for one in state.outbox[1:]] == ["fires after a false alarm"]


def test_it_is_paged_again_when_the_severity_rises(room: Any) -> None:
    """By judgement or by a person, to commander and technical lead, not to whoever said it."""
    state = take_in(noisy(room, 1), room.judged("SEV1", form=1), 1, room.at(7300))
    assert [(one.to, one.subject.partition("] ")[2]) for one in state.outbox[1:]] == [
        ("ann", "severity raised to SEV1"), ("tom", "severity raised to SEV1")]  # fmt: skip
    again = take_in(state, room.judged("SEV1", form=1), 1, room.at(7400))
    assert again.outbox == state.outbox
    said = room.say(noisy(room, 1), "severity", "tom", level="SEV1", reason="I saw it", now=room.at(7300)).state
    assert [one.to for one in said.outbox[1:]] == ["ann"]
    lowered = room.say(said, "severity", "ann", level="SEV3", reason="it was a test", now=room.at(7400)).state
    assert lowered.outbox == said.outbox


def test_what_is_closed_stops_ringing_once_for_each_who_was_told(room: Any) -> None:
    """A paging product must not go on ringing for what is closed; asked again, nothing is added."""
    state = tell(room.assessed(), room.at(1), "page:1", "up", "up", names=("ann",))
    over = ended(replace(state, outbox=()), room.at(9))
    assert [(one.kind, one.to, one.id) for one in over.outbox] == [("resolve", "ann", "ended:ann")]
    assert ended(over, room.at(10)) == over
    assert ended(room.assessed(), room.at(9)).outbox == ()
