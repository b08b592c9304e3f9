"""How a person proves on the command line that it is them: a code that is not shown, or a signature."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from halon.cli import screen
from halon.cli.problems import CommandFailed, SaidNo, Usage
from halon.incident.commands import parse
from halon.incident.proving import ANSWERS, MOST_AGAIN, statement
from halon.incident.strength import SSH, TOTP, at_least

if TYPE_CHECKING:
    from temporalio.client import Client

NOT_VERIFIED, USED = "NotVerified", "ProofUsed"
_ASKED_ON = (NOT_VERIFIED, "RefusedTooOften", "TooManyCodes")
"""Refusals to which a code, or two in a row, is an answer."""
OPTIONS: dict[str, Any] = {
    "code": Annotated[str | None, typer.Option("--code", metavar="CODE", help="the six digits of your authenticator; asked for where they are needed. After many wrong ones two in a row")],
    "sign": Annotated[Path | None, typer.Option("--sign", metavar="KEYFILE", help="sign it with this SSH key")],
    "print_json": Annotated[bool, typer.Option("--print-json", help="say nothing; print the JSON to paste into Temporal's UI")],
}  # fmt: skip
"""The options that every command to an incident has, by parameter."""
DEFAULTS: dict[str, Any] = {"code": None, "sign": None, "print_json": False}


@dataclass(frozen=True, slots=True)
class Proofs:
    """What was given on the command line."""

    code: str = ""
    sign: Path | None = None
    print_json: bool = False


async def said(
    client: Client, workflow_id: str, name: str, payload: dict[str, Any], proofs: Proofs, *, person: bool
) -> str:
    """Say it with what proves who speaks, and return the answer; with ``print_json`` the JSON, and nothing is said.

    With a ``person`` at the terminal a code that is needed is asked for, before it is said where the kit here asks for
    one, else when it was refused for want of it. Raises what ``send`` raises.
    """
    from halon.cli.saying import send

    if proofs.code:
        payload = {**payload, "code": proofs.code}
    if proofs.sign is not None:
        return await _signed(client, workflow_id, name, payload, proofs)
    if proofs.print_json:
        return json.dumps(payload)
    if person and "code" not in payload and await _asks_for_code(client, workflow_id, name, payload):
        payload = {**payload, "code": await _typed()}
    try:
        return await send(client, workflow_id, name, payload)
    except SaidNo as error:
        if error.kind not in _ASKED_ON or not person or ("code" in payload and error.kind != "TooManyCodes"):
            raise
        screen.aside(error.what)
        return await send(client, workflow_id, name, {**payload, "code": await _typed()})


async def code_for(client: Client, workflow_id: str, name: str, payloads: list[dict[str, Any]]) -> str:
    """One code for several answers that are said together, asked for where the kit here wants one; else empty."""
    for payload in payloads:
        if await _asks_for_code(client, workflow_id, name, payload):
            return await _typed()
    return ""


async def _signed(client: Client, workflow_id: str, name: str, payload: dict[str, Any], proofs: Proofs) -> str:
    """Sign and say it; what was signed and taken back before is signed anew, so that no old signature serves for it."""
    from halon.cli.saying import send
    from halon.identity.errors import NoSigning
    from halon.identity.ssh import sign

    line = await _line(client, workflow_id, name, payload)
    if proofs.sign is None or not proofs.sign.is_file():
        raise Usage(f"--sign: there is no file {proofs.sign}", "name your SSH key, such as ~/.ssh/id_ed25519")
    refused: SaidNo | None = None
    for time in range(1, MOST_AGAIN + 1):
        try:
            signature = await sign(proofs.sign, line if time == 1 else f"{line} {time}")
        except NoSigning as error:
            raise CommandFailed(str(error)) from error
        whole = {**payload, "signature": signature}
        if proofs.print_json:
            return json.dumps(whole)
        try:
            return await send(client, workflow_id, name, whole)
        except SaidNo as error:
            if error.kind != USED:
                raise
            refused = error
    raise refused or CommandFailed("nothing was said")


async def _line(client: Client, workflow_id: str, name: str, payload: dict[str, Any]) -> str:
    """What is to be signed. Raises Usage for a gate that there is not."""
    if name in ANSWERS:
        gate = await _gate(client, workflow_id, payload)
        if gate is None:
            raise Usage(f"there is no gate {payload.get('gate')!r}", f"halon show {workflow_id} --gates")
        return str(gate["to_sign"][name])
    incident_id = await _identity(client, workflow_id)
    return statement(incident_id, name, parse(name, payload).parameters)


async def _identity(client: Client, workflow_id: str) -> str:
    """The incident's id, which a restricted incident does not tell either: it is that of its first run."""
    from halon.cli.restricted import is_so
    from halon.client import ask
    from halon.incident.ids import incident_id

    handle = client.get_workflow_handle(workflow_id)
    told = await ask(handle, "report", 5.0)
    if not is_so(told):
        return str(told["incident_id"])
    described = await handle.describe()
    return incident_id(workflow_id, described.raw_description.workflow_execution_info.first_run_id)


async def _gate(client: Client, workflow_id: str, payload: dict[str, Any]) -> dict[str, Any] | None:
    from halon.cli.asking import ask

    gates: list[dict[str, Any]] = await ask(client, workflow_id, "gates")
    return next((one for one in gates if one["id"] == payload.get("gate")), None)


async def _asks_for_code(client: Client, workflow_id: str, name: str, payload: dict[str, Any]) -> bool:
    """Whether the kit of this machine asks for a code; the incident's own answer counts, and comes when it is said."""
    from halon.cli import reaching
    from halon.kit import KitError, load

    try:
        proving = (await asyncio.to_thread(load, reaching.settings().kit)).proving
    except KitError:
        return False
    if name not in ANSWERS:
        needed = proving.of(name)
    else:
        gate = await _gate(client, workflow_id, payload)
        needed = proving.of(name, gate["asked_as"], gate["policy"].get("verifier", "")) if gate else ""
    return at_least(needed, TOTP) and not at_least(needed, SSH)


async def _typed() -> str:
    return str(await asyncio.to_thread(typer.prompt, "code of your authenticator", hide_input=True)).strip()
