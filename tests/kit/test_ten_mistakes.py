"""A kit with ten mistakes planted in it gives ten messages, all at once, each with file and line and the fix."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from halon.kit import KitError, load, starter_path

PLANTED = (
    ("agents/support-bot.yaml", "mode: act", "mod: act", "there is no key 'mod'", "did you mean 'mode'?"),
    ("agents/billing-bot.yaml", "entity: acme-eu", "entity: acme-us", "there is no entity 'acme-us'", "did you mean 'acme-eu'?"),
    ("entities/acme-eu.yaml", "zone: Europe/Berlin", "zone: Europe/Berlln", "there is no time zone 'Europe/Berlln'", "write an IANA name"),
    ("connectors/sandbox-agent.yaml", "method: PUT", "method: PUTT", "can't be 'PUTT'", "did you mean 'PUT'?"),
    ("severity.yaml", "fact: spend_eur", "fact: spend_euro", "there is no fact 'spend_euro'", "did you mean 'spend_eur'?"),
    ("detections.yaml", "category: privacy", "category: privat", "can't be 'privat'", "did you mean 'privacy'?"),
    ("runbooks/privacy.yaml", "owner: privacy_officer", "owner: privacy_oficer", "the role 'privacy_oficer' is held by nobody",
     "give it to somebody"),
    ("actions.yaml", "operation: kill_switch", "operation: kil_switch", "there is no operation of connector sandbox-agent 'kil_switch'",
     "did you mean 'kill_switch'?"),
    ("oncall.yaml", "technical_lead: tom", "technical_lead: tim", "there is no person 'tim'", "did you mean 'tom'?"),
    ("regimes/contract-dpa.yaml", "channel: customer-mail", "channel: customers-mail", "there is no channel 'customers-mail'",
     "did you mean 'customer-mail'?"),
)  # fmt: skip


@pytest.fixture
def broken(tmp_path: Path) -> tuple[Path, dict[str, int]]:
    """The starter kit with the ten mistakes, and the line of each."""
    folder = tmp_path / "kit"
    shutil.copytree(starter_path(), folder)
    lines = {}
    for name, old, new, *_ in PLANTED:
        text = (folder / name).read_text("utf-8")
        assert old in text, f"{old!r} is not in {name}"
        lines[name] = text[: text.index(old)].count("\n") + 1
        (folder / name).write_text(text.replace(old, new, 1), "utf-8")
    return folder, lines


def test_ten_planted_mistakes_give_ten_messages_with_file_and_line(broken: tuple[Path, dict[str, int]]) -> None:
    """Nobody mends one mistake to be told of the next."""
    folder, lines = broken
    with pytest.raises(KitError) as caught:
        load(folder, {})
    shapes = [str(problem) for problem in caught.value.problems]
    found = []
    for name, _, _, what, fix in PLANTED:
        matching = [one for one in shapes if one.startswith(f"{name}:{lines[name]}:") and what in one and fix in one]
        found.append((name, len(matching)))
    assert found == [(name, 1) for name, *_ in PLANTED], "\n".join(shapes)
    assert len(shapes) == len(PLANTED), "\n".join(shapes)
