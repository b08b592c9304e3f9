"""Names: what an alert is correlated by, which workflow that is, what people say on the phone."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from halon.incident import ids


@pytest.mark.parametrize("text", ["support-bot", "a", "tool_misuse", "0", "a" * 60])
def test_a_plain_name_is_its_own_slug(text: str) -> None:
    """Nothing is altered that need not be, so that people recognise their agents in a list."""
    assert ids.slug(text) == text


@pytest.mark.parametrize("text", ["Support-Bot", "a b", "", "ü", "-a", "a" * 61, "a.b", "a~2", "a/b", "\ud800"])
def test_an_altered_name_is_safe_and_marked(text: str) -> None:
    """Capitals, spaces, dots, tildes, over-long and even broken text become a name that any system takes."""
    assert re.fullmatch(r"[a-z0-9_-]{0,47}-[0-9a-f]{12}", ids.slug(text))


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=80), st.text(max_size=80))
def test_two_names_never_share_a_slug(one: str, other: str) -> None:
    """Two agents never fall into one incident because their names look alike."""
    assert (ids.slug(one) == ids.slug(other)) == (one == other)


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=80))
def test_a_name_that_looks_like_a_slug_is_not_taken_for_one(text: str) -> None:
    """Nobody can name an agent after the slug of another one and so join its incidents."""
    found = ids.slug(text)
    assert found == text or ids.slug(found) != found


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=20), st.text(max_size=20), st.text(max_size=20), st.text(max_size=20))
def test_agent_and_group_never_run_into_each_other(agent: str, group: str, other: str, another: str) -> None:
    """Of the correlation key, both halves can be told apart."""
    assert (ids.correlation_key(agent, group) == ids.correlation_key(other, another)) == (
        (agent, group) == (other, another)
    )


@pytest.mark.parametrize(
    ("current", "following"),
    [("incident-a.b", "incident-a.b~2"), ("incident-a.b~2", "incident-a.b~3"), ("incident-a.b~99", "incident-a.b~100"),
     ("incident-a.b~", "incident-a.b~~2"), ("incident-a.b~²", "incident-a.b~²~2"), ("incident-a~x.b", "incident-a~x.b~2")],
)  # fmt: skip
def test_successors_are_numbered(current: str, following: str) -> None:
    """Each incident of a key has the next number; a name by hand that is no number does not break it."""
    assert ids.successor_id(current) == following


def test_workflow_ids_and_successors_agree() -> None:
    """The third incident of a key is the successor of the second."""
    key = ids.correlation_key("support-bot", "leak")
    assert ids.workflow_id(key) == "incident-support-bot.leak"
    assert ids.successor_id(ids.workflow_id(key, 2)) == ids.workflow_id(key, 3)


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=40).filter(lambda text: text.isprintable()))
def test_a_reference_can_be_said_on_the_phone(incident: str) -> None:
    """Four characters without I, L, O and U, the same for the same incident."""
    assert re.fullmatch(r"INC-[0-9A-HJKMNP-TV-Z]{4}", ids.reference(incident))
    assert ids.reference(incident) == ids.reference(incident)


def test_the_incident_id_holds_the_first_run() -> None:
    """Two incidents under one workflow id are two incidents."""
    assert ids.incident_id("incident-a.b", "run-1") == "incident-a.b:run-1"
    assert ids.reference("incident-a.b:run-1") != ids.reference("incident-a.b:run-2")
