"""``whoami`` and ``enrol``: who the kit says you are, what can prove it, and how somebody gets what can."""

from __future__ import annotations

import asyncio
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from halon.cli import screen
from halon.cli.options import By, Json
from halon.cli.problems import SaidNo, Usage
from halon.evidence.errors import EvidenceError
from halon.incident.strength import CLAIMED, PRINCIPAL, SSH, TOTP, at_least

if TYPE_CHECKING:
    from halon.identity.devices import Devices
    from halon.identity.enrolling import Enrolling
    from halon.kit import Kit
    from halon.kit.tonight import Finding
    from halon.settings import Settings

_PANEL = "Prepare"
_LARGEST_KEY = 16_384


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("whoami", rich_help_panel=_PANEL)(whoami)
    app.command("enrol", rich_help_panel=_PANEL)(enrol)


def whoami(by: By = None, as_json: Json = False) -> None:
    """Who does the kit say that you are, what can prove it, and which gates ask for it?"""
    from halon.cli import reaching

    settings = reaching.settings()
    kit = _kit(settings)
    name = _known(kit, _spoken(by, "whoami"))
    told = asyncio.run(_told(kit, settings, name))
    if as_json:
        screen.value({"ok": True, **told})
        return
    screen.line(f"{name}: {told['full_name']}, {', '.join(told['roles'])}")
    screen.line(f"Proves you: {', '.join(told['verifiers'])}" + (f" ({told['note']})" if told["note"] else ""))
    for kind, asked in told["gates"].items():
        can = "" if asked["can"] else f"   you can't answer it: {_way(name, asked['needs'])}"
        screen.line(f"  gate {kind:<13} takes {asked['needs']}{can}")
    for command, asked in told["commands"].items():
        can = "" if asked["can"] else f"   you can't say it: {_way(name, asked['needs'])}"
        screen.line(f"  {command:<18} takes {asked['needs']}{can}")


def enrol(
    name: Annotated[str, typer.Argument(metavar="NAME", help="whom: a person of oncall.yaml")],
    totp: Annotated[bool, typer.Option("--totp", help="a new device for codes; the one before counts until this one is confirmed")] = False,
    ssh: Annotated[Path | None, typer.Option("--ssh", metavar="FILE", help="print the line of allowed_signers for this public key")] = None,
    confirm: Annotated[str | None, typer.Option("--confirm", metavar="CODE", help="the first code of the new device: from now on it counts")] = None,
    lost: Annotated[bool, typer.Option("--lost", help="the device is lost: no code of it counts any more, not even one said before")] = False,
    by: By = None,
    code: Annotated[str | None, typer.Option("--code", metavar="CODE", help="a code of your own device, if you have one")] = None,
    as_json: Json = False,
) -> None:  # fmt: skip
    """Give somebody a device whose codes prove them, replace it, or report it lost. No secret is stored."""
    from halon.cli import reaching

    if sum((totp, ssh is not None, confirm is not None, lost)) != 1:
        raise Usage("enrol: say one of --totp, --ssh FILE, --confirm CODE, --lost", "halon enrol --help")
    settings = reaching.settings()
    kit = _kit(settings)
    person = _known(kit, name)
    if ssh is not None:
        _print_line(kit, person, ssh, as_json=as_json)
        return
    if confirm is not None:
        device = asyncio.run(_enrolling(kit, settings).confirm(person, confirm, _now()))
        told = f"Device {device.generation} of {person} counts from now on."
        _say({"person": person, "generation": device.generation, "confirmed": True}, told, as_json=as_json)
        return
    who = _known(kit, _spoken(by, "enrol"))
    asyncio.run(_carry_out(kit, settings, person, who, code or "", lost=lost, as_json=as_json))


async def _carry_out(
    kit: Kit, settings: Settings, person: str, who: str, code: str, *, lost: bool, as_json: bool
) -> None:
    from halon.identity.enrolling import Enroller
    from halon.identity.errors import CodeNeeded

    enrolling = _enrolling(kit, settings)
    asked = Enroller(who, kit.people[who].roles, code)
    at_hand = not as_json and sys.stdin.isatty() and sys.stdout.isatty()
    try:
        await _step(enrolling, person, asked, lost=lost, at_hand=at_hand, as_json=as_json)
    except CodeNeeded:
        if not at_hand:
            raise
        typed = await asyncio.to_thread(typer.prompt, f"code of {who}", hide_input=True)
        again = Enroller(who, asked.roles, str(typed).strip())
        await _step(enrolling, person, again, lost=lost, at_hand=at_hand, as_json=as_json)


async def _step(enrolling: Enrolling, person: str, who: Any, *, lost: bool, at_hand: bool, as_json: bool) -> None:
    if lost:
        gone = await enrolling.lose(person, who, _now())
        told = f"Lost: {len(gone)} of {person}. What was approved by it and has not run must be approved anew."
        _say({"person": person, "lost": [one.generation for one in gone]}, told, as_json=as_json)
        return
    device, uri = await enrolling.begin(person, who, _now())
    step = f"halon enrol {person} --confirm CODE"
    if as_json or not at_hand:
        words = f"Device {device.generation} of {person}. Give this to their authenticator app, and to nobody else:\n{uri}\nThen: {step}"
        _say({"person": person, "generation": device.generation, "uri": uri, "next": step}, words, as_json=as_json)
        return
    screen.lines(
        [f"Device {device.generation} of {person}. Give this to their authenticator app, and to nobody else:", uri]
    )
    typed = await asyncio.to_thread(typer.prompt, "the first code that it shows", hide_input=True)
    await enrolling.confirm(person, str(typed).strip(), _now())
    screen.line(f"Device {device.generation} of {person} counts from now on.")


def _print_line(kit: Kit, person: str, file: Path, *, as_json: bool) -> None:
    """The line for the kit. Nothing is written: the kit is yours, and who may sign is reviewed like the rest of it."""
    from halon.kit.signers import SIGNERS, line_for

    try:
        with file.open("rb") as opened:
            text = opened.read(_LARGEST_KEY + 1).decode("ascii", "replace")
    except OSError as error:
        raise Usage(
            f"{file} can't be read ({error.strerror})", "name your public key, such as ~/.ssh/id_ed25519.pub"
        ) from error
    line = line_for(person, text)
    if not line:
        step = f"name the public one: {file}.pub" if "PRIVATE KEY" in text else "name a file that ends in .pub"
        raise Usage(f"{file} is no public SSH key of a kind that is taken", step)
    there = line.split()[-1] in kit.proving.signers.split()
    told = (
        f"It stands in {SIGNERS} already."
        if there
        else f"Add this line to {SIGNERS} of the kit, and restart the workers:\n{line}"
    )
    _say({"person": person, "file": SIGNERS, "line": line, "there": there}, told, as_json=as_json)


async def _told(kit: Kit, settings: Settings, name: str) -> dict[str, Any]:
    from halon.identity.enrolling import usable
    from halon.kit.proving import GATES
    from halon.kit.signers import holders

    note, device = "", None
    try:
        devices = _devices(settings)
        device = usable(await devices.of(name)) if devices else None
    except (OSError, EvidenceError) as error:
        note = (
            f"whether a device is enrolled can't be seen: the evidence store does not answer ({type(error).__name__})"
        )
    proving = kit.proving
    keys = holders(proving.signers).get(name, 0)
    has = [
        CLAIMED,
        *([TOTP] if device else []),
        *([SSH] if keys else []),
        *([PRINCIPAL] if name in proving.principals else []),
    ]
    can = {needs: any(at_least(one, needs) for one in has) for needs in (CLAIMED, TOTP, SSH, PRINCIPAL)}
    asked = {command: needs for command, needs in proving.commands.items() if needs != CLAIMED}
    return {
        "name": name, "full_name": kit.people[name].display, "roles": list(kit.people[name].roles), "verifiers": has,
        "device": {"generation": device.generation, "since": device.confirmed_at, "by": device.by} if device else None,
        "ssh_keys": keys, "principal": proving.principals.get(name, ""), "note": note, "development": proving.development,
        "gates": {kind: {"needs": needs, "can": can[needs]} for kind in GATES for needs in (proving.of_gate(kind),)},
        "commands": {command: {"needs": needs, "can": can[needs]} for command, needs in asked.items()},
    }  # fmt: skip


def unproved(kit: Kit, settings: Settings) -> tuple[Finding, ...]:
    """Whoever holds a role that must prove who they are and has nothing to prove it with, for ``halon kit check``."""
    from halon.identity.enrolling import usable
    from halon.kit.tonight.proofs import about_proofs

    if not kit.proving.asked_of:
        return ()

    async def enrolled() -> frozenset[str] | None:
        try:
            devices = _devices(settings)
            return frozenset([name for name in kit.people if devices and usable(await devices.of(name))])
        except (OSError, EvidenceError):
            return None

    return tuple(about_proofs(kit, asyncio.run(enrolled()), os.environ))


def _devices(settings: Settings) -> Devices | None:
    """The devices in the evidence store; None where there is no store yet, so nobody has one."""
    from halon.evidence.store import EvidenceStore
    from halon.identity.devices import Devices

    if "://" not in settings.evidence and not Path(settings.evidence).expanduser().is_dir():
        return None
    return Devices(EvidenceStore.open(settings.evidence))


def _way(name: str, needs: str) -> str:
    ways = {TOTP: f"halon enrol {name} --totp", SSH: f"halon enrol {name} --ssh FILE"}
    return ways.get(needs, "principal: in oncall.yaml")


def _enrolling(kit: Kit, settings: Settings) -> Enrolling:
    from halon.evidence.store import EvidenceStore
    from halon.identity.enrolling import Enrolling
    from halon.identity.seeds import identity_key

    key = identity_key(os.environ)
    return Enrolling(EvidenceStore.open(settings.evidence), key, kit.proving.enrol, kit.proving.issuer)


def _kit(settings: Settings) -> Kit:
    from halon.kit import load

    return load(settings.kit)


def _spoken(by: str | None, words: str) -> str:
    if not (by or "").strip():
        raise Usage(f"{words}: say who you are", "--by NAME, or set HALON_USER")
    return str(by)


def _known(kit: Kit, name: str) -> str:
    wanted = name.strip().lower()
    if wanted not in kit.people:
        raise SaidNo("UnknownPerson", f"nobody called {name[:80]!r} is in the kit; known: {', '.join(kit.people)}")
    return wanted


def _say(value: dict[str, Any], words: str, *, as_json: bool) -> None:
    if as_json:
        screen.value({"ok": True, **value})
    else:
        screen.lines(words.splitlines())


def _now() -> str:
    from halon.incident import times

    return times.text(datetime.now(UTC))
