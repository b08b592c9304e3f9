"""The demo from its first line to its exit code: the acts in order, and the end of every process whatever happens."""

from __future__ import annotations

import shutil
import signal
import time
import traceback
from contextlib import suppress
from types import FrameType

import breaking
import mending
import people
from programs import DidNotStart, Programs
from scene import Scene
from speaking import Speaking
from telling import CannotGoOn, Telling

BEFORE_CLOSE = (
    breaking.start, breaking.harm, breaking.alert_and_kill, breaking.severity, breaking.contained,
    people.buttons, people.approvals, people.notices,
    mending.cause, mending.fix, mending.give_back, people.terminated,
)  # fmt: skip
TO_THE_END = (mending.recurrence_and_close, mending.record)


def play(*, keep: bool) -> int:
    """Play all acts. Returns 0 if every check held, 1 if one did not, 130 if it was interrupted."""
    tell = Telling()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        # A job in the background is started with Ctrl-C ignored; it must be possible to end it all the same.
        if number is not signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _interrupt)
    tell.line("Halon: one incident of an AI agent, end to end.", "bold")
    tell.line(
        "No language model inside: a scripted agent, real HTTP, a real Temporal server. Every figure below was read back."
    )
    code, programs = 1, Programs()
    try:
        with programs:
            code = _acts(tell, programs, keep)
    except KeyboardInterrupt:
        code = 130
        tell.line("\nInterrupted.", "bold")
    left = programs.left_running()
    if left:
        tell.check("no process of the demo is left", False, "; ".join(left))
        code = code or 1
    return _sum_up(tell, programs, code)


def _acts(tell: Telling, programs: Programs, keep: bool) -> int:
    say = Speaking(programs)
    scene = Scene(tell, programs, say)
    try:
        for act in BEFORE_CLOSE:
            act(scene)
        if keep:
            return _stay(scene)
        for act in TO_THE_END:
            act(scene)
    except CannotGoOn as reason:
        tell.line(f"\nThe demo can't go on: {reason}", "bold red")
    except DidNotStart as reason:
        tell.check("every program starts", False, reason)
    except Exception as error:
        # What was read back is not of the shape that it should be, or nothing came back: that is a failed check as well.
        traceback.print_exc()
        tell.check("what was read back can be used", False, f"{type(error).__name__}: {error}")
    finally:
        say.close()
    return 1 if tell.failed else 0


def _stay(scene: Scene) -> int:
    """Leave everything running until Ctrl-C; the rest of the story is not played."""
    programs, say = scene.programs, scene.say
    scene.tell.line(f"\nEverything stays up until Ctrl-C. Look at {say.reference} from another terminal:", "bold")
    scene.tell.line(f"  export HALON_HOME={programs.home} HALON_KIT={programs.kit}")
    scene.tell.line(f"  .venv/bin/halon show {say.reference}")
    scene.tell.line(f"  Temporal's own pages: {programs.ui_url}   the agent: {programs.agent_url}")
    with suppress(KeyboardInterrupt):
        while True:
            time.sleep(1)
    return 1 if scene.tell.failed else 0


def _sum_up(tell: Telling, programs: Programs, code: int) -> int:
    count = tell.passed + len(tell.failed)
    tell.line(f"\n{tell.clock}  Checks passed: {tell.passed} of {count}.", "bold" if code == 0 else "bold red")
    for what in tell.failed:
        tell.line(f"  failed: {what}", "red")
    if code == 130 and not tell.failed:
        shutil.rmtree(programs.folder, ignore_errors=True)
        return code
    if code:
        tell.line(
            f"Logs: {programs.log('halon-up')}, {programs.log('agent')}, {programs.home}/halon.log, {programs.home}/temporal.log"
        )
        return code
    shutil.rmtree(programs.folder, ignore_errors=True)
    tell.line("Three things to try:")
    tell.line(
        "  make demo KEEP=1                 the same, left running before the close: look around, say something yourself"
    )
    tell.line("  .venv/bin/halon up               Halon for real; README.md has the first alert to send")
    tell.line("  .venv/bin/halon init my-kit      a kit of your own: your agents, your people, your duties")
    return 0


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
