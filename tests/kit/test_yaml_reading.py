"""Reading YAML: plain words stay text, places are kept, bombs do not go off."""

from __future__ import annotations

import time

from hypothesis import given
from hypothesis import strategies as st

from halon.kit.reading import read


def test_plain_words_stay_text() -> None:
    """Country codes, times of day, dates and leading zeros are what was written."""
    document, problems = read("x", "a: no\nb: 12:30\nc: 2026-11-20\nd: 010\ne: on\nf: true\ng: -3\nh: 1.5\ni: ~\nj:\n")
    assert problems == []
    assert document.data == {
        "a": "no", "b": "12:30", "c": "2026-11-20", "d": "010", "e": "on", "f": True, "g": -3, "h": 1.5, "i": None,
        "j": None,
    }  # fmt: skip


def test_places() -> None:
    """Keys and items know their line; something unknown takes the line of what surrounds it."""
    document, _ = read("x", "a:\n  - b: 1\n  - c: 2\n")
    assert document.line(("a", 1, "c")) == 3
    assert document.line(("a", 1, "zzz")) == 3
    assert document.line(()) == 1


def test_aliases_that_explode_are_refused_quickly() -> None:
    """Aliases within aliases end at a bound instead of filling the memory; so does one that holds itself."""
    levels = "\n".join(f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 9)}]" for n in range(1, 12))
    started = time.monotonic()
    _, problems = read("x", f"l0: &l0 [x]\n{levels}\n")
    _, own = read("x", "a: &a [*a]\n")
    assert time.monotonic() - started < 10
    assert any("too deep or too many values" in problem.what for problem in problems)
    assert any("too deep or too many values" in problem.what for problem in own)


@given(st.text(max_size=200))
def test_no_text_makes_the_reader_raise(text: str) -> None:
    """Whatever a file holds, there is data or a problem."""
    document, problems = read("x", text)
    assert problems or document.data is None or document.line(()) >= 1
