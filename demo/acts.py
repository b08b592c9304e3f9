"""The story from its first line to its exit code: the scenes in order, and the end of every process whatever happens."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import traceback
from pathlib import Path
from types import FrameType

import breaking
import enduring
import mending
import people
import proving
import staying
from programs import DidNotStart, Programs
from scene import Scene
from speaking import Speaking
from telling import CannotGoOn, Telling

BEFORE_CLOSE = (
    breaking.start, breaking.harm, breaking.alarm, breaking.severity, breaking.evidence, breaking.tool_off,
    enduring.killed, enduring.refused,
    people.approval, people.typo, people.granted, people.clocks, people.notices,
    mending.cause, mending.fix, mending.give_back,
    enduring.buttons, mending.leadership,
)  # fmt: skip
TO_THE_END = (mending.close, proving.record)
TITLE = (
    "Halon: an AI agent does harm, and is brought back",
    "No language model inside: a scripted agent, real HTTP, a real Temporal server.",
    "Every check was read back just now. On the left: when it happened, in seconds of this run.",
    "It takes one to two minutes. Ctrl-C ends it at any time and leaves nothing behind.",
)


def play(*, keep: bool) -> int:
    """Play the case ``leak``. Returns 0 if every check held, 1 if one did not, 130 if it was interrupted."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        # A job in the background is started with Ctrl-C ignored; it must be possible to end it all the same.
        if number is not signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _interrupt)
    tell = Telling(transcript=_transcript())
    code, programs = 1, None
    try:
        tell.title(TITLE)
        with Programs() as programs:
            tell.alive = programs.require_running
            code = _scenes(tell, programs, keep)
    except DidNotStart as reason:
        tell.check("every program of the demo runs", False, reason)
    except BrokenPipeError:  # whoever read our lines has gone, such as head
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except KeyboardInterrupt:
        code = 130
        tell.line("\nInterrupted.", "bold")
    if programs is None:
        return code
    left = programs.left_running()
    if left:
        tell.check("no process of the demo is left", False, "; ".join(left))
        code = code or 1
    return _sum_up(tell, programs, code, keep=keep)


def _transcript() -> Path | None:
    """Where every line is kept as JSON, an empty file now; None if nobody asked for it."""
    wanted = os.environ.get("DEMO_TRANSCRIPT", "")
    if not wanted:
        return None
    path = Path(wanted).resolve()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("", "utf-8")
    return path


def _scenes(tell: Telling, programs: Programs, keep: bool) -> int:
    say = Speaking(programs)
    scene = Scene(tell, programs, say)
    try:
        for one in (*BEFORE_CLOSE, *((staying.stay,) if keep else TO_THE_END)):
            one(scene)
    except CannotGoOn as reason:
        tell.line(f"\nThe demo can't go on: {reason}", "bold red")
    except DidNotStart as reason:
        tell.check("every program of the demo runs", False, reason)
    except BrokenPipeError:
        raise
    except Exception as error:
        # What was read back is not of the shape that it should be, or nothing came back: that is a failed check as well.
        programs.log("demo").write_text(traceback.format_exc(), "utf-8")
        tell.check(
            "what was read back can be used", False, f"{type(error).__name__}: {error}; see {programs.log('demo')}"
        )
    finally:
        say.close()
    return 1 if tell.failed else 0


def _sum_up(tell: Telling, programs: Programs, code: int, *, keep: bool) -> int:
    count = tell.passed + len(tell.failed)
    if code == 130 and not tell.failed:
        shutil.rmtree(programs.folder, ignore_errors=True)
        return code
    told = f"{tell.passed} of {count} checks passed, in {tell.seconds:.0f} seconds."
    tell.end(told, "bold green" if code == 0 else "bold red")
    for what in tell.failed:
        tell.line(f"  FAILED: {what}", "bold red")
    if code:
        tell.line(f"Logs: {programs.folder}/*.log, {programs.home}/halon.log, {programs.home}/temporal.log")
        return code
    shutil.rmtree(programs.folder, ignore_errors=True)
    tell.line("\nThree things to try:", "bold")
    if not keep:
        tell.line("  make demo KEEP=1                  the same, left running for you to look and type")
    tell.line("  .venv/bin/halon up                Halon on this machine; README.md has the first alert to send")
    tell.line("  .venv/bin/halon init my-kit       rules of your own: your agents, your people, your duties")
    if keep:
        tell.line("  make demo                         the story to its end")
    return 0


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
