"""What somebody reads who makes a kit for the first time, and keys that a kit once could hold."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from halon.cli import entry
from halon.cli.initing import Answers, steps
from halon.incident.canonical import canonical, digest
from halon.kit import KitError, examine, load, restore

MONDAY = datetime(2026, 11, 23, tzinfo=UTC)


def edit(folder: Path, name: str, old: str, new: str) -> None:
    file = folder / name
    text = file.read_text()
    assert old in text, f"{old!r} is not in {name}"
    file.write_text(text.replace(old, new, 1))


def about(folder: Path, words: str) -> list[tuple[str, str]]:
    return [(one.rank, one.what) for one in examine(folder, {"HALON_SMTP": "x:25"}, MONDAY)[1] if words in one.what]


def test_init_says_what_is_still_an_example_and_the_steps_one_a_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Edit, check, start: in the order in which they are typed."""
    home = tmp_path / "kit"
    assert entry.run(["init", str(home), "--defaults"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith(f"The starter kit is in {home}: ")
    assert "are examples" in lines[1]
    assert lines[2:] == [f"1. edit {home / 'agents'}", f"2. halon kit check {home}", f"3. HALON_KIT={home} halon up"]
    own = steps(home, home / "agents" / "bot.yaml", Answers(agent="bot"))
    assert own[0].startswith("The other people,")
    assert own[1].startswith("bot is only observed until")


def test_the_page_tells_what_lacks_the_same_variable_once_and_ends_with_a_verdict(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Two channels, one variable, one line; and which packs could be switched on."""
    for name in ("HALON_SMTP", "SANDBOX_AGENT_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    assert entry.run(["kit", "check", str(folder)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "  the channels customer-mail and regulator-mail will fail: HALON_SMTP is not set" in lines
    assert "  the agent support-bot (and billing-bot) can't be reached: SANDBOX_AGENT_TOKEN is not set" in lines
    assert (
        "  packs that are off: americas, asia-pacific, ch, cn, contracts, eu, frontier-labs, telecom, uk, us-federal, "
        "us-finance, us-health, us-states (packs: in organisation.yaml switches them on)" in lines
    )
    assert lines[-1].endswith("things would fail when they are needed. Begin at the top.")
    edit(folder, "organisation.yaml", "packs: []", "packs: [cn]")
    assert entry.run(["kit", "check", str(folder)]) == 0
    assert (
        "  packs that are off: americas, asia-pacific, ch, contracts, eu, frontier-labs, telecom, uk, us-federal, "
        in capsys.readouterr().out
    )


def test_an_example_address_is_weak_while_agents_are_only_observed(folder: Path) -> None:
    """It fails as soon as one of them may be acted on."""
    assert [rank for rank, _ in about(folder, "would go nowhere")] == ["fails", "fails", "advice"]
    edit(folder, "agents/support-bot.yaml", "mode: act", "mode: observe")
    assert [rank for rank, _ in about(folder, "the notice")] == ["weak", "weak"]
    edit(folder, "agents/billing-bot.yaml", "mode: observe", "mode: suggest")
    assert [rank for rank, _ in about(folder, "the notice")] == ["fails", "fails"]


def test_words_that_are_no_address_are_found_and_a_channel_with_an_address_of_its_own_is_fine(folder: Path) -> None:
    """What no mail server could deliver is found by day."""
    edit(folder, "entities/acme-eu.yaml", "security@customer.example", "their portal")
    ((rank, what),) = about(folder, "the notice contract-dpa")
    assert (rank, "'their portal' is no mail address, and the channel customer-mail has no to:" in what) == (
        "fails",
        True,
    )
    edit(folder, "communications.yaml", "from: trust@acme.example}", "from: trust@acme.example, to: [x@customer.de]}")
    assert about(folder, "the notice contract-dpa") == []


def test_a_key_that_nothing_reads_is_refused_with_the_reason(folder: Path) -> None:
    """A number that nobody goes by is worse than none."""
    edit(
        folder, "runbooks/privacy.yaml", "category: privacy\n", "category: privacy\ncadence:\n  customers_minutes: 60\n"
    )
    with pytest.raises(KitError) as caught:
        load(folder, {})
    assert str(caught.value) == (
        "runbooks/privacy.yaml:4: cadence.customers_minutes is no key any more: nothing ever went by it: customers hear "
        "by the notices of regimes/, each of which a person approves; leave the line out; leadership_minutes stays"
    )


def test_a_kit_that_was_stored_with_such_a_key_stays_usable_under_its_digest(folder: Path) -> None:
    """An open incident keeps the kit that it began with."""
    content = json.loads(load(folder, {}).canonical)
    content["files"]["runbooks/privacy.yaml"]["cadence"] = {"customers_minutes": 60, "leadership_minutes": 30}
    back = restore(canonical(content), {})
    assert back.digest == digest(content)
    assert next(one for one in back.policy.runbooks if one.id == "privacy").leadership_every == 1800
