"""sources/*.yaml: a mapping that can't do what it says is refused with its file, its line and the fix."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from halon.kit import KitError, load, restore, schema, starter_path
from halon.kit.shipped import shipped

SOUND = """\
token_env: HALON_TOKEN_THEIRS
when: {/type: alert}
alerts: /alerts
fields:
  agent: {pointer: /bot, map: {theirs: support-bot}, default: unknown}
  rule: /name
  status: {pointer: /state, map: {up: firing, down: resolved}, default: firing}
  fingerprint: [/id, /name]
  started_at: {pointer: /at, format: epoch_ms}
  summary: {pointer: [/title, /text], join: ": "}
  labels.model: /model
"""
BROKEN = [
    ("when: {", "wenn: {", 2, "there is no key 'wenn'", "did you mean 'when'?"),
    ("  summary:", "  sumary:", 10, "there is no field 'sumary'", "did you mean 'summary'?"),
    ("  rule: /name\n", "", 4, "fields has no rule", "write rule: with the pointer"),
    ("rule: /name", "rule: alert.name", 6, "'alert.name' is not a JSON pointer", "it starts with /, like /alert/name"),
    ("rule: /name", "rule: /a~2b", 6, "has a ~ that stands for nothing", "write ~0 for ~ and ~1 for /"),
    ("rule: /name", "rule: /alerts/*/name", 6, "there are no wildcards", "put the list of alerts into alerts:"),
    ("rule: /name", 'rule: ""', 6, "is the whole document, which is no text", "name one place in it"),
    ("rule: /name", "rule:", 6, "rule needs a pointer", "write a pointer like /data/name"),
    ("rule: /name", "rule: {map: {a: b}}", 6, "rule has neither pointer nor default", "write a pointer"),
    ("up: firing", "up: fireing", 7, "there is no word 'fireing'", "did you mean 'firing'?"),
    ("theirs: support-bot", "theirs: suport-bot", 5, "there is no agent 'suport-bot'", "did you mean 'support-bot'?"),
    ("format: epoch_ms", "format: epoch", 9, "there is no word 'epoch'", "iso, epoch_s, epoch_ms, epoch_ns"),
    ("summary: {pointer: [/title, /text], join", "summary: {pointer: [/title, /text], glue", 10, "there is no key 'glue'", "pointer, of, map"),
    ("rule: /name", "rule: {pointer: /name, format: iso}", 6, "rule is no time", "take format out"),
    ("fingerprint: [/id, /name]", "fingerprint: [/1, /2, /3, /4, /5, /6, /7, /8, /9]", 8, "9 pointers, and 8 are allowed", "keep those"),
    ("fingerprint: [/id, /name]", "fingerprint: [/id, 7]", 8, "a JSON pointer is needed here", "write for example /data/name"),
    ("labels.model", "labels.my model", 11, "'labels.my model' can't be a label", "letters, digits"),
    ("alerts: /alerts", "alerts: alerts", 3, "'alerts' is not a JSON pointer", "it starts with /"),
    ("{/type: alert}", "{/type: {a: b}}", 2, "/type needs a value, or a list", "write a text, a number"),
    ("{/type: alert}", "[/type]", 2, "when needs at most 8 pointers", "write for example {/type: alert}"),
    ("alerts: /alerts", "parse_json: /Message", 3, "parse_json needs a list", "write for example [/Message]"),
    ("token_env: HALON_TOKEN_THEIRS\n", "", 1, "token_env is missing", "allow_open: true"),
    ("rule: /name", f"rule: /{'x' * 301}", 6, "is longer than 300 characters", "point at something nearer"),
    ("labels.model: /model", "\n  ".join(f"labels.l{n}: /l{n}" for n in range(33)), 4, "33 labels, and 32 are allowed", "point labels: at"),
]  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The starter kit, to be changed."""
    return shutil.copytree(starter_path(), tmp_path / "kit")


def _with(folder: Path, text: str, name: str = "theirs") -> Path:
    (folder / "sources").mkdir(exist_ok=True)
    (folder / "sources" / f"{name}.yaml").write_text(text, "utf-8")
    return folder


def test_a_sound_file_is_a_source_of_the_kit(folder: Path) -> None:
    """The file's name is the source's; the mapping comes back from the stored kit as it was."""
    kit = load(_with(folder, SOUND), {})
    source = kit.sources["theirs"]
    assert source.kind == "mapped"
    assert source.mapping is not None
    assert source.mapping.alerts == "/alerts"
    assert source.mapping.fields["status"].words == {"up": "firing", "down": "resolved"}
    assert source.mapping.labels["model"].pointers == ("/model",)
    assert source.groups["AgentSpendSpike"] == "runaway_spend"
    assert restore(kit.canonical, {}).sources["theirs"] == source


@pytest.mark.parametrize(("old", "new", "line", "what", "fix"), BROKEN)
def test_a_broken_file_is_told_with_its_line(folder: Path, old: str, new: str, line: int, what: str, fix: str) -> None:
    """Each mistake that we could think of: file, line, what is wrong, and what to write instead."""
    assert old in SOUND
    with pytest.raises(KitError) as caught:
        load(_with(folder, SOUND.replace(old, new, 1)), {})
    told = [str(one) for one in caught.value.problems]
    found = [one for one in told if one.startswith(f"sources/theirs.yaml:{line}:") and what in one and fix in one]
    assert len(found) == 1, "\n".join(told)
    assert len(told) == 1, "\n".join(told)


def test_a_name_is_in_one_place_only(folder: Path) -> None:
    """The name is part of the address that a sender delivers to."""
    with pytest.raises(KitError) as caught:
        load(_with(folder, SOUND, "alertmanager"), {})
    assert "sources/alertmanager.yaml:1: 'alertmanager' is already in sources.yaml" in str(caught.value)


def test_nothing_names_the_agent(folder: Path) -> None:
    """Without agent: in fields, the source must say whose its alerts are."""
    without = "".join(line for line in SOUND.splitlines(keepends=True) if "agent" not in line)
    with pytest.raises(KitError) as caught:
        load(_with(folder, without), {})
    assert "nothing says which agent an alert is of" in str(caught.value)
    assert load(_with(folder, "agent: support-bot\n" + without), {}).sources["theirs"].agent == "support-bot"


def test_every_shipped_file_can_be_copied_into_the_starter_kit(folder: Path) -> None:
    """Copied as they are, all of them, they are sound; and the schema for editors knows their keys."""
    for one in shipped().values():
        _with(folder, one.text, one.name)
        assert len(one.about) > 20
        assert json.loads(one.sample)
    kit = load(folder, {})
    assert {name for name, source in kit.sources.items() if source.kind == "mapped"} == set(shipped())
    known = schema()["$defs"]["MappedFile"]["properties"]
    assert {"fields", "when", "unless", "parse_json", "alerts", "auth", "trust"} <= set(known)
    assert "fingerprint" in known["fields"]["properties"]
