"""An incident judged again: what is in force by now is reckoned with, and what was tried in vain is not counted on."""

from __future__ import annotations

from halon.incident.facts import Fact
from halon.judgement.assess import assess
from halon.kit import load, starter_path

AT = "2026-11-22T10:00:00.000Z"
FACTS = tuple(
    Fact(name, value, "person", AT, by="ann")
    for name, value in {
        "confirmed": True, "unauthorised_tool_actions": ["send_email", "refund"], "credential_exposed": False,
        "untrusted_instruction": False, "external_recipient": False,
    }.items()
)  # fmt: skip


def rungs(facts: tuple[Fact, ...], **standing: list[str]) -> dict[str, int]:
    """The rung of each action of the starter kit."""
    judged = assess(facts, load(starter_path(), {}).policy, AT, agent="support-bot", **standing)  # type: ignore[arg-type]
    return {one.id: one.rung for one in judged.orders}


def test_what_is_in_force_needs_nothing_beside_it_and_what_failed_needs_another() -> None:
    """Read-only closes both tools; once it has failed, the tool that can be switched off alone is, on the same rung."""
    assert rungs(FACTS)["disable-send-email"] == 2
    mail = (*FACTS[:1], Fact("unauthorised_tool_actions", ["send_email"], "person", AT, by="ann"), *FACTS[2:])
    assert rungs(mail)["disable-send-email"] == 1
    assert rungs(mail, holds=["read-only"])["disable-send-email"] == 2
    assert rungs(FACTS, failed=["read-only"])["disable-send-email"] == 1
