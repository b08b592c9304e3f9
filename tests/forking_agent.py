"""The sandbox agent, imported once and forked for every test that needs one: the same processes, without their imports.

Reads one JSON object a line. ``{"arguments": [...], "environment": {...}, "log": FILE}`` forks an agent and answers its
process id; ``{"poll": PID}`` answers its exit code, or null while it runs. Whatever still runs at the end is killed.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import sys
from typing import Any, NoReturn

from halon.drill.__main__ import main


def be_agent(asked: dict[str, Any]) -> NoReturn:
    """Be the agent until it is stopped."""
    code = 1
    try:
        os.environ.clear()
        os.environ.update(asked["environment"])
        log = os.open(asked["log"], os.O_WRONLY | os.O_APPEND)
        for number, source in ((0, os.open(os.devnull, os.O_RDONLY)), (1, log), (2, log)):
            os.dup2(source, number)
        code = main(asked["arguments"], os.environ)
    except SystemExit as error:
        code = error.code if isinstance(error.code, int) else 1
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        sys.stdout.flush()
        os._exit(code)


ended: dict[int, int | None] = {}


def exit_code(pid: int) -> int | None:
    """How the agent ended, negative for a signal; None while it runs."""
    if ended[pid] is None:
        found, status = os.waitpid(pid, os.WNOHANG)
        ended[pid] = os.waitstatus_to_exitcode(status) if found else None
    return ended[pid]


gc.freeze()
for line in iter(sys.stdin.readline, ""):
    asked = json.loads(line)
    if "poll" in asked:
        print(json.dumps(exit_code(asked["poll"])), flush=True)
    elif (pid := os.fork()) == 0:
        be_agent(asked)
    else:
        ended[pid] = None
        print(pid, flush=True)
for pid in ended:
    if exit_code(pid) is None:
        os.kill(pid, signal.SIGKILL)
