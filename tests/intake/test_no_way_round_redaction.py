"""Ways in which a secret could come past the patterns: split by control characters, as an id, without its digits."""

from __future__ import annotations

import pytest

from halon.intake.problems import BadPayload
from halon.intake.sources import fields, paging, prints

CARD = "4111 1111 1111 1111"


def test_line_breaks_hide_no_card_number() -> None:
    """What reads as a card number once its line breaks are spaces is masked, in texts and labels."""
    broken = CARD.replace(" ", "\n")
    assert fields.clean(f"paid with {broken}") == "paid with [card]"
    assert fields.labels({"note": broken, broken: "x"}) == {"[card]": "x", "note": "[card]"}


@pytest.mark.parametrize("secret", ["AKIAABCDEFGHIJKLMNOP", "219-09-9999", "sk-live-0123456789abcdef"])
def test_an_id_that_is_a_secret_is_none(secret: str) -> None:
    """A fingerprint or trace id in the form of a secret is not kept: its hash stands in, also behind a prefix."""
    assert fields.identifier(secret) == ""
    named = prints.named(secret, prefix="issue-")
    assert secret not in named
    assert named == prints.named(secret, prefix="issue-") != prints.named(f"{secret}0", prefix="issue-")
    assert prints.named("77", prefix="issue-") == "issue-77"


def test_a_title_loses_its_secrets_before_its_numbers() -> None:
    """A token without its digits would be no token any more, and its letters would name the incident."""
    assert paging.rule_of("failed with ghp_abcdefgh12345678ijkl") == "failed with [api-key]"
    assert paging.rule_of("3 of 12 failed") == "N of N failed"


def test_a_refusal_repeats_no_secret_out_of_a_name() -> None:
    """A place in the payload may hold a name that is one."""
    refused = BadPayload("labels.anna@example.org", "not text; got ghp_abcdefgh12345678ijkl")
    assert "example.org" not in str(refused.members) + refused.detail
    assert "ghp_" not in str(refused.members) + refused.detail
