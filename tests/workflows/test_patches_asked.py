"""A run that the door opens today asks for no patch that is older than its form, and for each that is younger."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest
from temporalio import workflow

from halon_workflows import patches
from halon_workflows.durable import Durable

YOUNGER = "some-patch-of-tomorrow"


def gone(monkeypatch: pytest.MonkeyPatch, *, form_3: bool, history: bool) -> tuple[list[str], list[str]]:
    """Which patches a run goes by, of the old ones and a younger one, and for which it asked its ``history``."""
    asked: list[str] = []

    def patched(name: str) -> bool:
        asked.append(name)
        return history

    monkeypatch.setattr(workflow, "patched", patched)
    run = cast(Any, SimpleNamespace(orders_lead=form_3))
    return [name for name in (patches.BESIDE, patches.ALREADY, YOUNGER) if Durable.goes(run, name)], asked


def test_promise_14_a_younger_patch_is_asked_for_in_every_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else the incidents that are open at the next release would take its new way in the middle of their old one."""
    old = [patches.BESIDE, patches.ALREADY]
    assert gone(monkeypatch, form_3=True, history=False) == (old, [YOUNGER])
    assert gone(monkeypatch, form_3=True, history=True) == ([*old, YOUNGER], [YOUNGER])
    assert gone(monkeypatch, form_3=False, history=False) == ([], [*old, YOUNGER])


def test_promise_14_what_form_3_was_begun_after_never_grows() -> None:
    """Histories of form 3 hold no marker of these two, and would have to hold one of any other."""
    assert {"sealed-beside", "already-so"} == patches.BEFORE_FORM_3
