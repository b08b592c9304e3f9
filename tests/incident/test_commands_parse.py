"""Commands: one JSON object, checked field by field; a mistake is answered with the known names."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from halon.incident.admission import _HANDLERS
from halon.incident.commands import COMMANDS, LARGEST_VALUE, LONGEST_NAME, LONGEST_TEXT, Spec, parse
from halon.incident.errors import Malformed, UnknownCommand
from halon.incident.views import commands

JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=6), inner, max_size=3)),
    max_leaves=6,
)


@pytest.mark.parametrize("spec", COMMANDS.values(), ids=lambda spec: spec.name)
def test_the_example_of_every_command_is_a_command(spec: Spec) -> None:
    """What the UI shows to paste is taken as it is, and holds exactly the fields that must be there."""
    shown = json.loads(spec.example())
    said = parse(spec.name, shown)
    assert (said.name, said.by) == (spec.name, "ann")
    assert set(shown) == {field.name for field in spec.fields if field.required or field.asked}
    assert said.parameters == {name: value for name, value in shown.items() if name != "by"}


def test_every_command_is_carried_out_and_shown() -> None:
    """No command is known that nothing handles, and the query names them all."""
    assert set(_HANDLERS) == set(COMMANDS) == {one["name"] for one in commands()}


@pytest.mark.parametrize(
    ("name", "given", "told"),
    [
        ("aprove", {}, "did you mean 'approve'?"),
        ("zzz", {}, "Known: ack, assign"),
        ("ack", None, "not nothing: by (your name"),
        ("ack", ["ann"], "not a list"),
        ("ack", "ann", "not text"),
        ("ack", 7, "not a number"),
        ("ack", True, "not true or false"),
        ("ack", {}, "field 'by' is missing (your name"),
        ("ack", {"by": "ann", "gat": "x"}, "unknown field 'gat'"),
        ("approve", {"by": "ann", "gats": "x"}, "did you mean 'gate'?"),
        ("ack", {"by": 3}, "field 'by' must be text, not a number"),
        ("ack", {"by": None}, "field 'by' must be text, not nothing"),
        ("ack", {"by": "   "}, "must have 1 to 120 characters"),
        ("ack", {"by": "x" * (LONGEST_NAME + 1)}, "must have 1 to 120 characters"),
        ("note", {"by": "ann", "text": "x" * (LONGEST_TEXT + 1)}, "must have 1 to 4000 characters"),
        ("severity", {"by": "ann", "level": "SEV5", "reason": "r"}, "'SEV5' is none of them: did you mean 'SEV"),
        ("assign", {"by": "ann", "role": "boss", "to": "tom"}, "Known: commander, technical_lead."),
        ("filed", {"by": "ann", "obligation": "o", "reference": "r", "at": "today"}, "write ISO 8601"),
        ("filed", {"by": "ann", "obligation": "o", "reference": "r", "at": "0001-01-01T00:00:00+14:00"}, "is no time"),
        ("override", {"by": "ann", "what": "proof", "reason": "r"}, "Known: evidence, notice."),
        ("fact", {"by": "ann", "name": "n", "value": "x" * LARGEST_VALUE}, "larger than 8000 bytes"),
        ("fact", {"by": "ann", "name": "n"}, "field 'value' is missing"),
        ("reject", {"by": "ann", "gate": "g"}, "field 'reason' is missing"),
    ],
)
def test_a_malformed_command_is_told_what_is_wrong(name: str, given: Any, told: str) -> None:
    """The message names the field, what is expected there, and the nearest known name."""
    with pytest.raises(Malformed) as caught:
        parse(name, given)
    assert told in str(caught.value)
    assert isinstance(caught.value, UnknownCommand) == (name not in COMMANDS)


def test_text_is_stripped_and_what_is_left_out_is_empty() -> None:
    """White space around a name doesn't make it another one."""
    said = parse("approve", {"by": " ann ", "gate": "g\n"}, "u-1")
    assert (said.by, said["gate"], said["reason"], said.update_id) == ("ann", "g", "", "u-1")


@pytest.mark.parametrize("value", [None, False, 0, {"low": 3}, ["a"], "x"])
def test_a_fact_takes_any_value_also_none(value: Any) -> None:
    """null means: not known yet; it is not the same as leaving the value out."""
    assert parse("fact", {"by": "ann", "name": "n", "value": value}).parameters["value"] == value


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(sorted(COMMANDS)),
    st.one_of(JSON, st.dictionaries(st.sampled_from(["by", "gate", "at", "x"]), JSON)),
)
def test_no_json_does_anything_but_parse_or_be_malformed(name: str, given: Any) -> None:
    """Whatever arrives, it is a command or Malformed: nothing else can come out of the validator."""
    try:
        told = parse(name, given).name
    except Malformed as refusal:
        told = str(refusal)
    assert told == name or told.startswith((f"{name}: ", f"{name} takes one JSON object"))


def test_a_huge_wrong_name_is_answered_briefly() -> None:
    """A misspelt field of a megabyte is neither compared in full nor sent back."""
    with pytest.raises(Malformed) as caught:
        parse("ack", {"b" * 1_000_000: 1})
    assert len(str(caught.value)) < 500
