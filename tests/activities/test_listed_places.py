"""A list of affected people that names a place which is none does not count: who lives nowhere is told by no law of a place."""

from __future__ import annotations

from pathlib import Path

import pytest

from halon.cli import entry
from halon.judgement.communication.people import Affected, once, written
from halon.ports.triage import Claimed
from halon_activities import affected_list
from halon_activities.hands import Hands
from halon_activities.sealed import seal

INCIDENT = "incident-support-bot.listed-places:01a20000-0000-7000-8000-000000000001"
NOW = "2026-11-23T09:00:00.000Z"


@pytest.mark.parametrize(
    ("place", "refusal", "says"),
    [("UK", "UnknownEvidence", "did you mean GB?"), ("TX", "UnknownEvidence", "did you mean US-TX?"), ("GB", "", ""), ("", "", "")],
)  # fmt: skip
async def test_a_sealed_list_with_a_place_that_is_none_is_refused(
    hands: Hands, place: str, refusal: str, says: str
) -> None:
    """Also where not everybody's place is known, so that nobody is counted by place."""
    people = once((Affected("a@example.com", place), Affected("b@example.com")))
    done = await seal(
        hands.evidence, INCIDENT, "affected-people.csv", written(people), "text/csv", NOW, "the people affected",
        hands.kit.evidence.label("other"),
    )  # fmt: skip
    claimed = Claimed(INCIDENT, "affected", "pat", {"evidence": done.sha256, "count": 2, "reason": "r"})
    found, why = await affected_list.objection(hands, claimed)
    assert found == refusal
    assert says in why


def test_the_command_says_so_before_anything_is_sealed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With the file and the place that is meant."""
    page = tmp_path / "people.csv"
    page.write_text("person,place\na@example.com,DE\nb@example.com,UK\n", "utf-8")
    who = ("--by", "pat", "--reason", "from the mail log")
    assert entry.run(["affected", "INC-7F3A", "--csv", str(page), *who]) == 1
    assert "there is no place 'UK'; did you mean GB?" in " ".join(capsys.readouterr().err.split())
    assert entry.run(["affected", "INC-7F3A", "--export", str(tmp_path / "out.csv"), "--place", "uk", *who]) == 2
    assert "did you mean GB?" in " ".join(capsys.readouterr().err.split())
