"""What people say to an incident: every command of ``halon.incident.commands`` as a CLI command, made from its Spec."""

from __future__ import annotations

import asyncio
import inspect
import json
import re
import secrets
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from halon.cli import answering, proving, screen
from halon.cli.options import By, Id, Json
from halon.cli.problems import CommandFailed, NoWorker, SaidNo, Usage
from halon.incident import times
from halon.incident.commands import COMMANDS, Field, Spec, parse, unreasoned
from halon.incident.errors import Malformed

if TYPE_CHECKING:
    from temporalio.client import Client

    from halon.cli.finding import Found

ANSWER_SECONDS = 20.0
"""How long an answer may take; a worker that lives answers in well under one."""
_TWO_WORDS = {
    "add": ("Add a corrective action.", ("title",), ("owner", "deadline")),
    "done": ("Say that a corrective action is done.", ("id",), ("text",)),
}
"""``corrective`` does two things under one name: on the command line each has a word of its own."""


_BY_NAME = {"merge": ("into",), "restrict": ("people",)}
"""What must be said and is named on the command line, because its place says nothing: ``--into OTHER``."""
_ONE_BY_ONE = {"rules": "rule", "fingerprints": "fingerprint", "people": "person"}
"""Lists of names: each is an option of its own, given as often as needed."""
LOOK, NOBODY = "look", "none"
_SPAN = re.compile(r"\+?([1-9][0-9]{0,3})([mhd])")
ELSEWHERE = {"kit": "kit move", "evidence": "evidence", "contain": "contain", "affected": "affected"}
"""Commands that are more than a saying on the command line, with the words that they have there."""


def register(app: typer.Typer) -> None:
    """Add a command for each Spec."""
    for spec in COMMANDS.values():
        if spec.name == "corrective":
            app.add_typer(_corrective(spec), name=spec.name, help=spec.help, rich_help_panel="Say")
        elif spec.name not in (*ELSEWHERE, *answering.ANSWERED):
            app.command(spec.name, help=spec.help, rich_help_panel="Say")(made_from(spec, spec.name))


def made_from(spec: Spec, words: str) -> Callable[..., None]:
    """The function that Typer turns into the command ``words``: what must be said comes by position."""
    apart = ("by", "reason", *_BY_NAME.get(spec.name, ()))
    told = [field for field in spec.fields if field.required and field.name not in apart]
    optional = [field for field in spec.fields if field not in told and field.name != "by"]
    return _command(spec, words, spec.help, told, optional)


def _corrective(spec: Spec) -> typer.Typer:
    both = typer.Typer(no_args_is_help=True)
    fields = {field.name: field for field in spec.fields}
    for word, (said, positional, optional) in _TWO_WORDS.items():
        told, rest = [fields[name] for name in positional], [fields[name] for name in optional]
        both.command(word, help=said)(_command(spec, f"corrective {word}", said, told, rest))
    return both


def _command(spec: Spec, words: str, said: str, told: list[Field], optional: list[Field]) -> Callable[..., None]:
    """The function that Typer turns into a command: the first of ``told`` by position, the others either way."""
    parameters: dict[str, Any] = {"incident": Id}
    defaults: dict[str, Any] = {}
    for field in told:
        shown = field.name.upper()
        parameters[field.name] = Annotated[str | None, typer.Argument(metavar=shown, help=_help(field))]
        defaults[field.name] = None
    for field in [*told[1:], *optional]:
        name = f"{field.name}_option" if field in told else field.name
        again = f"the same as {field.name.upper()}" if field in told else _help(field)
        flag = f"--{field.name.replace('_', '-')}"
        parameters[name], defaults[name] = _option(field, flag, again)
    parameters["by"], defaults["by"] = By, None
    for name, kind in proving.OPTIONS.items():
        parameters[name], defaults[name] = kind, proving.DEFAULTS[name]
    parameters["as_json"], defaults["as_json"] = Json, False

    def run(**given: Any) -> None:
        payload = _payload(spec, words, told, optional, given)
        proofs = proving.Proofs(given["code"] or "", given["sign"], bool(given["print_json"]))
        _say(str(given["incident"]), spec, payload, proofs, as_json=bool(given["as_json"]))

    run.__name__ = words.replace(" ", "_").replace("-", "_")
    run.__doc__ = said
    run.__annotations__ = {**parameters, "return": None}
    run.__signature__ = inspect.Signature([  # type: ignore[attr-defined]
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=kind, default=defaults.get(name, inspect.Parameter.empty))
        for name, kind in parameters.items()
    ])  # fmt: skip
    return run


def _option(field: Field, flag: str, told: str) -> tuple[Any, Any]:
    """The type and the default of a field that is given as an option."""
    if field.kind == "flag":
        return Annotated[bool, typer.Option(flag, help=told)], False
    if field.kind in ("names", "people"):
        word = _ONE_BY_ONE.get(field.name, field.name)
        return Annotated[list[str] | None, typer.Option(f"--{word}", flag, metavar=word.upper(), help=told)], None
    return Annotated[str | None, typer.Option(flag, help=told)], None


def _help(field: Field) -> str:
    return f"{field.help}: {', '.join(field.choices)}" if field.choices else field.help


def _payload(spec: Spec, words: str, told: list[Field], optional: list[Field], given: dict[str, Any]) -> dict[str, Any]:
    """The command's JSON object. Raises Usage for what would be refused as malformed."""
    payload: dict[str, Any] = {}
    for field in [*told, *optional]:
        text = given.get(f"{field.name}_option") or given.get(field.name)
        if field.kind == "people":
            payload[field.name] = _people(words, text)
        elif field.kind in ("names", "flag"):
            payload |= {field.name: text} if text else {}
        elif text is not None and field.kind == "time":
            payload[field.name] = _moment(text)
        elif text is not None:
            payload[field.name] = _value(text, str(given.get("name"))) if field.kind == "value" else text
        elif field in told and not field.required:
            raise Usage(f"{words}: {field.name.upper()} is missing ({field.help})", f"halon {words} --help")
    if not given["by"]:
        raise Usage(f"{words}: say who you are", "--by NAME, or set HALON_USER")
    payload["by"] = given["by"]
    if "gate" in [field.name for field in told] and "gate" not in payload:
        return payload  # the open gates are listed once the incident is found
    try:
        parse(spec.name, payload)
    except Malformed as error:
        raise Usage(str(error).partition(" For example: {")[0], f"halon {words} --help") from None
    if why := unreasoned(spec.name, payload):
        raise Usage(f"{words}: {why.partition(': ')[0]}", "--reason WHY")
    return payload


def _people(words: str, given: Any) -> list[str]:
    """Who is named; nobody only where that is said, since it is more than forgetting to name somebody."""
    if not given:
        raise Usage(f"{words}: name who sees it from now on", f"--person NAME for each; --person {NOBODY} lifts it")
    return [] if list(given) == [NOBODY] else list(given)


def _moment(text: str) -> str:
    """A time as it is said to the incident: ISO 8601 as given, or a span from now such as ``2h``, ``90m``, ``1d``."""
    from datetime import UTC, datetime

    found = _SPAN.fullmatch(text.strip())
    if found is None:
        return text
    return times.after(times.text(datetime.now(UTC)), int(found[1]) * {"m": 60, "h": 3600, "d": 86_400}[found[2]])


def _value(text: str, name: str = "") -> Any:
    """A fact's value: JSON if it is; yes, no and "not known yet" as people type them; else the text itself."""
    from halon.judgement.vocabulary import VOCABULARY, answer

    if name in VOCABULARY and VOCABULARY[name].kind == "text":
        return answer(name, text)  # a version such as 9.9 is a word, not a number
    try:
        return answer(name, json.loads(text))
    except ValueError:
        return answer(name, text)


def _say(wanted: str, spec: Spec, payload: dict[str, Any], proofs: proving.Proofs, *, as_json: bool) -> None:
    from halon.cli import finding, restricted
    from halon.cli.reaching import with_client

    restricted.as_whom(payload["by"], sign=proofs.sign, as_json=as_json, whole="")

    async def work(client: Client, settings: Any) -> tuple[Found, str]:
        found = await finding.find(client, wanted, settings)
        if found.row is None:
            raise SaidNo(
                "Closed", f"{found.reference} is closed and only its record is left", f"halon show {found.reference}"
            )
        if "gate" not in payload and spec.name == "withdraw":
            raise await _which_gate(client, found, spec)
        person = not as_json and sys.stdin.isatty() and sys.stdout.isatty()
        return found, await proving.said(client, found.workflow_id, spec.name, payload, proofs, person=person)

    found, answer = with_client(work)
    if proofs.print_json or (spec.name == LOOK and not as_json):
        screen.value(json.loads(answer))
    elif as_json:
        screen.value({"ok": True, "incident": found.reference, "workflow_id": found.workflow_id,
                      "command": spec.name, "answer": json.loads(answer) if spec.name == LOOK else answer})  # fmt: skip
    else:
        screen.line(f"{found.reference}: {answer}")


async def send(client: Client, workflow_id: str, name: str, payload: dict[str, Any]) -> str:
    """Send the command as an Update and return the sentence that answers it, of ``look`` what it shows as JSON.

    Raises SaidNo with the incident's reason, NoWorker if nobody answers in time, CommandFailed.
    """
    from temporalio.client import WorkflowUpdateFailedError, WorkflowUpdateRPCTimeoutOrCancelledError
    from temporalio.exceptions import ApplicationError
    from temporalio.service import RPCError, RPCStatusCode

    update = secrets.token_hex(16)
    handle = client.get_workflow_handle(workflow_id)
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            told = await handle.execute_update(name, payload, id=update)
            return told if isinstance(told, str) else json.dumps(told)
    except WorkflowUpdateFailedError as error:
        cause = error.cause
        kind = (cause.type if isinstance(cause, ApplicationError) else None) or type(cause).__name__
        text = cause.message if isinstance(cause, ApplicationError) else str(cause)
        raise SaidNo(kind, text) from None
    except (TimeoutError, WorkflowUpdateRPCTimeoutOrCancelledError):
        raise NoWorker(
            f"no worker answered within {ANSWER_SECONDS:g} s, so it is not known to be done",
            "start one (halon up, halon worker), look with: halon status, and say it again",
        ) from None
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            raise SaidNo("Closed", "the incident is closed; nothing can be said to it any more") from None
        raise CommandFailed(
            f"Temporal did not take it ({error.status.name.lower()}: {error.message[:200]})",
            "see whether it runs: GET /healthz of the front door, or start it with: halon up",
        ) from error


async def _which_gate(client: Client, found: Found, spec: Spec) -> Usage:
    from halon.cli.asking import ask

    gates = [gate["id"] for gate in await ask(client, found.workflow_id, "gates") if gate["status"] == "open"]
    name = found.reference or found.workflow_id
    step = f"halon {spec.name} {name} {gates[0] if gates else 'GATE'}"
    return Usage(f"name the gate. Open: {', '.join(gates) or 'none'}", step)
