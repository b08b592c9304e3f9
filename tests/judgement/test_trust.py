"""What alerts may set off without people: by source, by level, by who else says so."""

from __future__ import annotations

from dataclasses import replace

import pytest

from halon.incident.assessment import Level
from halon.incident.facts import Fact
from halon.judgement.assess import assess
from halon.judgement.trust import CAUTIOUS, Acting, Trust, say
from halon.kit import load, starter_path

AT = "2026-11-20T10:00:00.000Z"
NOW = "2026-11-20T18:00:00.000Z"
TRUST = {
    "am": Trust("alone", "SEV2"), "graf": Trust(), "own": Trust("corroborated", "SEV2"), "hub": Trust("corroborated"),
    "lab": Trust("never"), "report": CAUTIOUS,
}  # fmt: skip
POLICY = replace(load(starter_path(), {}).policy, trust=TRUST)


@pytest.mark.parametrize(
    ("trust", "level", "may"),
    [(Trust(), "SEV1", "alone"), (Trust("alone", "SEV2"), "SEV2", "alone"), (Trust("alone", "SEV2"), "SEV4", "alone"),
     (Trust("alone", "SEV2"), "SEV1", "corroborated"), (Trust("corroborated", "SEV3"), "SEV2", "never"),
     (Trust("corroborated"), "SEV1", "corroborated"), (Trust("never", "SEV4"), "SEV4", "never"),
     (Trust("never", "SEV4"), "SEV1", "never")],
)  # fmt: skip
def test_beyond_its_level_a_source_may_do_one_step_less(trust: Trust, level: Level, may: Acting) -> None:
    """Alone needs corroboration there, and what needs corroboration needs people."""
    assert trust.at(level) == may


@pytest.mark.parametrize(
    ("sources", "level", "confirmed", "may", "why"),
    [
        (("am",), "SEV2", False, True, "am may act alone up to SEV2"),
        (("am",), "SEV1", False, False, "only am so far, which may not act alone beyond SEV2: waiting for corroboration"),
        (("am",), "SEV1", True, True, "what am said is confirmed"),
        (("graf",), "SEV1", False, True, "graf may act alone"),
        (("report",), "SEV4", False, False, "only a person's report so far: waiting for corroboration"),
        (("report",), "SEV1", True, True, "what a person said is confirmed"),
        (("report", "hub"), "SEV1", False, True, "report and hub say the same"),
        (("report", "graf"), "SEV1", False, True, "graf may act alone"),
        (("report", "am"), "SEV1", False, True, "report and am say the same"),
        (("hub",), "SEV3", False, False, "only hub so far, which may not act alone: waiting for corroboration"),
        (("own",), "SEV1", True, False, "own may not set anything off in an incident of SEV1: people decide"),
        (("lab",), "SEV4", True, False, "lab may not set anything off in an incident of SEV4: people decide"),
        (("lab", "report"), "SEV3", False, False, "only a person's report so far: waiting for corroboration"),
        (("lab", "own"), "SEV1", True, False, "lab and own may not set anything off in an incident of SEV1: people decide"),
        (("forged",), "SEV3", False, False, "only forged so far, which the kit does not know: waiting for corroboration"),
        (("report", "forged"), "SEV3", False, False, "only a person's report so far: waiting for corroboration"),
        (("forged", "made-up"), "SEV3", False, False,
         "only forged so far, which the kit does not know: waiting for corroboration"),
        (("forged",), "SEV3", True, True, "what forged said is confirmed"),
        ((), "SEV1", False, True, ""),
    ],
)  # fmt: skip
def test_who_may_set_something_off(
    sources: tuple[str, ...], level: Level, confirmed: bool, may: bool, why: str
) -> None:
    """One source that may act alone is enough; else it takes confirmation, or two that the kit knows."""
    said = say(sources, TRUST, level, confirmed=confirmed)
    assert (said.may, said.why) == (may, why)


def told(**values: object) -> tuple[Fact, ...]:
    return tuple(Fact(name, value, "trace", AT) for name, value in values.items())


BASE = {"unauthorised_tool_actions": ["send_email"], "detected_at": "2026-11-20T09:00:00Z"}


def test_what_is_not_trusted_yet_is_asked_for_and_says_why() -> None:
    """A report alone: every order asks people, with the reason first; what has a gate of its own keeps it."""
    held = assess(told(**BASE), POLICY, NOW, agent="support-bot", sources=("report",))
    free = assess(told(**BASE), POLICY, NOW, agent="support-bot", sources=("graf",))
    assert [one.id for one in held.orders] == [one.id for one in free.orders] != []
    assert held.waits == "only a person's report so far: waiting for corroboration"
    assert all(one.gate for one in held.orders)
    reversible = [one for one in held.orders if one.reversible]
    assert {one.gate for one in reversible} == {POLICY.ask}
    assert all(one.why[0] == f"asks first: {held.waits}" for one in reversible)
    assert [one.gate for one in held.orders if not one.reversible] == [
        one.gate for one in free.orders if not one.reversible
    ]
    assert not any(one.gate for one in free.orders if one.reversible)
    assert (free.waits, free.trust, held.trust, held.sources) == ("", "graf may act alone", "", ("report",))


@pytest.mark.parametrize(
    ("sources", "facts"),
    [(("report",), {"confirmed": True}), (("report", "hub"), {}), (("report", "graf"), {})],
    ids=["confirmed", "a second source", "one that acts alone"],
)
def test_once_corroborated_the_same_orders_run(sources: tuple[str, ...], facts: dict[str, object]) -> None:
    """Telemetry that confirms it, a person who looked, or a second source: the orders are as if it had been trusted."""
    judged = assess(told(**BASE, **facts), POLICY, NOW, agent="support-bot", sources=sources)
    assert judged.waits == ""
    assert judged.trust
    assert not any(one.gate for one in judged.orders if one.reversible)


def test_an_agents_own_word_corroborates_nothing() -> None:
    """What an agent says about itself is a claim; a fact that was taken back is none."""
    claim = (*told(**BASE), Fact("confirmed", True, "agent", AT, claim=True))
    denied = told(**BASE, confirmed=False)
    for facts in (claim, denied):
        assert assess(facts, POLICY, NOW, agent="support-bot", sources=("report",)).waits


@pytest.mark.parametrize("mode", ["observe", "suggest"])
def test_where_nothing_runs_anyway_nothing_waits(mode: str) -> None:
    """In observe and suggest the mode holds Halon back, and that is the reason that is told."""
    agent = replace(POLICY.agents["support-bot"], mode=mode)  # type: ignore[arg-type]
    policy = replace(POLICY, agents={**POLICY.agents, "support-bot": agent})
    judged = assess(told(**BASE), policy, NOW, agent="support-bot", sources=("report",))
    assert judged.waits == ""
    assert not any("asks first" in reason for one in judged.orders for reason in one.told)


def test_who_spoke_is_not_always_known() -> None:
    """A file that is assessed by hand, an incident of an earlier release: nothing is held back that was not before."""
    judged = assess(told(**BASE), POLICY, NOW, agent="support-bot")
    assert (judged.waits, judged.trust, judged.sources) == ("", "", ())
