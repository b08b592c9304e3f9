"""What a look answers fits into an answer; what does not is refused by a type, and nothing is wedged."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from temporalio.exceptions import ApplicationError

from halon.incident.chain import Chain
from halon.incident.commands import LOOKS
from halon.incident.facts import PERSON, Fact
from halon.incident.state import State
from halon_workflows import shown

NOW = "2026-11-22T09:00:00.000Z"


def state(**fields: Any) -> State:
    return State("incident-a.b:run-1", "incident-a.b", "INC-1", "a", "b", NOW, chain=Chain("x"), **fields)


@pytest.mark.parametrize("what", LOOKS)
def test_every_part_that_a_look_names_is_shown(what: str) -> None:
    """As JSON; ``log`` is what ``halon watch`` prints, and nothing more."""
    found = shown.seen(state(), what, NOW)
    assert json.dumps(found) == json.dumps(shown.view(state(), what, NOW))
    if what == "log":
        assert set(found) == {"status", "timeline"}


def test_more_than_an_answer_holds_is_refused_with_the_parts_to_ask_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Past two million bytes Temporal would fail the task again and again; a part of it is still shown."""
    fact = Fact("summary", "x" * 9_000, PERSON, NOW, by="ann")
    full = replace(state(), facts=tuple(replace(fact, entity=str(number)) for number in range(200)))
    size = len(json.dumps(shown.view(full, "report", NOW)))
    monkeypatch.setattr(shown, "LARGEST", size - 1)
    with pytest.raises(ApplicationError) as caught:
        shown.seen(full, "everything", NOW)
    assert (caught.value.type, caught.value.non_retryable) == ("TooMuchToShow", True)
    assert "--what status" in str(caught.value)
    assert shown.seen(full, "timeline", NOW) == []


def test_the_bound_leaves_room_below_what_temporal_takes() -> None:
    """Two million bytes a payload is where Temporal ends; the codec and the envelope take some of that."""
    assert shown.LARGEST <= 0.75 * 2 * 1024 * 1024
