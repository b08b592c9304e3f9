"""The ways in which harm goes on: each from a fact and what the agent works with, and what closes them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from halon.judgement.surface import Held, Surface
from halon.judgement.vocabulary import VOCABULARY
from halon.judgement.ways import Way, closes, named_by, ways

MAIL, BILLING = (
    Held("credential", "mail-key", ("send_email",)),
    Held("credential", "billing-key", ("refund",), ("billing-bot",)),
)
BARE = Surface()
BOT = Surface(
    {"send_email": "external", "refund": "money", "lookup": "read", "deploy": "code"},
    (MAIL, BILLING),
    (Held("output", "mail", ("send_email",)), Held("output", "chat")),
    (Held("source", "wiki"), Held("source", "tickets", agents=("triage-bot",))),
    (Held("memory", "notes"),),
)
USED = {"unauthorised_tool_actions": ["send_email"]}
NAMED = named_by(["tool:send_email", "tool:refund", "agent:", "credential:*"])


def found(facts: dict[str, Any], surface: Surface = BOT, named: dict[str, tuple[str, ...]] | None = None) -> list[str]:
    """The ways, a question mark behind those that are only perhaps there."""
    return [f"{way}{'?' if way.perhaps else ''}" for way in ways(facts, surface, named or {})]


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({}, []),
        ({"confirmed": False, **USED, "credential_exposed": True}, []),
        (USED, ["tool:send_email", "credential:mail-key?", "source:wiki?", "source:tickets?", "spread:triage-bot?"]),
        ({**USED, "credential_exposed": False, "untrusted_instruction": False}, ["tool:send_email"]),
        ({"unauthorised_tool_actions": ["refund"], "untrusted_instruction": False},
         ["tool:refund", "credential:billing-key?", "spread:billing-bot?"]),
        ({"unauthorised_tool_actions": ["lookup"], "untrusted_instruction": False}, ["tool:lookup"]),
        ({"unauthorised_tool_actions": ["shell"], "untrusted_instruction": False},
         ["tool:shell", "credential:mail-key?", "credential:billing-key?", "spread:billing-bot?"]),
        ({"credential_exposed": True}, ["credential:mail-key", "credential:billing-key", "spread:billing-bot"]),
        ({"credential_exposed": True, "exposed_credentials": ["mail-key"]}, ["credential:mail-key"]),
        ({"exposed_credentials": ["mail-key"]}, ["credential:mail-key"]),
        ({"funds_moved": True}, ["tool:refund"]),
        ({"funds_moved": True, "unauthorised_tool_actions": ["lookup"], "untrusted_instruction": False,
          "credential_exposed": False}, ["tool:lookup", "tool:refund?"]),
        ({"funds_moved": True, "unauthorised_tool_actions": ["lookup", "refund"], "untrusted_instruction": False,
          "credential_exposed": False}, ["tool:lookup", "tool:refund"]),
        ({"alert_group": "runaway_spend"}, ["spend:tokens?"]),
        ({"alert_group": "runaway_spend", "spend_times_budget": 0.5}, []),
        ({"alert_group": "runaway_spend", "spend_times_budget": 3}, ["spend:tokens"]),
        ({"alert_group": "runaway_spend", "confirmed": False}, []),
        ({"alert_group": "data_leak"}, []),
        ({"production_changed": True}, ["tool:deploy"]),
        ({"production_changed": True, "unauthorised_tool_actions": []}, ["tool:deploy"]),
        ({"external_recipient": True}, ["output:mail?", "output:chat?"]),
        ({"external_recipient": True, **USED, "credential_exposed": False, "untrusted_instruction": False},
         ["tool:send_email", "output:mail"]),
        ({"external_recipient": True, "output_channels": ["chat"]}, ["output:chat"]),
        ({"harmful_content": True}, ["output:mail?", "output:chat?"]),
        ({"personal_data_involved": True}, ["output:mail?", "output:chat?"]),
        ({"personal_data_involved": True, "external_recipient": False}, []),
        ({"acquired_vs_accessed": "disclosed"}, ["output:mail?", "output:chat?"]),
        ({"untrusted_instruction": True, "untrusted_sources": ["wiki"], "credential_exposed": False},
         ["source:wiki", "memory:notes?"]),
        ({"untrusted_instruction": True, "credential_exposed": False},
         ["source:wiki?", "source:tickets?", "memory:notes?", "spread:triage-bot?"]),
        ({"untrusted_instruction": True, "untrusted_sources": ["wiki"]},
         ["credential:mail-key?", "credential:billing-key?", "source:wiki", "memory:notes?", "spread:billing-bot?"]),
        ({"spend_times_budget": 40}, ["spend:tokens"]),
        ({"spend_times_budget": {"low": 0, "high": 3}}, ["spend:tokens?"]),
        ({"spend_times_budget": 1}, []),
        ({"spend_eur": 900}, ["spend:tokens?"]),
        ({"affected_agents": 2}, ["spread:billing-bot?", "spread:triage-bot?"]),
        ({"affected_agents": 1}, []),
        ({"supply_chain": True}, ["spread:*"]),
    ],
)  # fmt: skip
def test_each_fact_opens_its_ways(facts: dict[str, Any], expected: list[str]) -> None:
    """By name where somebody said it or there is but one; perhaps where it is one of several, or not settled."""
    assert found(facts) == expected


@pytest.mark.parametrize(
    ("facts", "named", "expected"),
    [
        ({}, NAMED, ["tool:send_email?", "tool:refund?"]),
        ({"credential_exposed": True}, NAMED, ["tool:send_email?", "tool:refund?", "credential:*"]),
        ({"credential_exposed": True, "unauthorised_tool_actions": []}, {"credential": ("key",)}, ["credential:key"]),
        (USED, {"credential": ("key",)}, ["tool:send_email", "credential:key?"]),
        (
            {"external_recipient": True, "unauthorised_tool_actions": []},
            {"output": ("mail",)},
            ["output:*", "output:mail?"],
        ),
        ({"external_recipient": True, **USED}, {}, ["tool:send_email"]),
        ({"untrusted_instruction": True}, {}, ["source:*"]),
    ],
)
def test_an_agent_that_lists_nothing_has_the_names_of_the_kits_actions(
    facts: dict[str, Any], named: dict[str, tuple[str, ...]], expected: list[str]
) -> None:
    """A kit without an inventory works: what its actions cover is perhaps the way, and one without a name surely is."""
    assert found(facts, BARE, named) == expected


def test_what_is_perhaps_there_names_the_fact_that_settles_it() -> None:
    """So that somebody is asked, by a question that exists."""
    for facts in ({}, USED, {"external_recipient": True}, {"untrusted_instruction": True}, {"spend_eur": 5}):
        for way in ways(facts, BOT, NAMED):
            assert way.needs or not way.perhaps
            assert set(way.needs) <= VOCABULARY.keys()
            assert all(VOCABULARY[need].question for need in way.needs)


def test_stopping_the_agent_closes_what_runs_through_it_and_no_more() -> None:
    """A credential in other hands and another agent that shares it go on without the agent."""
    facts = {**USED, "credential_exposed": True, "untrusted_instruction": True, "spend_times_budget": 9}
    still_open = [str(way) for way in ways(facts, BOT, {}) if not closes(["agent:"], way)]
    assert still_open == ["credential:mail-key", "credential:billing-key", "spread:billing-bot", "spread:triage-bot"]


@pytest.mark.parametrize(
    ("cover", "way", "expected"),
    [
        ("tool:a", Way("tool", "a", ""), True),
        ("tool:a", Way("tool", "ab", ""), False),
        ("tool:*", Way("tool", "a", ""), True),
        ("tool:*", Way("tool", "*", ""), True),
        ("tool:a", Way("tool", "*", ""), False),
        ("tool:*", Way("output", "a", ""), False),
        ("agent:", Way("tool", "*", ""), True),
        ("agent:", Way("credential", "a", "", outside=True), False),
        ("credential:a", Way("credential", "a", "", outside=True), True),
    ],
)
def test_what_closes_a_way(cover: str, way: Way, expected: bool) -> None:
    """By its name, by all of its kind, or with the agent; a way without a name is closed by no name."""
    assert closes((cover,), way) is expected


WILD = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)
READ = [
    "confirmed", "unauthorised_tool_actions", "credential_exposed", "exposed_credentials", "external_recipient",
    "output_channels", "untrusted_instruction", "untrusted_sources", "funds_moved", "production_changed",
    "spend_times_budget", "spend_eur", "affected_agents", "supply_chain", "acquired_vs_accessed",
]  # fmt: skip


@given(st.dictionaries(st.sampled_from(READ), WILD, max_size=6))
@settings(max_examples=200, deadline=None)
def test_no_value_of_a_fact_breaks_it(facts: dict[str, Any]) -> None:
    """Whatever a fact holds, the answer is a tuple of ways, none twice, each in words on one line."""
    told = ways(facts, BOT, NAMED)
    assert len({way.key for way in told}) == len(told)
    assert all(str(way).isprintable() and len(str(way)) < 120 for way in told)


@given(st.lists(st.sampled_from(["send_email", "refund", "lookup", "shell"]), unique=True), st.randoms())
@settings(max_examples=60, deadline=None)
def test_more_tools_never_open_fewer_ways(used: list[str], random: Any) -> None:
    """One more tool that was misused leaves every way open that was open, and order changes nothing."""
    facts = {"unauthorised_tool_actions": used, "credential_exposed": None, "external_recipient": False}
    few = set(found({**facts, "unauthorised_tool_actions": used[:-1]})) if len(used) > 1 else set()
    assert few <= set(found(facts))
    mixed = list(used)
    random.shuffle(mixed)
    assert set(found({**facts, "unauthorised_tool_actions": mixed})) == set(found(facts))
