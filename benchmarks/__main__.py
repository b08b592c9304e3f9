"""Run all benchmarks and print one table each. Ends by itself in under 90 seconds; nothing is asserted about time."""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
import time
from pathlib import Path

from benchmarks import assess, control, doors, pure
from benchmarks.figures import print_machine, print_table


async def _all(home: Path) -> None:
    print_machine()
    print_table("assess(): facts and kit in, an assessment out", assess.assessing())
    print_table("record.append: one batch, durable on return (local files)", await pure.appending(home / "record"))
    print_table("One call of a tool under halon.control, in process", await control.calling(home / "control.db"))
    async with doors.house(home / "house") as house:
        print_table("From the front door to the first containment call", await doors.to_containment(house))
        print_table("50 identical alerts at once", await doors.identical(house))
        print_table("Alerts that join one open incident", await doors.joining(house))


def main() -> int:
    """The exit code: 0 when every benchmark ran."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="halon-bench-") as folder:
        asyncio.run(_all(Path(folder)))
    print(f"\nAll of it took {time.monotonic() - began:.0f} s.")
    return 0


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    os._exit(code)  # the SDK's threads can abort the interpreter while it exits
