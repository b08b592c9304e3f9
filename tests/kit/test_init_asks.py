"""``halon init``: at most five questions, and the kit that follows is sound for any answers."""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from halon.cli.initing import Answers, questions, write
from halon.cli.problems import Usage
from halon.kit import examine, load

MONDAY = datetime(2026, 11, 23, tzinfo=UTC)
NAMES = st.from_regex(r"[a-z0-9][a-z0-9_-]{0,20}", fullmatch=True)


def answering(*answers: str) -> tuple[list[str], Answers]:
    asked: list[str] = []

    def ask(question: str, default: str) -> str:
        asked.append(question)
        return answers[len(asked) - 1] or default

    return asked, questions(ask)


def test_five_questions_at_most_and_two_for_a_look() -> None:
    """Enter at the agent keeps the examples; an own agent takes the other three."""
    asked, said = answering("Acme", "")
    assert (len(asked), said) == (2, Answers())
    asked, said = answering("Finch & Sons", "concierge", "https://bot.example/halon", "send_message, refund", "jo")
    assert len(asked) == 5
    assert said == Answers("Finch & Sons", "concierge", "https://bot.example/halon", ("send_message", "refund"), "jo")


def test_an_unusable_answer_is_asked_again_and_then_answered_with_the_way_out() -> None:
    """A capital letter is no end of the conversation."""
    _, said = answering("Acme", "My Bot", "my-bot", "ftp://x", "http://x/halon", "", "")
    assert (said.agent, said.url) == ("my-bot", "http://x/halon")
    with pytest.raises(Usage, match="no usable answer"):
        answering("Acme", "A", "B", "C")


def test_the_kit_of_an_own_agent_is_sound_and_has_no_example_left(tmp_path: Path) -> None:
    """One agent, observed, with a switch for each tool, read-only, kill switch and the end of all sessions."""
    said = Answers("Finch & Sons: 'Hotels'", "concierge", "https://bot.example/halon", ("send_message", "refund"), "jo")
    write(tmp_path / "kit", said)
    kit, findings = examine(tmp_path / "kit", {"HALON_CONTROL_TOKEN": "x"}, MONDAY)
    assert list(kit.policy.agents) == ["concierge"]
    assert kit.policy.agents["concierge"].mode == "observe"
    assert {one.order.id for one in kit.policy.agents["concierge"].prepared} == {
        "disable-send-message", "disable-refund", "read-only", "kill-switch", "end-sessions",
    }  # fmt: skip
    assert kit.policy.roster_rules[0].commander == "jo"
    told = "\n".join(str(one) for one in findings)
    assert "sandbox" not in told
    assert "it is not said which data concierge collects" in told
    assert not any(one.item == "kill switch and safe mode" for one in findings)


@settings(max_examples=15, deadline=None)
@given(st.text(max_size=40).filter(str.isprintable), NAMES, st.lists(NAMES, min_size=1, max_size=4, unique=True), NAMES)
def test_any_answers_that_are_taken_make_a_sound_kit(
    organisation: str, agent: str, tools: list[str], person: str
) -> None:
    """Nothing that somebody types can break the YAML."""
    if len({tool.replace("_", "-") for tool in tools}) < len(tools) or person in ("tom", "sue", "pat", "lee", "cus"):
        return
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder) / "kit", Answers(organisation or "x", agent, "http://x/halon", tuple(tools), person))
        assert list(load(Path(folder) / "kit", {}).policy.agents) == [agent]
