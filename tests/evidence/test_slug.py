"""An incident id as a file name."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from halon.evidence.slug import slug, unslug


def test_an_incident_id_stays_readable() -> None:
    """A person who looks into the folder recognises the incident."""
    name = slug("incident-support-bot.tool-misuse~2:2b6c1a52-0d0c")
    assert name == "incident-support-bot.tool-misuse~2_3a2b6c1a52-0d0c"


@given(st.text(max_size=60))
def test_a_slug_is_safe_and_leads_back_to_its_id(incident_id: str) -> None:
    """Every id has a name that any file system holds, and the id can be read from it: so no two ids share one."""
    name = slug(incident_id)
    assert re.fullmatch(r"(?!\.)[a-z0-9._~-]{1,200}", name)
    assert unslug(name) in ((None,) if not incident_id or "_x" in name else (incident_id,))


@pytest.mark.parametrize(
    ("one", "other"),
    [("A", "a"), ("a:b", "a_3ab"), ("a" * 300, "a" * 301), ("", "x"), ("ü" * 90, "ü" * 91), (".", "_2e")],
)
def test_ids_that_look_alike_have_different_slugs(one: str, other: str) -> None:
    """Also where the file system ignores case, and where an id is too long to be kept in a name."""
    assert slug(one).lower() != slug(other).lower()
    assert max(len(slug(one)), len(slug(other))) <= 200
