"""A run that the door opens today asks for no patch that is older than its form, and for each that is younger."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest
from temporalio import workflow

from halon_workflows import patches
from halon_workflows.durable import Durable

YOUNGER = "some-patch-of-tomorrow"


def gone(monkeypatch: pytest.MonkeyPatch, *, form: int, history: bool) -> tuple[list[str], list[str]]:
    """Which patches a run goes by, of the old ones and a younger one, and for which it asked its ``history``."""
    asked: list[str] = []

    def patched(name: str) -> bool:
        asked.append(name)
        return history

    monkeypatch.setattr(workflow, "patched", patched)
    run = cast(Any, SimpleNamespace(orders_lead=form >= 3, unmarked=form >= 4))
    return [
        name for name in (patches.BESIDE, patches.ALREADY, patches.OTHERS, YOUNGER) if Durable.goes(run, name)
    ], asked


def test_promise_14_a_younger_patch_is_asked_for_in_every_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else the incidents that are open at the next release would take its new way in the middle of their old one."""
    old = [patches.BESIDE, patches.ALREADY]
    later = [patches.OTHERS, YOUNGER]
    assert gone(monkeypatch, form=4, history=False) == ([*old, patches.OTHERS], [YOUNGER])
    assert gone(monkeypatch, form=3, history=False) == (old, later)
    assert gone(monkeypatch, form=3, history=True) == ([*old, *later], later)
    assert gone(monkeypatch, form=2, history=False) == ([], [*old, *later])


def test_promise_14_what_form_3_was_begun_after_never_grows() -> None:
    """Histories of form 3 hold no marker of these two, and would have to hold one of any other."""
    assert {"sealed-beside", "already-so"} == patches.BEFORE_FORM_3
    assert {
        "sealed-beside", "already-so", "observed-goes-on", "stronger-mode", "weaker-mode", "look-after-answers",
        "judge-on-alerts", "rerun-undecided", "said-again", "other-incidents", "follows-a-merge", "by-hand",
        "break-glass", "duties", "asked-again-unproved", "yes-kept", "circles-are-told", "looked-anew",
        "fact-verified-again",
    } == patches.BEFORE_FORM_4  # fmt: skip
