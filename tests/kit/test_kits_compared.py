"""What changed from one kit to another, in lines that a commander reads before moving an incident."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from halon.kit import difference, load, restore, starter_path

NONE: dict[str, str] = {}


def kit_in(folder: Path) -> Path:
    """A copy of the starter kit."""
    shutil.copytree(starter_path(), folder)
    return folder


def changed(folder: Path, *changes: tuple[str, str, str]) -> tuple[str, ...]:
    """What ``difference`` says after these replacements in files of the starter kit."""
    kit = kit_in(folder)
    for file, old, new in changes:
        text = (kit / file).read_text()
        assert old in text, (file, old)
        (kit / file).write_text(text.replace(old, new))
    return difference(load(starter_path(), NONE).canonical, load(kit, NONE).canonical)


def test_a_kit_does_not_differ_from_itself(tmp_path: Path) -> None:
    """Comments and the order of keys are no difference."""
    assert changed(tmp_path / "kit", ("organisation.yaml", "name: Acme", "# a word\nname: Acme")) == ()


def test_each_line_names_file_key_old_and_new(tmp_path: Path) -> None:
    """As the file has them."""
    assert changed(
        tmp_path / "kit", ("organisation.yaml", "quiet_minutes: 15", "quiet_minutes: 30"),
        ("regimes/eu-gdpr-33.yaml", "hours: 72}", "hours: 96}"), ("oncall.yaml", "pager]}\n  sue", "pager], zone: Europe/Berlin}\n  sue"),
    ) == (
        'oncall.yaml people.tom.zone: not there -> Europe/Berlin', "organisation.yaml quiet_minutes: 15 -> 30",
        "regimes/eu-gdpr-33.yaml stages.0.due.hours: 72 -> 96")  # fmt: skip


def test_files_that_come_and_go_are_one_line_each(tmp_path: Path) -> None:
    """Not every line in them."""
    kit = kit_in(tmp_path / "kit")
    (kit / "entities" / "acme-us.yaml").write_text((kit / "entities" / "acme-eu.yaml").read_text())
    (kit / "runbooks" / "safety.yaml").unlink()
    lines = difference(load(starter_path(), NONE).canonical, load(kit, NONE).canonical)
    assert lines == ("entities/acme-us.yaml: new file", "runbooks/safety.yaml: the file is gone")


def test_there_are_twenty_lines_at_most_and_long_values_are_cut() -> None:
    """The last line says how many are left out."""
    old, new = ({"files": {"a.yaml": {f"k{n:02}": [value * 100] for n in range(50)}}} for value in ("x", "y"))
    lines = difference(json.dumps(old).encode(), json.dumps(new).encode())
    assert (len(lines), lines[-1]) == (20, "and 31 more")
    assert max(len(line) for line in lines) < 160


def test_a_stored_kit_of_before_a_command_is_read(tmp_path: Path) -> None:
    """A later release knows a command more; the kit is the same, and the command is open to nobody in it."""
    made = load(starter_path(), NONE)
    content = json.loads(made.canonical)
    del content["files"]["authority.yaml"]["commands"]["handover"]
    old = restore(json.dumps(content).encode(), NONE)
    assert (old.may("handover", ("commander",))[0], old.policy.regimes == made.policy.regimes) == (False, True)
    assert restore(made.canonical, NONE).digest == made.digest
