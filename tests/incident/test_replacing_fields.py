"""Fields of a state are replaced as the library replaces them, only sooner."""

from __future__ import annotations

import dataclasses

import pytest

from halon.incident.chain import Chain
from halon.incident.replacing import replace
from halon.incident.state import State


@dataclasses.dataclass(frozen=True)
class Loose:
    """Without slots."""

    a: int = 0
    b: int = 0


@dataclasses.dataclass(frozen=True, slots=True)
class Careful:
    """Looks at what it is made of."""

    a: int = 0
    b: int = 0

    def __post_init__(self) -> None:
        assert self.a <= self.b


STATE = State(
    incident_id="incident-a.b:r", workflow_id="incident-a.b", reference="INC-1", agent="a", group="b",
    opened_at="2026-11-23T00:00:00.000Z", chain=Chain("incident-a.b:r"),
)  # fmt: skip


def test_the_result_is_that_of_the_library() -> None:
    """All other fields are the very same objects, and what there was is as it was."""
    got = replace(STATE, commander="ann", tail=())
    assert got == dataclasses.replace(STATE, commander="ann", tail=())
    assert type(got) is State
    assert STATE.commander == ""
    for field in dataclasses.fields(State):
        if field.name != "commander":
            assert getattr(got, field.name) is getattr(STATE, field.name)
    with pytest.raises(dataclasses.FrozenInstanceError):
        got.commander = "sue"  # type: ignore[misc]


def test_a_field_that_is_none_is_refused() -> None:
    """A typo must not vanish."""
    with pytest.raises(TypeError, match="State has no field comander"):
        replace(STATE, comander="ann")


@pytest.mark.parametrize("one", [Loose(), Careful(), 1])
def test_a_class_that_is_more_than_its_fields_is_refused(one: object) -> None:
    """What its own ``__init__`` would do must not be left out."""
    with pytest.raises(TypeError, match=r"use dataclasses\.replace"):
        replace(one, a=1)
