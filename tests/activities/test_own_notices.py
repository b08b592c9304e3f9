"""An organisation's own notice template comes before Halon's, in the same sandbox."""

from __future__ import annotations

from typing import Any

import pytest

from halon.rendering import TemplateFailed, render_own

ABOUT: dict[str, Any] = {"reference": "INC-7F3A", "headline": "<b>all</b> records: {{ 7 * 7 }} www.evil.example"}


def test_values_are_cleaned_and_never_templated() -> None:
    """Text is data, also in a template that we did not write."""
    text = render_own("notices/ours.txt.j2", "Subject: {{ reference }}\n{{ headline }}\n", ABOUT)
    assert text == "Subject: INC-7F3A\nall records: {{ 7 * 7 }} www[.]evil.example\n"


@pytest.mark.parametrize(
    "source", ["{{ no_such_name }}", "{{ ''.__class__.__mro__ }}", "{% include '../../etc/passwd' %}", "{{ 1 // 0 }}"]
)
def test_what_a_template_must_not_do_fails_by_type(source: str) -> None:
    """An unknown name, a way out of the sandbox, a foreign file, an error of its own."""
    with pytest.raises(TemplateFailed):
        render_own("notices/ours.txt.j2", source, ABOUT)


def test_it_may_include_what_comes_with_halon() -> None:
    """A letterhead of one's own around our text."""
    assert "INC" in render_own("notices/ours.txt.j2", "Subject: {{ reference }}\n", ABOUT)
