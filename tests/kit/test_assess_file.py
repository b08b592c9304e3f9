"""What halon assess prints, and how it answers a file that can't be judged."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from halon.cli.assessing import FactsUnusable, assess_file
from halon.kit import Kit, load, starter_path

FACTS: dict[str, Any] = {
    "as_of": "2026-11-20T18:00:00Z",
    "agent": "support-bot",
    "facts": {
        "confirmed": True,
        "personal_data_involved": True,
        "gdpr_applies": True,
        "risk_to_individuals": "risk",
        "aware_at": "2026-11-20T17:30:00Z",
    },
}


@pytest.fixture(scope="module")
def kit() -> Kit:
    return load(starter_path(), {})


def given(tmp_path: Path, content: Any) -> Path:
    file = tmp_path / "facts.json"
    file.write_text(json.dumps(content))
    return file


def test_the_object_has_exactly_the_promised_keys(tmp_path: Path, kit: Kit) -> None:
    """People script against these names."""
    judged = assess_file(given(tmp_path, FACTS), kit)
    assert list(judged) == ["severity", "category", "orders", "obligations", "embargoes", "kit_digest"]
    assert list(judged["severity"]) == ["level", "reasons"]
    assert list(judged["orders"][0]) == ["action", "reversible", "disruption", "gate", "reasons"]
    assert list(judged["obligations"][0]) == [
        "id", "entity", "authority", "status", "because", "needs", "displaced_by", "stages",
    ]  # fmt: skip
    assert list(judged["obligations"][0]["stages"][0]) == [
        "id", "anchor", "due", "due_local", "decide_by", "provisional", "filed_at",
    ]  # fmt: skip
    assert json.loads(json.dumps(judged)) == judged


def test_gdpr_weekend_through_the_file(tmp_path: Path, kit: Kit) -> None:
    """Aware on Friday 17:30 UTC, due on Monday 17:30 UTC."""
    duties = {one["id"]: one for one in assess_file(given(tmp_path, FACTS), kit)["obligations"]}
    assert duties["eu-gdpr-33"]["status"] == "applies"
    assert duties["eu-gdpr-33"]["stages"][0]["due"] == "2026-11-23T17:30:00.000Z"
    assert duties["eu-gdpr-33"]["stages"][0]["due_local"] == "2026-11-23T18:30:00+01:00[Europe/Berlin]"


def test_yaml_with_entity_and_filing(tmp_path: Path, kit: Kit) -> None:
    """YAML works as well; without an agent no action is planned; a filing is shown."""
    file = tmp_path / "facts.yaml"
    file.write_text(
        "as_of: 2026-11-20\nentity: acme-eu\nfacts: {personal_data_involved: true}\n"
        "filed:\n  - {obligation: contract-dpa, stage: notification, at: 2026-11-21T08:00:00Z}\n"
    )
    judged = assess_file(file, kit)
    duties = {one["id"]: one for one in judged["obligations"]}
    assert judged["orders"] == []
    assert duties["contract-dpa"]["stages"][0]["filed_at"] == "2026-11-21T08:00:00.000Z"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"as_of": "soon"}, "facts.json:1: as_of must be a time"),
        ({"as_of": None}, "as_of must be a time"),
        ({"agent": "suport-bot"}, "there is no agent 'suport-bot'; known: billing-bot, support-bot; did you mean"),
        ({"agent": 7}, "agent must be a name of the kit"),
        ({"entity": "acme"}, "there is no entity 'acme'; known: acme-eu"),
        ({"facts": {"confirmd": True}}, "there is no fact 'confirmd'; did you mean confirmed"),
        ({"facts": {"confirmed": "yes"}}, "must be true, false or unknown"),
        ({"facts": [1]}, "facts must hold names and values"),
        ({"facts": None}, "facts is missing"),
        ({"fact": {}}, "there is no key 'fact'; known: as_of, agent, entity, facts, filed; did you mean 'facts'?"),
        ({"filed": {}}, "filed must be a list"),
        ({"filed": [{"obligation": "eu-gdpr-33"}]}, "stage is missing"),
        ({"filed": [{"obligation": "eu-gdpr-34", "stage": "x", "at": "x"}]}, "did you mean 'eu-gdpr-33'?"),
        ({"filed": [{"obligation": "eu-gdpr-33", "stage": "x", "at": "x"}]}, "no stage of eu-gdpr-33 'x'"),
    ],
)
def test_a_file_that_cannot_be_judged(tmp_path: Path, kit: Kit, change: dict[str, Any], says: str) -> None:
    """Each mistake is answered with its place and the next step."""
    with pytest.raises(FactsUnusable) as caught:
        assess_file(given(tmp_path, {**FACTS, **change}), kit)
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.json", b"{", "a.json:1: not readable as JSON"),
        ("a.json", b"[" * 100_000, "nested too deep"),
        ("a.json", b"[]", "the file must hold names and values"),
        ("a.yaml", b"as_of: [", "a.yaml:1: not readable as YAML"),
        ("a.yaml", b"\xff\xfe", "is not UTF-8"),
        ("a.yaml", b"facts: {}\n", "as_of is missing"),
    ],
)
def test_a_file_that_cannot_be_read(tmp_path: Path, kit: Kit, name: str, content: bytes, says: str) -> None:
    """Broken, deep, and missing content is a typed error too."""
    file = tmp_path / name
    file.write_bytes(content)
    with pytest.raises(FactsUnusable) as caught:
        assess_file(file, kit)
    assert says in str(caught.value)


def test_no_such_file(tmp_path: Path, kit: Kit) -> None:
    """A file that isn't there is answered, not raised through."""
    with pytest.raises(FactsUnusable, match="can't be read"):
        assess_file(tmp_path / "none.yaml", kit)
