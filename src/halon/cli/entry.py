"""``halon``: build the commands, run one, and say in one line and an exit code how it went.

Exit codes: 0 done, 1 refused or failed (with reason and next step), 2 typed wrongly.
"""

from __future__ import annotations

import logging
import os
import sys
import traceback
from typing import Annotated, Any, NoReturn

import typer
from typer.main import get_command

from halon.cli import (
    affecting,
    answering,
    connectors,
    containing,
    controls,
    deciding,
    evidence,
    halting,
    identity,
    judging,
    kits,
    listing,
    looking,
    noticing,
    observing,
    records,
    regimes,
    registering,
    reporting,
    rolling_up,
    saying,
    screen,
    serving,
    sources,
    up,
)
from halon.incident.errors import HalonError
from halon.settings import SettingsError


def build() -> typer.Typer:
    """The whole application."""
    app = typer.Typer(
        name="halon",
        help="Halon puts out fires in AI agents without wrecking the room: durable incident response on Temporal.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode="rich" if sys.stdout.isatty() else None,
        epilog="ID is the short reference (INC-7F3A), the workflow id, or . for the only open incident.",
    )
    app.callback()(_options)
    for part in (
        up,
        serving,
        listing,
        looking,
        noticing,
        observing,
        rolling_up,
        saying,
        answering,
        deciding,
        affecting,
        registering,
        reporting,
        containing,
        halting,
        kits,
        controls,
        connectors,
        judging,
        regimes,
        sources,
        records,
        evidence,
        identity,
    ):
        part.register(app)
    return app


def main() -> NoReturn:
    """The console script. Never returns: the Temporal SDK can abort the interpreter while it winds down."""
    code = run(sys.argv[1:])
    _flush()
    os._exit(code)


def run(arguments: list[str]) -> int:
    """Run one command line and return its exit code; what went wrong is on stderr, and with --json also on stdout."""
    logging.basicConfig(
        level=logging.WARNING, stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    in_json = "--json" in arguments
    try:
        result = get_command(build()).main(args=arguments, prog_name="halon", standalone_mode=False)
    except (KeyboardInterrupt, typer.Abort):
        screen.aside("stopped")
        return 130
    except BrokenPipeError:
        # Whoever read our output has gone, such as head; nothing is left to be told.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except HalonError as error:
        return _failed(error, in_json)
    except Exception as error:
        if hasattr(error, "format_message"):  # a usage error of Typer's; its class is not public in every release
            return _told(2, "Usage", str(error.format_message()), _help_for(error), in_json)
        traceback.print_exc()
        return _told(1, type(error).__name__, f"unexpected: {type(error).__name__}: {error}",
                     "this is a bug: report it with the lines above", in_json)  # fmt: skip
    return result if isinstance(result, int) else 0


def _options(
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, help="print the version", callback=lambda given: _version(given))
    ] = False,
) -> None:
    """Options before the command."""


def _version(given: bool) -> None:
    if given:
        import halon

        screen.line(f"halon {halon.__version__}")
        raise typer.Exit(0)


def _failed(error: HalonError, in_json: bool) -> int:
    problems = getattr(error, "problems", ())
    if problems:  # a kit that is not sound: the first problem here, all of them from its own command
        count = f"{len(problems)} {'problem' if len(problems) == 1 else 'problems'}"
        return _told(
            1, type(error).__name__, f"the kit has {count}; the first: {problems[0]}", "halon kit check", in_json
        )
    code = int(getattr(error, "code", 2 if isinstance(error, SettingsError) else 1))
    kind = str(getattr(error, "kind", type(error).__name__))
    what = str(getattr(error, "what", "")) or " | ".join(str(error).splitlines())
    return _told(code, kind, what, str(getattr(error, "next_step", "")), in_json)


def _told(code: int, kind: str, what: str, next_step: str, in_json: bool) -> int:
    if in_json:
        screen.value({"ok": False, "error": {"type": kind, "message": what, "next_step": next_step}})
    screen.aside(f"error: {what}" + (f" → {next_step}" if next_step and next_step not in what else ""))
    return code


def _help_for(error: Any) -> str:
    context = getattr(error, "ctx", None)
    return f"{context.command_path} --help" if context is not None else "halon --help"


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            continue  # closed by whoever read it


if __name__ == "__main__":
    main()
