"""The worked examples of the law, each through ``halon assess --json``, with variants of role, date, count and place."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from halon.cli import entry
from halon.kit import Kit, load, starter_path

EXAMPLES: list[dict[str, Any]] = yaml.load(
    (Path(__file__).parent / "law" / "worked_examples.yaml").read_text("utf-8"), Loader=yaml.CSafeLoader
)
OPEN_END = "?"
OF_DUTY = ("status", "needs", "local", "displaced_by", "provisional", "arguable")
ENTITIES = {
    "bank-eu": (["controller", "financial_entity_dora", "nis2_essential", "ai_deployer"], "DE", "Europe/Berlin"),
    "bank-us": (["us_banking_organization"], "US", "America/New_York"),
    "sister": (["processor"], "DE", "Europe/Berlin"),
}


def _cases() -> list[Any]:
    found = []
    for example in EXAMPLES:
        found.append(pytest.param(example, {}, id=example["name"]))
        found += [
            pytest.param(example, one, id=f"{example['name']}: {one['name']}") for one in example.get("variants", ())
        ]
    return found


@pytest.fixture(scope="module")
def law_kit(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The starter kit with every pack on, and a bank with a US branch and a sister that processes for it."""
    folder = tmp_path_factory.mktemp("law") / "kit"
    shutil.copytree(starter_path(), folder)
    page = folder / "organisation.yaml"
    packs = sorted(one.name for one in (folder / "packs").iterdir())
    page.write_text(page.read_text().replace("packs: []", f"packs: [{', '.join(packs)}]"))
    body = {"name": "an authority", "recipient": "notices@authority.example"}
    for name, (roles, place, zone) in ENTITIES.items():
        file = {
            "name": name,
            "roles": roles,
            "establishments": [place],
            "zone": zone,
            "authorities": {"data_protection": body},
        }
        (folder / "entities" / f"{name}.yaml").write_text(yaml.safe_dump(file))
    return folder


@pytest.fixture(scope="module")
def loaded(law_kit: Path) -> Kit:
    return load(law_kit, {})


def _merged(old: Any, new: Any) -> Any:
    if isinstance(old, dict) and isinstance(new, dict):
        return {**old, **{key: _merged(old.get(key), value) for key, value in new.items()}}
    return new


@pytest.mark.parametrize(("example", "variant"), _cases())
def test_the_law_says_when(
    example: dict[str, Any], variant: dict[str, Any], law_kit: Path, loaded: Kit, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    """Each duty has the status, and each stage the minute, that the text of the law gives."""
    monkeypatch.setenv("HALON_KIT", str(law_kit))
    monkeypatch.setattr("halon.kit.load", lambda *_: loaded)  # read once: sixty files a case take long
    given = {"agent": "support-bot", **example["given"]}
    given["as_of"] = str(variant.get("at", example["at"])).replace("+00:00", "Z").replace(" ", "T")
    if "entity" not in given:
        given["entity"] = "acme-eu"
    given["facts"] = {**given["facts"], **variant.get("facts", {})}
    if "entities" in given:
        given["entities"] = _merged(given["entities"], variant.get("entities", {}))
    if "filed" in variant:
        given["filed"] = variant["filed"]
    file = tmp_path / "facts.json"
    file.write_text(json.dumps(given, default=str))
    code = entry.run(["assess", str(file), "--json"])
    printed = capsys.readouterr().out
    assert code == 0, printed
    told = json.loads(printed)
    duties = {(one["id"], one["entity"]): one for one in told["obligations"]}
    expected = variant.get("expect", example["expect"])
    assert expected
    for name, wanted in expected.items():
        regime, _, entity = name.partition("@")
        _check(duties[regime, entity or given["entity"]], wanted)
    if "embargoes" in example:
        until = {f"{one['obligation']}/{one['stage']}": (one["until"] or "")[:19] for one in told["embargoes"]}
        assert until == variant.get("embargoes", example["embargoes"])
        # What runs from a filing that is still to come is told as if that were at its limit, and ends with no date.
        open_ended = {
            f"{one['obligation']}/{one['stage']}" for one in told["embargoes"] if one["provisional"] or not one["until"]
        }
        for one in duties.values():
            for stage in one["stages"]:
                name = f"{one['id']}/{stage['id']}"
                ends = OPEN_END if name in open_ended else until.get(name, "")
                assert stage.get("not_before", "")[:19] == ends


def _check(duty: dict[str, Any], wanted: dict[str, Any]) -> None:
    stages = {one["id"]: one for one in duty["stages"]}
    assert duty["because"]
    for key in wanted:
        value = wanted[key]
        if key == "needs":
            assert set(value) <= set(duty["needs"])
        elif key == "local":
            assert value in [one["due_local"] for one in duty["stages"]]
        elif key == "no_arguable":
            assert not any(stages[one].get("latest_arguable") for one in value)
        elif key == "arguable":
            assert value in [one.get("latest_arguable", "") for one in duty["stages"]]
        elif key == "provisional":
            for one in value:
                stage, _, said = one.partition("=")
                assert stages[stage]["provisional"] is (said == "true")
        elif key in OF_DUTY:
            assert duty[key] == value, duty["because"]
        elif value == "none":
            assert key not in stages
        else:
            assert (stages[key]["due"] or "-")[:19] == value, (key, stages[key], duty["because"])


def test_nothing_that_applies_is_silent_about_its_source(law_kit: Path) -> None:
    """Every regime of every pack names its source, how well it was verified and when, and who decides."""
    files = sorted(law_kit.glob("packs/*/regimes/*.yaml"))
    assert len(files) > 50
    for file in files:
        text = file.read_text("utf-8")
        law = yaml.load(text, Loader=yaml.CSafeLoader)
        assert text.startswith("# Not legal advice. A named person decides"), file
        assert law["id"] == file.stem
        assert {"source", "confidence", "last_verified", "decider", "contents", "stages"} <= set(law)
        if law["confidence"] in ("C", "U"):
            assert law["status"] in ("review_required", "proposed"), file
