"""The fix is proved or it is not; a corrective action is only what somebody said of it, and what came after."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from halon.incident.remedies import Corrective, MinimalCase, Rerun, case_in_words, case_told, standing, yes_no

ONE = Corrective("c1", "Isolate", "tom", "2026-12-01T00:00:00.000Z", "ann", "2026-11-22T10:00:00.000Z")
AT = "2026-11-22T11:00:00.000Z"


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({}, "open"),
        ({"status": "waived"}, "waived"),
        ({"status": "done", "done_by": "tom"}, "said done by tom; not rerun yet"),
        ({"status": "proved", "done_by": "tom", "after": "passed", "after_at": AT}, f"said done by tom; rerun passed at {AT}"),
        ({"status": "failed", "done_by": "tom", "after": "failed", "after_at": AT}, f"said done by tom; rerun failed at {AT}"),
        ({"status": "done", "done_by": "tom", "after": "undecided", "after_at": AT}, f"said done by tom; a rerun could not decide at {AT}"),
        ({"status": "proved"}, "said done; a rerun passed since"),
        ({"status": "failed"}, "said done; not proved since"),
    ],
)  # fmt: skip
def test_a_corrective_action_is_told_as_what_was_said_and_what_came_after(fields: dict[str, Any], told: str) -> None:
    """Never as proved: a rerun proves the fix, not each part of it. States of before this was kept have words too."""
    assert standing(replace(ONE, **fields)) == told


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({}, "Minimal case: found in the traces, and not replayed."),
        ({"reproduced": False}, "Minimal case: replayed, and it did not happen again."),
        ({"reproduced": True}, "Minimal case: replayed, and it happens again."),
        ({"reproduced": True, "reproduced_without_culprit": True}, "Minimal case: replayed, and it happens again; without which part it would not is not known."),
        ({"reproduced": True, "culprit": "kb-17", "reproduced_without_culprit": False}, "Minimal case: it happens again with kb-17, and does not happen without it."),
    ],
)  # fmt: skip
def test_the_minimal_case_is_told_as_it_was_tried(fields: dict[str, Any], told: str) -> None:
    """What nobody tried is not told as if it had been."""
    assert case_told(MinimalCase("m", **fields)) == told
    assert [yes_no(one) for one in (None, True, False)] == ["not tried", "yes", "no"]


def test_a_rerun_that_shows_nothing_neither_proves_nor_disproves() -> None:
    """Green evals around a case that never reproduced, or was not tried; a red eval is a failure all the same."""
    empty = Rerun(AT, False, False, 5, 0, case="never reproduced")
    assert (empty.undecided, case_in_words(empty)) == (True, "never reproduced")
    assert not replace(empty, evals_failed=1).undecided
    assert not replace(empty, case="still reproduces").undecided
    assert case_in_words(Rerun(AT, False, False, 5, 0)) == "still reproduces, or was not tried"
    assert case_in_words(Rerun(AT, True, True, 5, 0)) == "no longer reproduces"


def test_an_undecided_corrective_action_may_be_said_again(room: Any) -> None:
    """So that the rerun is tried once more; what was waived or passed may not."""
    state = room.assessed(correctives=(replace(ONE, status="done", done_by="tom", after="undecided", after_at=AT),))
    said = room.say(state, "corrective", "tom", id="c1", text="the replay door is there now")
    one = said.state.correctives[0]
    assert (said.refusal, one.status, one.after, one.done_by) == ("", "done", "", "tom")
    again = room.say(said.state, "corrective", "tom", id="c1", text="again")
    assert again.refusal == "AlreadyDone"
