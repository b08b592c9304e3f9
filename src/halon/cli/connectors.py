"""``connector list``, ``connector show``, ``connector test``: what comes with Halon, and does yours really work?"""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from secrets import token_hex
from typing import TYPE_CHECKING, Annotated, Any

import typer

from halon.cli import screen
from halon.cli.options import Json
from halon.cli.problems import CommandFailed, Usage

if TYPE_CHECKING:
    from halon.connectors.proving import Proved
    from halon.kit.trying import Trial

_DOES = {
    "look": "read the state before",
    "apply": "switch it off",
    "verify": "read back that it is off",
    "undo": "give it back",
    "verify undo": "read back that it is back",
}


def register(app: typer.Typer) -> None:
    """Add the commands."""
    connector = typer.Typer(no_args_is_help=True)
    connector.command("list")(listing)
    connector.command("show")(show)
    connector.command("test")(try_out)
    about = "Connectors that come with Halon; try out one of your kit on a harmless target."
    app.add_typer(connector, name="connector", help=about, rich_help_panel="Prepare")


def listing(as_json: Json = False) -> None:
    """The connectors that come with Halon: product, version, and whether they ran against the real product."""
    from halon.kit.presets import presets

    found = presets()
    if as_json:
        screen.value([
            {"name": one.name, "product": one.product, "version": one.version, "tested": one.tested, "stops": one.stops,
             "undo": one.undo, "operations": sorted(one.shape.operations)}
            for one in found
        ])  # fmt: skip
        return
    rows = [(one.name, one.product, one.version, one.tested, ", ".join(one.shape.operations)) for one in found]
    screen.table(("name", "product", "version", "tested", "operations"), rows)
    screen.aside("one of them: halon connector show NAME > my-kit/connectors/NAME.yaml")


def show(
    name: Annotated[str, typer.Argument(metavar="NAME", help="as halon connector list names it")], as_json: Json = False
) -> None:
    """Print a connector that comes with Halon, to be kept in your kit: halon connector show NAME > my-kit/connectors/NAME.yaml."""
    from halon.kit.presets import preset

    found = preset(name)
    if as_json:
        screen.value({"name": found.name, "text": found.text})
        return
    screen.lines(found.text.splitlines())


def try_out(
    name: Annotated[str, typer.Argument(metavar="NAME", help="a connector of the kit")],
    agent: Annotated[str | None, typer.Option("--agent", help="at this agent's address and with its secret")] = None,
    kit: Annotated[
        Path | None, typer.Option("--kit", metavar="DIR", help="the kit; without it, the one in use")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="do not ask whether you mean it")] = False,
    as_json: Json = False,
) -> None:
    """Prove that a connector works: switch its harmless target off, read that back, give it back, read that back.

    The harmless target is what the connector's or agent's file names under harmless:. Nothing else is touched.
    """
    from halon.cli import reaching
    from halon.kit.trying import trial

    trying = trial(kit if kit is not None else reaching.settings().kit, name, agent, os.environ)
    if not as_json:
        screen.lines(_plan(trying))
    _agree(trying, yes, as_json)
    proved = asyncio.run(_proved(trying, quiet=as_json))
    failed = next((one for one in proved if not one.ok), None)
    if as_json:
        screen.value(_told(trying, proved))
        if failed is not None:
            raise typer.Exit(1)
        return
    if failed is not None:
        raise CommandFailed(f"{name} failed at {failed.step}: {failed.note}", _next(trying, proved))
    screen.line(f"{name} works: {trying.target} went off and came back, and both were read back.", style="green")


def _plan(trying: Trial) -> list[str]:
    from halon.connectors.showing import shown

    order = trying.order
    calls = (("look", order.verify), ("apply", order.apply), ("verify", order.verify), ("undo", order.undo),
             ("verify undo", order.undo_verify))  # fmt: skip
    lines = [
        f"Harmless target, from {trying.declared_in}: {order.action} on {trying.target}",
        "These calls will be sent, in this order, and no others:",
    ]
    lines += [f"  {step:<12} {shown(call)}" for step, call in calls if call is not None]
    return lines


def _agree(trying: Trial, yes: bool, as_json: bool) -> None:
    if yes:
        return
    if as_json or not sys.stdin.isatty():
        raise Usage("nobody is here to be asked, so nothing was sent", f"halon connector test {trying.connector} --yes")
    if not typer.confirm(f"Send them to {trying.order.apply.hosts[0]}?", default=False):
        raise CommandFailed("you said no, so nothing was sent")


async def _proved(trying: Trial, *, quiet: bool) -> list[Proved]:
    from halon.connectors.http import new_client
    from halon.connectors.proving import prove

    found = []
    async with new_client() as client:
        key = f"halon-test/{trying.connector}/{token_hex(6)}"
        async for one in prove(trying.order, key=key, client=client, environ=os.environ):
            found.append(one)
            if not quiet:
                mark = "ok    " if one.ok else "FAILED"
                screen.line(f"  {mark} {one.step:<12} {_DOES[one.step]}" + (f": {one.note}" if one.note else ""))
    return found


def _stands(proved: list[Proved]) -> str:
    """How the target stands after the last step."""
    return "it may still be off" if proved[-1].changed else "it stands as before"


def _next(trying: Trial, proved: list[Proved]) -> str:
    if proved[-1].changed:
        return f"{_stands(proved)}: look at {trying.target} at {trying.order.apply.hosts[0]} and set it back by hand"
    return f"{_stands(proved)}; mend connectors/{trying.connector}.yaml, its address or its secret, then try again"


def _told(trying: Trial, proved: list[Proved]) -> dict[str, Any]:
    return {
        "ok": all(one.ok for one in proved), "connector": trying.connector, "target": trying.target,
        "declared_in": trying.declared_in, "operation": trying.order.action,
        "steps": [{"step": one.step, "ok": one.ok, "status": one.status, "note": one.note} for one in proved],
        "stands": _stands(proved),
    }  # fmt: skip
