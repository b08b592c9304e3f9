"""Figures of one benchmark, and how they are printed."""

from __future__ import annotations

import os
import platform
import statistics
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version


@dataclass(frozen=True, slots=True)
class Figure:
    """One line: what was measured, its value with unit, and what else belongs to it."""

    what: str
    value: str
    note: str = ""


def milliseconds(what: str, seconds: Sequence[float]) -> Figure:
    """Median, 95th percentile and worst of durations in seconds."""
    ordered = sorted(seconds)
    late = ordered[min(len(ordered) - 1, round(0.95 * (len(ordered) - 1)))]
    note = f"p95 {late * 1000:,.2f}, worst {ordered[-1] * 1000:,.2f} ms, {len(ordered)} runs"
    return Figure(what, f"{statistics.median(ordered) * 1000:,.2f} ms", note)


def ratio(what: str, one: float, other: float) -> Figure:
    """How many times ``other`` fits into ``one``."""
    return Figure(what, f"{one / other:,.1f} x", "within this run")


def print_machine() -> None:
    """What the figures below were measured on."""
    print(
        f"Python {platform.python_version()}, temporalio {version('temporalio')}, {os.cpu_count()} cores, {sys.platform}"
    )


def print_table(title: str, figures: Sequence[Figure]) -> None:
    """One table."""
    wide = max(len(figure.what) for figure in figures)
    print(f"\n{title}")
    for figure in figures:
        print(f"  {figure.what:<{wide}}  {figure.value:>12}  {figure.note}".rstrip(), flush=True)
