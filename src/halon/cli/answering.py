"""``halon approve`` and ``halon reject``: show exactly what is answered, ask whether it is meant, then say it.

Several gates, or all of one target, are shown one after the other, asked about once, and answered by one Update each: every
answer names its own gate, whose id ends in the digest of what will run. What is refused of several is told one by one.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from halon.cli import proving, restricted, screen
from halon.cli.options import By, Id, Json
from halon.cli.problems import CommandFailed, SaidNo, Usage
from halon.incident.commands import COMMANDS, near, parse
from halon.incident.errors import Malformed

if TYPE_CHECKING:
    from temporalio.client import Client

    from halon.cli.finding import Found

BREAK_GLASS = "break-glass"
ANSWERED = ("approve", "reject", BREAK_GLASS)
"""The commands that are made here."""
_WORDS = {"approve": "Say YES to", "reject": "Say NO to", BREAK_GLASS: "BREAK THE GLASS of"}
_Gates = Annotated[list[str] | None, typer.Argument(metavar="[GATE]...", help="the gates' ids as status shows them")]
_Target = Annotated[
    str | None,
    typer.Option("--target", metavar="TARGET", help="instead of gates: all open ones of this target or credential"),
]
_Yes = Annotated[
    bool, typer.Option("--yes", "-y", help="do not ask whether you mean it; needed where nobody can be asked")
]
_Why = Annotated[str | None, typer.Option("--reason", help="why, in words")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    for name in ANSWERED:
        app.command(name, help=COMMANDS[name].help, rich_help_panel="Say")(_command(name))


def _command(name: str) -> Callable[..., None]:
    def run(
        incident: Id,
        gates: _Gates = None,
        target: _Target = None,
        reason: _Why = None,
        by: By = None,
        code: str | None = None,
        sign: Path | None = None,
        print_json: bool = False,
        yes: _Yes = False,
        as_json: Json = False,
    ) -> None:
        named = tuple(dict.fromkeys(gates or ()))
        payload = _payload(name, named, target, by, reason)
        proofs = proving.Proofs(code or "", sign, bool(print_json))
        _say(incident, name, named, target or "", payload, proofs, yes=yes, as_json=as_json)

    run.__name__ = name.replace("-", "_")
    run.__doc__ = COMMANDS[name].help
    run.__annotations__ = {
        "incident": Id, "gates": _Gates, "target": _Target, "reason": _Why, "by": By, **proving.OPTIONS,
        "yes": _Yes, "as_json": Json, "return": None,
    }  # fmt: skip
    return run


def _payload(
    name: str, named: tuple[str, ...], target: str | None, by: str | None, reason: str | None
) -> dict[str, Any]:
    """What is said of each gate. Raises Usage for what would be refused as malformed."""
    if named and target:
        raise Usage(f"{name}: name gates, or --target, not both", f"halon {name} --help")
    if not by:
        raise Usage(f"{name}: say who you are", "--by NAME, or set HALON_USER")
    payload = {"by": by, **({"reason": reason} if reason else {})}
    for gate in named or ("GATE",):
        try:
            parse(name, {**payload, "gate": gate})
        except Malformed as error:
            raise Usage(str(error).partition(" For example: {")[0], f"halon {name} --help") from None
    return payload


def _say(
    wanted: str, name: str, named: tuple[str, ...], target: str, payload: dict[str, Any], proofs: proving.Proofs, *,
    yes: bool, as_json: bool,
) -> None:  # fmt: skip
    from halon.cli import finding
    from halon.cli.reaching import with_client

    person = not as_json and _at_terminal()
    restricted.as_whom(payload["by"], sign=proofs.sign, as_json=as_json, whole="")
    told: dict[str, Any] = {}

    async def work(client: Client, settings: Any) -> None:
        found = await finding.find(client, wanted, settings)
        if found.row is None:
            raise SaidNo(
                "Closed", f"{found.reference} is closed and only its record is left", f"halon show {found.reference}"
            )
        told["incident"], told["workflow_id"] = found.reference or found.workflow_id, found.workflow_id
        chosen = await _chosen(client, found, name, named, target)
        if name == BREAK_GLASS and len(chosen) > 1:
            raise Usage(
                "a glass is broken for one gate at a time", f"halon {name} {found.reference} {chosen[0]} --reason WHY"
            )
        if not proofs.print_json and not yes:
            if not person:
                raise Usage(f"{name} shows what it answers and asks first, and here is nobody to ask",
                            "read it with: halon show ID --gates; then say it with --yes")  # fmt: skip
            await _confirm(client, found, name, chosen, payload["by"])
        told["results"] = await _answer(client, found, name, chosen, payload, proofs, person=person)

    with_client(work)
    _tell(name, told, proofs, as_json=as_json)


def _at_terminal() -> bool:
    return sys.stdin.isatty() and sys.stdout.isatty()


def _tell(name: str, told: dict[str, Any], proofs: proving.Proofs, *, as_json: bool) -> None:
    results, incident = told["results"], told["incident"]
    if proofs.print_json:
        shown = [json.loads(one["answer"]) for one in results]
        screen.value(shown[0] if len(shown) == 1 else shown)
        return
    failed = [one for one in results if not one["ok"]]
    if len(results) == 1:  # in the form that scripts know from every command
        (one,) = results
        if as_json:
            screen.value({"ok": True, **{key: told[key] for key in ("incident", "workflow_id")}, "command": name,
                          "gate": one["gate"], "answer": one["answer"]})  # fmt: skip
        else:
            screen.line(f"{incident}: {one['answer']}")
        return
    if as_json:
        screen.value(
            {
                "ok": not failed,
                "incident": incident,
                "workflow_id": told["workflow_id"],
                "command": name,
                "results": results,
            }
        )
    for one in [] if as_json else results:
        screen.line(
            f"{incident} {one['gate']}: "
            + (one["answer"] if one["ok"] else f"REFUSED ({one['type']}): {one['message']}")
        )
    if failed:
        screen.aside(f"{len(failed)} of {len(results)} were not taken")
        raise typer.Exit(1)


async def _answer(
    client: Client, found: Found, name: str, chosen: list[str], payload: dict[str, Any], proofs: proving.Proofs, *,
    person: bool,
) -> list[dict[str, Any]]:  # fmt: skip
    """One Update for each gate. Of several a refusal is a result; alone it is raised as from any command."""
    sayings = [{**payload, "gate": gate} for gate in chosen]
    if len(chosen) == 1:
        answer = await proving.said(client, found.workflow_id, name, sayings[0], proofs, person=person)
        return [{"gate": chosen[0], "ok": True, "answer": answer}]
    sayings = [{**one, "together": sorted(chosen)} for one in sayings]
    if person and not proofs.code and proofs.sign is None and not proofs.print_json:
        proofs = replace(proofs, code=await proving.code_for(client, found.workflow_id, name, sayings))
    results: list[dict[str, Any]] = []
    for one in sayings:
        try:
            answer = await proving.said(client, found.workflow_id, name, one, proofs, person=False)
            results.append({"gate": one["gate"], "ok": True, "answer": answer})
        except CommandFailed as error:
            kind = getattr(error, "kind", type(error).__name__)
            results.append({"gate": one["gate"], "ok": False, "type": kind, "message": error.what})
            if not isinstance(error, SaidNo):  # nobody answers: what is left is not said
                results += [{"gate": later, "ok": False, "type": "NotSaid", "message": "not said, because nobody answers"}
                            for later in chosen[len(results) :]]  # fmt: skip
                break
    return results


async def _chosen(client: Client, found: Found, name: str, named: tuple[str, ...], target: str) -> list[str]:
    """The gates that are answered: those that were named, or the open ones of the target. Raises Usage."""
    from halon.cli.asking import ask

    if named:
        return list(named)
    gates = [one for one in await ask(client, found.workflow_id, "gates") if one["status"] == "open"]
    incident = found.reference or found.workflow_id
    if not target:
        ids = [one["id"] for one in gates]
        step = f"halon {name} {incident} {ids[0] if ids else 'GATE'}"
        raise Usage(f"name the gate. Open: {', '.join(ids) or 'none'}", step)
    chosen = [one["id"] for one in gates if target in one.get("about", ())]
    if not chosen:
        known = list(dict.fromkeys(word for one in gates for word in one.get("about", ())))
        raise Usage(f"no open gate is about {target[:80]!r}: {near(target, known)}", f"halon show {incident} --gates")
    return chosen


async def _confirm(client: Client, found: Found, name: str, chosen: list[str], by: str) -> None:
    """Show exactly what is answered, and ask once. Raises Usage if a gate is none, CommandFailed if the answer is no."""
    from halon.cli import gate_words
    from halon.cli.asking import ask

    gates = {gate["id"]: gate for gate in await ask(client, found.workflow_id, "gates")}
    for number, wanted in enumerate(chosen, start=1):
        gate = gates.get(wanted)
        if gate is None:
            raise Usage(
                f"there is no gate {wanted!r}: {near(wanted, list(gates))}", f"halon show {found.reference} --gates"
            )
        if gate["status"] != "open":
            raise CommandFailed(
                f"gate {wanted} is not open any more: it is {gate['status']}", f"halon show {found.reference} --gates"
            )
        gate_words.to_answer(gate, by, f"{number} of {len(chosen)}: " if len(chosen) > 1 else "")
    each = f"each of these {len(chosen)}" if len(chosen) > 1 else "this"
    if not await asyncio.to_thread(typer.confirm, f"{_WORDS[name]} {each} as {by}?", default=False):
        raise CommandFailed("nothing was said")
