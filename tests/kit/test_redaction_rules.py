"""redaction.yaml: what a kit adds to what is masked."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from halon.kit import KitError, load
from halon.redaction import mask_also, redact, redact_tree
from halon.settings import starter_kit

RULE = "rules:\n  customer:\n    pattern: '\\bCUST-[0-9]{4,10}\\b'\n    why: leads to a person\n"


@pytest.fixture
def kit(tmp_path: Path) -> Path:
    return Path(shutil.copytree(starter_kit(), tmp_path / "kit"))


@pytest.fixture(autouse=True)
def _forget() -> Iterator[None]:
    yield
    mask_also({})


def test_what_a_rule_of_the_kit_matches_becomes_its_name(kit: Path) -> None:
    """Texts, keys and values are masked by the kit's rules beside the usual ones; without them, and before, they stay."""
    text = "CUST-00917 of anna@example.org wrote CUST-00917"
    assert redact(text).text == "CUST-00917 of [email] wrote CUST-00917"
    (kit / "redaction.yaml").write_text(RULE)
    rules = load(kit, {}).redaction
    mask_also(rules)
    found = redact(text)
    assert found.text == "[customer] of [email] wrote [customer]"
    assert found.counts == {"email": 1, "customer": 2}
    assert redact(found.text).text == found.text
    assert redact_tree({"CUST-1234": ["x CUST-55555 y"]}).value == {"[customer]": ["x [customer] y"]}
    mask_also({})
    assert redact(text).text == "CUST-00917 of [email] wrote CUST-00917"


def test_a_rule_of_the_kit_masks_whole_numbers_too() -> None:
    """A customer number that a sender writes as a number is found as well."""
    mask_also({"customer": r"\b90[0-9]{6}\b"})
    assert redact_tree({"id": 90123456, "count": 12, "at": 1.5}).value == {"id": "[customer]", "count": 12, "at": 1.5}


def test_the_starter_kit_masks_nothing_more(kit: Path) -> None:
    """The file is there with an example that is switched off; a kit without the file loads as well."""
    assert load(kit, {}).redaction == {}
    assert "pattern:" in (kit / "redaction.yaml").read_text()
    (kit / "redaction.yaml").unlink()
    assert load(kit, {}).redaction == {}


@pytest.mark.parametrize(
    ("name", "pattern", "why"),
    [
        ("customer", "CUST-[0-9", "RE2 can't read it"),
        ("customer", "(?<=a)b", "RE2 can't read it"),
        ("customer", "(CUST-[0-9]{1000}){1000}", "RE2 can't read it"),
        ("customer", "[0-9]*", "matches where nothing stands"),
        ("customer", r"\b", "matches where nothing stands"),
        ("customer", "[a-z]{4,}", "matches in [card]"),
        ("customer", r"\[cust", "matches in [customer]"),
        ("customer", "too deep", "matches in [too deep]"),
        ("email", "CUST-[0-9]+", "[email] is a mask of Halon's own"),
        ("customer", "x" * 301, "300"),
    ],
)
def test_a_rule_that_can_not_work_is_refused_with_its_line(kit: Path, name: str, pattern: str, why: str) -> None:
    """What RE2 does not compile, what matches nothing or everything, and what would mask masks: file and line say where."""
    lines = ["# a comment", "rules:", f"  {name}:", f"    pattern: '{pattern}'", "    why: because"]
    (kit / "redaction.yaml").write_text("\n".join(lines))
    with pytest.raises(KitError) as refused:
        load(kit, {})
    told = [str(one) for one in refused.value.problems]
    assert len(told) == 1
    assert told[0].startswith("redaction.yaml:4")
    assert why in told[0]
