"""Mistakes in the file of a regime: each is answered with what is wrong and what to write."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from halon.kit import KitError, load, starter_path

DUE, FACT = "{after: aware_at, hours: 72}", "{fact: gdpr_applies, is: true}"


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("hours: 72", "business_days: 3", "business days need a calendar"),
        ("hours: 72", "business_days: 3, of: UK", "there is no calendar 'UK'"),
        ("hours: 72", "hours: 72, of: US", "a calendar means nothing to hours"),
        ("hours: 72", "hours: 72, end_of: year", "end_of can only be year, and not with hours"),
        ("hours: 72", "weeks: 1", "'weeks' can't be counted"),
        ("hours: 72", "months: 25", "months must be a whole number from 1 to 24"),
        (DUE, "{cases: [{due: null}]}", "a case needs 'when' and 'due'"),
        (DUE, "{first_known: []}", "'first_known' needs a list of deadlines"),
        ("hours: 72", "hours: 4, not_later_than: {earliest: [" + DUE + "]}", "not_later_than takes one span"),
        ("notes: ", "displaced_by: [eu-dora-91]\nnotes: ", "there is no regime 'eu-dora-91'"),
        (
            "notes: ",
            "embargoes: [{stage: people, until: " + DUE + ", words: x}]\nnotes: ",
            "there is no stage 'people'",
        ),
        ("notes: ", "embargoes: [{stage: notification, until: null, words: x}]\nnotes: ", "an embargo needs an end"),
        (
            "notes: ",
            "dormant: [{when: always, until: '2026-02-30'}]\nnotes: ",
            "'2026-02-30' is no date of the calendar",
        ),
        (
            "notes: ",
            "worksheet: {signed_by: [majr], criteria: [{words: x, when: always}]}\nnotes: ",
            "there is no fact 'majr'",
        ),
        (FACT, "{fact: gdpr_applies, place: DE, is: true}", "gdpr_applies is not counted by place"),
        (FACT, "{fact: affected_by_jurisdiction, place: Germany, above: 0}", "a place is needed here"),
        (FACT, "{fact: affected_by_jurisdiction, place: DE, above: many}", "must be a whole number from 0"),
        (FACT, "{fact: affected_by_jurisdiction, above: 0}", "can't be compared by 'above'"),
    ],
)
def test_a_mistake_in_a_regime_is_answered(tmp_path: Path, old: str, new: str, says: str) -> None:
    """In one sentence, at its line, with the next step."""
    folder = tmp_path / "kit"
    shutil.copytree(starter_path(), folder)
    file = folder / "regimes" / "eu-gdpr-33.yaml"
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new, 1))
    with pytest.raises(KitError) as caught:
        load(folder, {})
    assert says in str(caught.value)
    assert all(one.line > 0 and one.file == "regimes/eu-gdpr-33.yaml" for one in caught.value.problems)
