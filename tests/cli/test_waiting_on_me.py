"""``halon incidents --waiting-on me``: what one person is asked, also for whoever they stand in for, with the command."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from halon.cli import asking, finding, reaching, waiting
from halon.cli.entry import run
from halon.cli.finding import Row
from halon.cli.problems import NoWorker, Usage
from halon.cli.waiting import Me, asked_of, who_am_i
from halon.kit import load, starter_path

GATE = {
    "of": ["security_lead"],
    "what": "Revoke the token",
    "gate": "revoke-1a2b3c4d",
    "until": "2030-01-01T10:00:00.000Z",
    "not": ["lee"],
}
STATUS: dict[str, Any] = {
    "asked": [
        {"of": ["privacy_officer"], "what": "does eu-gdpr-33 apply?", "obligation": "eu-gdpr-33", "until": "2030-01-01T09:00:00.000Z"},
        GATE,
        {"of": ["tom"], "what": "Isolate", "corrective": "c1", "until": "2030-01-05T09:00:00.000Z"},
        {"of": ["sue"], "what": "take over as commander from ann: `ack`", "handover": "ann", "until": "2030-01-01T08:00:00.000Z"},
        {"of": ["tom"], "what": "Disable it can't be read back", "command": "halon note INC-7F3A --done-outside x", "until": None},
    ],
    "tasks": [{"id": "triage/real", "words": "Is it so?", "owner": "technical_lead (tom)", "of": ["tom"], "status": "open", "due": ""},
              {"id": "triage/old", "words": "Done", "owner": "tom", "of": ["tom"], "status": "done", "due": ""}],
    "paging": {"of": ["ann", "tom"], "next": "2030-01-01T07:00:00.000Z"},
}  # fmt: skip
ROW = Row(
    "INC-7F3A",
    "incident-a.b",
    True,
    "running",
    "support-bot",
    "SEV1",
    "contain",
    ("security_lead",),
    "ann",
    "",
    (),
    False,
    "",
    "",
)


def asks(me: Me) -> list[tuple[str, str, Any]]:
    return [(one["command"], one["as"], one["may"]) for one in asked_of(me, "INC-7F3A", STATUS)]


def test_each_person_sees_what_they_may_answer_the_soonest_first() -> None:
    """By name and by role, each with the exact command; whoever proposed or has answered is not asked again."""
    assert asks(Me("sue", ("security_lead",))) == [
        ("halon ack INC-7F3A", "sue", True),
        ("halon approve INC-7F3A revoke-1a2b3c4d   (or: halon reject)", "security_lead", True),
    ]
    assert asks(Me("lee", ("leadership", "security_lead"))) == []
    assert asks(Me("pat", ("privacy_officer",))) == [
        ("halon declare INC-7F3A eu-gdpr-33 --reason WHY   (or: halon decline)", "privacy_officer", True)
    ]
    assert [one[0] for one in asks(Me("tom", ("technical_lead",)))] == [
        "halon ack INC-7F3A", "halon corrective done INC-7F3A c1", "halon note INC-7F3A --done-outside x",
        "halon task INC-7F3A done triage/real",
    ]  # fmt: skip


def test_a_stand_in_sees_what_is_asked_of_whoever_is_away() -> None:
    """Marked as such; where the role is needed that they lack, it is said that they can't answer."""
    (gate,) = asks(Me("kim", ("technical_lead",), {"sam": ("security_lead",)}))
    assert gate == (
        "halon approve INC-7F3A revoke-1a2b3c4d   (or: halon reject)",
        "security_lead, for sam, who is away",
        False,
    )
    own = asks(Me("kim", ("security_lead",), {"sam": ("security_lead",)}))
    assert own[0][1:] == ("security_lead", True)
    assert asks(Me("kim", (), {"lee": ("security_lead",)})) == []
    mine = asks(Me("kim", (), {"sue": ("security_lead",)}))
    assert mine[0] == ("halon ack INC-7F3A", "sue, for sue, who is away", True)


@pytest.fixture
def kit(tmp_path: Path) -> Path:
    folder = Path(shutil.copytree(starter_path(), tmp_path / "kit"))
    file = folder / "oncall.yaml"
    away = "away: [{from: 2026-01-01T00:00Z, to: 2036-01-01T00:00Z, instead: %s}]"
    text = file.read_text().replace(
        "roles: [security_lead], channels", f"{away % 'lee'}, roles: [security_lead], channels", 1
    )
    file.write_text(
        text.replace("roles: [leadership, security_lead]", f"{away % 'tom'}, roles: [leadership, security_lead]", 1)
    )
    return folder


def test_who_i_am_is_the_kits_word(kit: Path) -> None:
    """A name of the kit, told apart without regard to case; whoever stands in for a stand-in stands in for both."""
    me = who_am_i("Tom", load(kit, {}), "2026-11-22T10:00:00.000Z")
    assert (me.name, me.roles, set(me.instead_of)) == ("tom", ("technical_lead",), {"lee", "sue"})
    assert set(me.called) == {"tom", "technical_lead", "lee", "leadership", "security_lead", "sue"}
    assert who_am_i("tom", load(kit, {}), "2040-11-22T10:00:00.000Z").instead_of == {}
    with pytest.raises(Usage, match="did you mean 'sue'"):
        who_am_i("suee", load(kit, {}), "2026-11-22T10:00:00.000Z")
    with pytest.raises(Usage, match="say who you are"):
        who_am_i(None, load(kit, {}), "2026-11-22T10:00:00.000Z")


def test_it_is_listed_per_incident(
    kit: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """In words and as JSON; an incident that does not answer is listed by what its attributes say."""
    for name in [one for one in os.environ if one.startswith(("HALON_", "TEMPORAL_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HALON_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("HALON_KIT", str(kit))
    monkeypatch.setenv("HALON_USER", "tom")
    rows = [
        ROW,
        Row(
            **{name: getattr(ROW, name) for name in ROW.__slots__} | {"reference": "INC-0002", "workflow_id": "silent"}
        ),
    ]

    async def listed(*_: Any, **__: Any) -> list[Row]:
        return rows

    async def ask(_: Any, workflow_id: str, query: str) -> Any:
        if workflow_id == "silent":
            raise NoWorker("no worker answers")
        return STATUS

    def with_client(work: Any) -> Any:
        import asyncio

        return asyncio.run(work(SimpleNamespace(), None))

    monkeypatch.setattr(finding, "listed", listed)
    monkeypatch.setattr(asking, "ask", ask)
    monkeypatch.setattr(reaching, "with_client", with_client)
    assert run(["incidents", "--waiting-on", waiting.ME]) == 0
    shown = capsys.readouterr().out
    for part in ("sue is away now, and tom stands in", "INC-7F3A  SEV1  support-bot", "halon task INC-7F3A done triage/real",
                 "tom does not hold security_lead and can't answer", "something: no worker answers", "halon status INC-0002"):  # fmt: skip
        assert part in shown, shown
    assert run(["incidents", "--waiting-on", "me", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [(one["incident"], one["live"]) for one in told] == [("INC-7F3A", True), ("INC-0002", False)]
    assert told[1]["asks"][0]["as"] == "security_lead"
    assert run(["incidents", "--waiting-on", "me", "--by", "ann"]) == 0
    assert "halon ack INC-7F3A" in capsys.readouterr().out
    monkeypatch.delenv("HALON_USER")
    assert run(["incidents", "--waiting-on", "me"]) == 2
