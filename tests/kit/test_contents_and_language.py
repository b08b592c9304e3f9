"""What a regime file says of the contents of its notices and their language, and what `kit check` finds wrong in it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from halon.kit import examine, load
from halon.kit.errors import KitError
from halon.kit.starter import starter_path

REGIME = "regimes/contract-dpa.yaml"


def kit(folder: Path, old: str, new: str) -> Path:
    shutil.copytree(starter_path(), folder / "kit")
    file = folder / "kit" / REGIME
    text = file.read_text("utf-8")
    assert text.count(old) == 1
    file.write_text(text.replace(old, new), "utf-8")
    return folder / "kit"


def test_what_fills_a_content_and_the_language_reach_the_judgement(tmp_path: Path) -> None:
    """With the words beside them, for those who read them."""
    made = load(kit(tmp_path, "template: customers\n", "template: customers\nlanguage: de\n"), {})
    law = next(one for one in made.policy.regimes if one.id == "contract-dpa")
    assert law.language == "de"
    first = law.wanted[0]
    assert (first.what, first.facts, first.stages) == (
        "what happened and what was done to stop it",
        ("happened", "done"),
        (),
    )
    assert law.contents[0] == first.what


def test_a_stage_with_contents_of_its_own_asks_for_those_alone(tmp_path: Path) -> None:
    """What the duty asks of all its stages is not asked of it."""
    folder = kit(
        tmp_path, "    approval_minutes: 120\n", "    approval_minutes: 120\n    contents: [a word]\n    language: fr\n"
    )
    law = next(one for one in load(folder, {}).policy.regimes if one.id == "contract-dpa")
    assert [(one.what, one.facts, one.stages) for one in law.wanted] == [("a word", (), ("notification",))]
    assert law.stages[0].language == "fr"


@pytest.mark.parametrize(("line", "told"), [
    ("  - {what: it, facts: [hapened]}\n", "there is no fact 'hapened'"),
    ("  - {what: it, stages: [final]}\n", "there is no stage 'final'"),
])  # fmt: skip
def test_names_that_lead_nowhere_are_found(tmp_path: Path, line: str, told: str) -> None:
    """With what is known."""
    folder = kit(tmp_path, "contents:\n", f"contents:\n{line}")
    with pytest.raises(KitError, match=told):
        load(folder, {})


def test_a_language_is_a_tag(tmp_path: Path) -> None:
    """Not a name of it."""
    with pytest.raises(KitError, match="language"):
        load(kit(tmp_path, "template: customers\n", "template: customers\nlanguage: German\n"), {})


def test_kit_check_says_which_template_is_missing(tmp_path: Path) -> None:
    """And in which language no words are checked; once it is written, only that."""
    folder = kit(tmp_path, "template: customers\n", "template: customers\nlanguage: fr\n")
    told = [one.what for one in examine(folder, {})[1]]
    assert any(
        "contract-dpa/notification asks for the language fr, and nobody has written customers.fr" in one for one in told
    )
    (folder / "notices").mkdir(exist_ok=True)
    (folder / "notices" / "customers.fr.txt.j2").write_text("Subject: {{ reference }}\n{{ headline }}\n", "utf-8")
    told = [one.what for one in examine(folder, {})[1]]
    assert not any("nobody has written" in one for one in told)
    assert any("no words are checked in fr" in one for one in told)
