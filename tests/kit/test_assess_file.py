"""What halon assess prints, and how it answers a file that can't be judged."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from halon.cli import entry
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


BOMB = "\n".join(
    ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    + [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
).encode()
"""Twelve short lines that say a million million values."""


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
    assert list(judged) == [
        "severity",
        "category",
        "orders",
        "obligations",
        "embargoes",
        "kit_digest",
        "note",
        "uncovered",
    ]
    assert list(judged["severity"]) == ["level", "reasons"]
    assert list(judged["orders"][0]) == ["action", "reversible", "disruption", "gate", "reasons", "covers", "rung"]
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
        "filed:\n  - {obligation: contract-dpa, stage: notification, at: 2026-11-19T08:00:00Z}\n"
    )
    judged = assess_file(file, kit)
    duties = {one["id"]: one for one in judged["obligations"]}
    assert judged["orders"] == []
    assert duties["contract-dpa"]["stages"][0]["filed_at"] == "2026-11-19T08:00:00.000Z"


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
        (
            {"fact": {}},
            "there is no key 'fact'; known: as_of, agent, entity, facts, entities, filed; did you mean 'facts'?",
        ),
        ({"facts": {"submitted_at": "2026-11-20"}}, "the command `filed`"),
        ({"entities": [1]}, "entities must hold names and values"),
        ({"entities": {"acme-e": {}}}, "there is no entity 'acme-e'; known: acme-eu; did you mean 'acme-eu'?"),
        ({"entities": {"acme-eu": {"role": []}}}, "there is no key 'role'; known: facts, roles; did you mean 'roles'?"),
        ({"entities": {"acme-eu": {"roles": ["procesor"]}}}, "there is no role in law 'procesor'"),
        ({"entities": {"acme-eu": {"roles": "processor"}}}, "roles must be a list"),
        ({"entities": {"acme-eu": {"facts": {"ongoing": 1}}}}, "must be true, false or unknown"),
        ({"entities": {"acme-eu": [1]}}, "acme-eu must hold names and values"),
        (
            {"filed": [{"obligation": "eu-gdpr-33", "stage": "notification", "at": "2026-11-20", "entity": "x"}]},
            "there is no entity 'x'",
        ),
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
        ("a.json", b'{"facts": {}, "facts": {}}', "a.json:1: 'facts' appears twice"),
        (
            "a.json",
            b'{\n"as_of": ' + b"9" * 5000 + b"}",
            "a.json:2: holds a number with too many digits to be read; write",
        ),
        (
            "a.json",
            b'{\n"facts": ' + b'{"a":' * 60 + b"1" + b"}" * 60 + b"}",
            "a.json:2: nested too deep, more than 50 times",
        ),
        ("a.json", b'{"note": "[[[[",\n "facts": ' + b"[" * 51, "a.json:2: nested too deep"),
        (
            "a.yaml",
            b"facts:\n  x: " + b"[" * 60 + b"]" * 60,
            "a.yaml:2: not readable as YAML: nested too deep, more than 50",
        ),
        ("a.yaml", b"[" * 100_000, "a.yaml:1: not readable as YAML: nested too deep"),
        ("a.yaml", b"as_of: 2026-11-20\nfacts: {}\n" + b"# " * 600_000, "a.yaml:1: larger than 1 MiB"),
        ("a.json", b'{"facts": {}}' + b" " * 1_048_576, "a.json:1: larger than 1 MiB"),
        ("a.yaml", BOMB, "too deep or too many values"),
        ("a.yaml", b"a: &a [*a]\n", "too deep or too many values"),
        ("a.yaml", b"as_of: 2026-11-20\nfacts:\n  x: \xff\n", "a.yaml:3: is not UTF-8"),
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


def test_what_is_refused_is_refused_at_once(tmp_path: Path, kit: Kit) -> None:
    """Neither depth nor repetition takes noticeable time or memory."""
    file = tmp_path / "bomb.yaml"
    file.write_bytes(BOMB)
    began = time.monotonic()
    with pytest.raises(FactsUnusable, match=r"bomb\.yaml:\d+: "):
        assess_file(file, kit)
    assert time.monotonic() - began < 10


def test_facts_and_roles_of_one_entity(tmp_path: Path, kit: Kit) -> None:
    """What stands under an entity holds for it before what stands under facts."""
    changed = {
        **FACTS,
        "entities": {"acme-eu": {"roles": ["processor"], "facts": {"aware_at": "2026-11-20T16:00:00Z"}}},
    }
    duties = {one["id"]: one for one in assess_file(given(tmp_path, changed), kit)["obligations"]}
    assert {name: one["status"] for name, one in duties.items()} == {
        "contract-dpa": "applies", "eu-gdpr-33": "does_not_apply",
    }  # fmt: skip
    assert duties["contract-dpa"]["stages"][0]["due"] == "2026-11-21T16:00:00.000Z"


def test_the_page_shows_what_may_apply_and_what_is_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Level and why, axis by axis, what would raise it, the duties that may apply, and the questions with their weight."""
    monkeypatch.setenv("HALON_KIT", str(starter_path()))
    told = {**FACTS["facts"], "confirmed": True, "unauthorised_tool_actions": ["send_email"]}
    file = given(tmp_path, {**FACTS, "facts": told, "entities": {"acme-eu": {"roles": ["controller"]}}})
    assert entry.run(["assess", str(file)]) == 0
    page = capsys.readouterr().out
    assert page.startswith("SEV2, security (also privacy)\n  because ")
    assert "\nAXIS     LEVEL  WHY\n" in page
    assert "\nactions  SEV3   the agent used a tool without permission, or tried to (may be higher)\n" in page
    assert "\nWhat would raise it:\n" in page
    assert "eu-gdpr-33 (acme-eu to the supervisory authority of Acme Europe GmbH): applies" in page
    assert "contract-dpa" not in page
    assert "1 more do not apply; --all shows them." in page
    assert "Is the agent still doing it?   (ongoing)" in page or "more questions; --all shows them." in page
    assert "not known yet" in page
    assert "ASI02" not in page
    assert entry.run(["assess", str(file), "--all"]) == 0
    everything = capsys.readouterr().out
    assert "contract-dpa (acme-eu to Example Customer Ltd): does not apply" in everything
    assert "  Is the agent still doing it?   (ongoing)\n      Say no only when" in everything
    assert "      would change: SEV1 if ongoing: the agent still does it" in everything


def test_the_page_shows_a_broken_file_with_its_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 1, file, line and next step; no traceback."""
    monkeypatch.setenv("HALON_KIT", str(starter_path()))
    file = tmp_path / "facts.yaml"
    file.write_text("as_of: 2026-11-20\nfacts:\n  confirmd: true\n")
    assert entry.run(["assess", str(file)]) == 1
    told = capsys.readouterr().err
    assert "facts.yaml:3: there is no fact 'confirmd'; did you mean confirmed" in told
    assert "Traceback" not in told


@pytest.mark.parametrize(
    ("at", "says"),
    [
        ("2026-11-21T08:00:00Z", "has not come yet at as_of 2026-11-20T12:00:00.000Z"),
        ("2025-11-19T08:00:00Z", "is before anything that the facts tell of (2026-11-19T06:00:00.000Z)"),
    ],
)
def test_a_filing_at_a_time_at_which_none_was_made_is_refused(tmp_path: Path, kit: Kit, at: str, says: str) -> None:
    """As a fact is: a wrong year would put the limits of later stages years away."""
    told = {"as_of": "2026-11-20T12:00:00Z", "entity": "acme-eu", "facts": {"aware_at": "2026-11-19T06:00:00Z"},
            "filed": [{"obligation": "contract-dpa", "stage": "notification", "at": at}]}  # fmt: skip
    with pytest.raises(FactsUnusable) as refused:
        assess_file(given(tmp_path, told), kit)
    assert says in str(refused.value)


def test_the_object_says_that_it_is_no_legal_advice(tmp_path: Path, kit: Kit) -> None:
    """As every command that shows duties does."""
    assert assess_file(given(tmp_path, FACTS), kit)["note"] == "Not legal advice; a named person decides."
