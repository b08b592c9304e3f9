"""Run all benchmarks and print one table each, in a few minutes; nothing is asserted about time.

With names of groups as arguments (``pure``, ``doors``, ``contain``, ``storms``) only those are run.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks import assess, contain, control, doors, pure, storms, wire
from benchmarks.figures import print_machine, print_table
from benchmarks.processes import apart


async def _pure(home: Path) -> None:
    print_table("assess(): facts and kit in, an assessment out", assess.assessing())
    print_table("plan(): the least that closes every way, and the rungs after it", assess.planning())
    print_table("record.append: one batch, durable on return (local files)", await pure.appending(home / "record"))
    print_table("One call of a tool under halon.control, in process", await control.calling(home / "control.db"))


async def _doors(home: Path) -> None:
    async with doors.house(home / "house") as house:
        print_table("From the front door to the first containment call", await doors.to_containment(house))
        print_table("50 identical alerts at once", await doors.identical(house))
        print_table("Alerts that join one open incident", await doors.joining(house))


async def _contain(home: Path) -> None:
    async with doors.house(home / "contain", wire.noting_agent) as house:
        seen = wire.Wire(
            str(house.api.base_url).rstrip("/"), (home / "contain" / "agent").with_suffix(wire.NOTES), doors.TOOL
        )
        figures, shares = await contain.to_the_call(house, seen)
        print_table(f"Alert to first containment call, in turn with a bare workflow, {contain.RUNS} times", figures)
        print_table("Where the time goes, by the server's clock, from the incident's start", shares)


async def _storms(home: Path) -> None:
    """Each on a server of its own: what one leaves open would be worked on during the next."""
    for name, title, measure in (
        ("single", "Deliveries one at a time, beside bare calls of Temporal", storms.one_at_a_time),
        ("storm", f"{storms.ALERTS:,} alerts of {storms.CAUSES} causes over {storms.CONNECTIONS} connections",
         storms.of_few_causes),
        ("stream", "Answers of an incident while 50 senders deliver to it", storms.approving),
        ("burst", f"{storms.BURST} causes at once, {storms.SEVERE} of them critical", storms.burst),
    ):  # fmt: skip
        async with apart(home / name) as halon:
            print_table(title, await measure(halon))


GROUPS = {"pure": _pure, "doors": _doors, "contain": _contain, "storms": _storms}


async def _all(home: Path, names: Sequence[str]) -> None:
    print_machine()
    for name in names:
        await GROUPS[name](home)


def main() -> int:
    """The exit code: 0 when every benchmark ran, 2 for a name that is none."""
    names = sys.argv[1:] or list(GROUPS)
    if unknown := [name for name in names if name not in GROUPS]:
        print(f"there is no group {unknown[0]!r}; known: {', '.join(GROUPS)}")
        return 2
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="halon-bench-") as folder:
        asyncio.run(_all(Path(folder), names))
    print(f"\nAll of it took {time.monotonic() - began:.0f} s.")
    return 0


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    os._exit(code)  # the SDK's threads can abort the interpreter while it exits
