"""``halon clocks``: what the law wants at once stands there too; what ran out says so; the soonest comes first."""

from __future__ import annotations

import json
from typing import Any

import pytest

from halon.cli import listing
from halon.cli.regimes import told, where
from halon.kit import load, starter_path


def stage(name: str, due: str = "", **fields: Any) -> dict[str, Any]:
    return {"id": name, "due": due, "due_local": "", "decide_by": "", "provisional": False, "filed_at": "", "anchor": "",
            "not_before": "", "embargo": "", "told": None, **fields}  # fmt: skip


def duty(*stages: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"id": "eu-gdpr-34", "key": "eu-gdpr-34", "authority": "the people concerned", "decider": "privacy_officer",
            "status": "applies", "decided": None, "needs": [], "missed": [], "hold": None, "since": "2026-11-22T10:00:00Z",
            "open": [one["id"] for one in stages], "stages": list(stages), **fields}  # fmt: skip


def test_a_stage_without_a_figure_is_owed_at_once_since_awareness() -> None:
    """No due time is made up for it, and it is not left out."""
    owed = duty(stage("individuals"))
    clock = {"due": None, **listing._clock(owed, owed["stages"][0])}
    assert (clock["since"], clock["missed"]) == ("2026-11-22T10:00:00Z", False)
    assert listing._when(clock).startswith("at once, since ")


def test_one_that_comes_after_another_or_after_an_event_says_so() -> None:
    """It is not owed yet."""
    owed = duty(stage("first", "2026-11-25T10:00:00Z"), stage("then"), open=["first"])
    assert listing._when({"due": None, **listing._clock(owed, owed["stages"][1])}) == "after first"
    waits = duty(stage("final", anchor="measure_available_at"))
    assert listing._when({"due": None, **listing._clock(waits, waits["stages"][0])}) == "after measure_available_at"


def test_the_soonest_comes_first_and_what_is_owed_at_once_before_what_is_due_later() -> None:
    """By since when it is owed; what has neither stands last."""
    clocks: list[dict[str, Any]] = [{"due": None, "what": "restricted"}, {"due": "2026-11-25T10:00:00Z", "what": "later"},
              {"due": None, "since": "2026-11-22T10:00:00Z", "what": "at once"}]  # fmt: skip
    assert [one["what"] for one in sorted(clocks, key=listing._soonest)] == ["at once", "later", "restricted"]


def test_what_ran_out_without_being_missed_says_so() -> None:
    """It does not look like a clock that still runs."""
    owed = duty(stage("notification", "2020-01-01T10:00:00Z"), status="undetermined", needs=["aware_at"])
    assert "ran out" in listing._state(owed, owed["stages"][0])
    missed = duty(stage("notification", "2020-01-01T10:00:00Z"), missed=["eu-gdpr-34/notification"])
    assert listing._state(missed, missed["stages"][0]) == "MISSED"


def test_regimes_say_where_they_count_and_who_is_told() -> None:
    """``halon regimes`` shows what is in force where."""
    kit = load(starter_path(), {})
    rows = {one.id: told(one, kit, "2026-11-22") for one in kit.policy.regimes}
    assert rows["eu-gdpr-33"]["where"] == "EU"
    assert rows["eu-gdpr-33"]["authority"] == "the supervisory authority of Acme Europe GmbH"
    assert rows["contract-dpa"]["where"] == ""
    assert where(type("Rule", (), {"id": "us-tx"})()) == "US-TX"
    assert where(type("Rule", (), {"id": "us-sec-8k"})()) == "US"


def test_for_machines_it_says_beside_the_list_that_it_is_no_advice(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The list stays what scripts read; who looks at it reads the sentence."""
    monkeypatch.setattr("halon.cli.reaching.with_client", lambda work: [{"due": None, "what": "one"}])
    listing.clocks(as_json=True)
    said = capsys.readouterr()
    assert json.loads(said.out) == [{"due": None, "what": "one"}]
    assert said.err.strip() == "Not legal advice; a named person decides."


def test_what_ran_out_before_a_decision_says_which() -> None:
    """It is no miss, and what would settle it is named."""
    owed = duty(stage("initial", "2020-01-01T10:00:00Z", awaits="classified_major_at"), status="undetermined")
    assert "ran out, counts once classified_major_at is said" in listing._state(owed, owed["stages"][0])
