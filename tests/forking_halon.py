"""``halon``, imported once and forked for every command: the same processes as people start, without their imports.

Reads one JSON object a line: ``words``, ``environment``, ``seconds`` and the files ``out`` and ``err``. Answers each with
its exit code, negative for the signal that ended it.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import pkgutil
import signal
import sys
from typing import Any, NoReturn

import halon.cli
from halon.cli import entry

for _module in pkgutil.iter_modules(halon.cli.__path__, "halon.cli."):
    importlib.import_module(_module.name)
# What commands import when they run.
for _name in ("client", "kit", "reports", "settings", "record.store", "evidence.store"):
    importlib.import_module(f"halon.{_name}")


def carry_out(asked: dict[str, Any]) -> NoReturn:
    """Be the command. It is ended by the kernel when its time is over."""
    os.environ.clear()
    os.environ.update(asked["environment"])
    for number, name in ((1, "out"), (2, "err")):
        os.dup2(os.open(asked[name], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), number)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    signal.alarm(int(asked["seconds"]))
    sys.argv = ["halon", *asked["words"]]
    entry.main()


gc.freeze()
for line in iter(sys.stdin.readline, ""):
    if (pid := os.fork()) == 0:
        carry_out(json.loads(line))
    print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)
