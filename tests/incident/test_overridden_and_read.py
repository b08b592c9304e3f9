"""What is set aside and what is read by name: both stand in the record with who, what and why."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from halon.incident.state import Sealed

SEALED = Sealed("e", "evidence/x", "0" * 64, 1, "halon", "t")


def test_override_is_by_name(room: Any) -> None:
    """The record says who let it run without sealed evidence."""
    done = room.say(room.assessed(), "override", what="evidence", reason="it burns")
    assert done.state.evidence_overridden_by == "ann"
    assert done.text.endswith("without sealed evidence: it burns")


def test_a_reading_of_evidence_stands_in_the_record(room: Any) -> None:
    """Who, what, why, and the hash of what was read; an artefact that the state does not name stands there by its id."""
    state = room.assessed(evidence=(replace(SEALED, id="ev-1", what="traces"),))
    done = room.say(state, "evidence", artefact="ev-1", reason="a question")
    line = done.state.chain.pending[-1]
    assert (line.kind, line.text) == ("evidence-read", "ann (name unverified) reads evidence ev-1 (traces): a question")
    assert line.data["evidence"] == [{"path": "evidence/x", "sha256": "0" * 64}]
    other = room.say(state, "evidence", artefact="ev-2", reason="r").state.chain.pending[-1]
    assert (other.data["artefact"], other.data["evidence"]) == ("ev-2", [])
