"""``halon regimes``: which duties to notify are in force for whom, with their sources; and confirming a rule."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from halon.cli import screen
from halon.cli.options import By, Json
from halon.cli.problems import CommandFailed, Usage

if TYPE_CHECKING:
    from halon.judgement.regime import Regime, StageRule
    from halon.kit import Kit

NOT_ADVICE = "Not legal advice; a named person decides."
_CONFIDENCE = {"A": "the text was read", "B": "two sources agree", "C": "one source", "U": "recalled, not verified"}
_STATES = ("ca", "co", "il", "ny", "tx")
"""The US states of which the packs hold rules: the id of each begins with it."""


def register(app: typer.Typer) -> None:
    """Add the command and what belongs to it."""
    regimes = typer.Typer(invoke_without_command=True)
    regimes.callback()(listed)
    regimes.command("show")(show)
    regimes.command("confirm")(confirm)
    app.add_typer(regimes, name="regimes", rich_help_panel="Prepare")


def listed(
    context: typer.Context,
    agent: Annotated[str | None, typer.Option("--agent", help="only what binds this agent's legal entity")] = None,
    entity: Annotated[str | None, typer.Option("--entity", help="only what binds this legal entity")] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="also what binds nobody by role, and what is not in force")
    ] = False,
    as_json: Json = False,
) -> None:
    """Which duties to notify are in force for whom today, with source and how well each was verified."""
    if context.invoked_subcommand is not None:
        return
    kit, today = _kit(), _today()
    entities = _entities(kit, agent, entity)
    rows = [told(one, kit, today) for one in kit.policy.regimes if one.entity in entities]
    shown = [row for row in rows if everything or (row["binds"] and row["state"] != "not in force")]
    if as_json:
        screen.value({"on": today, "regimes": shown, "hidden": len(rows) - len(shown), "note": NOT_ADVICE})
        return
    heads = ("ID", "ENTITY", "WHERE", "TOLD", "STATE", "SOURCE", "CONFIDENCE", "VERIFIED")
    cells = [
        (
            row["id"],
            row["entity"],
            row["where"],
            "; ".join(row["authorities"]),
            row["says"],
            row["source"],
            row["confidence"],
            row["verified"],
        )
        for row in shown
    ]
    screen.table(heads, cells)
    if len(rows) > len(shown):
        screen.line(f"{len(rows) - len(shown)} more bind none of these entities or are not in force; --all shows them.")
    screen.line("More lie in packs that are off: halon kit check names them.")
    screen.line(NOT_ADVICE)


def show(
    regime: Annotated[str, typer.Argument(metavar="ID", help="the regime, such as eu-gdpr-33")],
    as_json: Json = False,
) -> None:
    """One regime in full: whom it binds, who is told, the stages with their periods, contents, exceptions, source."""
    from halon.kit.confirming import NotConfirmed, named

    kit = _kit()
    try:
        found = named(kit, regime)
    except NotConfirmed as error:
        raise CommandFailed(error.what, error.next_step) from None
    from halon.judgement.expressions_told import in_words

    row = told(found, kit, _today())
    stages = [
        {"id": one.id, "due": in_words(one.due) if one.due else one.words or "without undue delay",
         "only_where": one.when is not None, **_heard(found, one)}
        for one in found.stages
    ]  # fmt: skip
    full: dict[str, Any] = {
        **row, "roles": list(found.roles), "recipient": found.recipient, "zone": found.zone,
        "portal": found.portal, "decider": found.decider, "stages": stages, "contents": list(found.contents),
        "phased": found.phased, "exceptions": list(found.exceptions), "displaced_by": list(found.displaced_by),
        "embargoes": [one.words for one in found.embargoes], "notes": found.notes, "note": NOT_ADVICE,
    }  # fmt: skip
    if as_json:
        screen.value(full)
        return
    screen.line(f"{found.id}: {found.title}", style="bold")
    lines = [
        ("state", row["says"]), ("source", found.source), ("verified", f"{row['confidence']}, on {found.verified}"),
        ("binds", " or ".join(found.roles) or "every entity"), ("told", f"{found.authority}: {found.recipient}"),
        ("portal", found.portal), ("decides", found.decider),
        *((f"stage {one['id']}", f"{one['due']}{' (only where its condition holds)' if one['only_where'] else ''}") for one in stages),
        ("phased", found.phased), ("contents", "; ".join(found.contents)), ("exceptions", "; ".join(found.exceptions)),
        ("gives way to", ", ".join(found.displaced_by)), ("embargo", "; ".join(one.words for one in found.embargoes)),
        ("notes", found.notes),
    ]  # fmt: skip
    screen.lines([f"  {name}: {text}" for name, text in lines if text])
    for rule in found.stages:
        if rule.told is not None:
            own = _heard(found, rule)
            screen.line(f"  {rule.id} tells {own['authority']}: {own['recipient']}")
            screen.lines([f"    {name}: {text}" for name, text in (
                ("portal", own["portal"]), ("language", own["language"]), ("contents", "; ".join(own["contents"])),
            ) if text])  # fmt: skip
    screen.line(NOT_ADVICE)


def _heard(regime: Regime, stage: StageRule) -> dict[str, Any]:
    """Who is told by one stage, how, where it is filed by hand, and what the notice must hold: its own, or the duty's."""
    one = stage.told or regime.whole
    asked = list(one.contents)
    if stage.told is None and regime.wanted:
        asked = [each.what for each in regime.wanted if not each.stages or stage.id in each.stages]
    return {
        "authority": one.authority, "audience": one.audience, "recipient": one.recipient, "portal": one.portal,
        "channel": one.channel, "template": one.template, "zone": stage.zone or regime.zone,
        "language": stage.language or regime.language, "contents": asked,
    }  # fmt: skip


def confirm(
    regime: Annotated[str, typer.Argument(metavar="ID", help="a regime whose state is: needs confirming")],
    source: Annotated[str, typer.Option("--source", metavar="TEXT", help="what you read: text, place, date")],
    by: By = None,
    as_json: Json = False,
) -> None:
    """Say on record that a rule which needed a lawyer's reading holds: written into confirmed.yaml of the kit in use."""
    from halon.cli import reaching
    from halon.kit.confirming import NotConfirmed
    from halon.kit.confirming import confirm as confirmed

    if not by:
        raise Usage("who confirms it is not said", "add --by NAME")
    folder = reaching.settings().kit
    try:
        kit = confirmed(folder, regime, by, source, _today(), os.environ)
    except NotConfirmed as error:
        raise CommandFailed(error.what, error.next_step) from None
    if as_json:
        screen.value({"ok": True, "regime": regime, "by": by, "source": source, "kit_digest": kit.digest})
        return
    screen.line(f"{regime} is confirmed by {by}. The kit is now {kit.digest[:12]}; open incidents stay on theirs until")
    screen.line("halon kit move ID takes them over.")
    screen.line(NOT_ADVICE)


def told(regime: Regime, kit: Kit, on: str) -> dict[str, Any]:
    """One regime as a row: state on the day ``on`` (ISO 8601), dates, source, how well it was verified."""
    state, says = _state(regime, on)
    held = kit.policy.entities[regime.entity].roles
    confirmed = regime.confirmed
    return {
        "id": regime.id, "title": regime.title, "entity": regime.entity, "state": state, "says": says,
        "where": where(regime), "authority": regime.authority,
        "authorities": list(dict.fromkeys(one.authority for one in regime.tells)),
        "binds": not regime.roles or bool(set(regime.roles) & set(held)), "status": regime.status,
        "effective_from": regime.effective_from or None, "effective_to": regime.effective_to or None,
        "source": regime.source, "confidence": f"{regime.confidence}: {_CONFIDENCE.get(regime.confidence, '')}",
        "verified": regime.verified, "pack": regime.pack or None,
        "confirmed": {"by": confirmed.by, "at": confirmed.at, "source": confirmed.source} if confirmed else None,
    }  # fmt: skip


def where(regime: Regime) -> str:
    """Where the law of a regime counts, as facts name the place: by its id, a US state in full; empty for a contract."""
    head, _, rest = regime.id.partition("-")
    if head == "contract":
        return ""
    state = rest.partition("-")[0]
    return f"US-{state.upper()}" if head == "us" and state in _STATES else {"uk": "GB"}.get(head, head.upper())


def _state(regime: Regime, on: str) -> tuple[str, str]:
    from halon.judgement.obligations import law_on

    if why := law_on(regime, on):
        return "not in force", f"not in force: {why}"
    if regime.status == "review_required" and regime.confirmed is None:
        return "needs confirming", "needs confirming: its clock runs in case it applies"
    sleeps = min((until for _, until in regime.dormant), default=regime.dormant_until)
    if sleeps and on < sleeps:
        return "dormant", f"dormant until {sleeps}: nobody is its addressee yet"
    if regime.confirmed is not None:
        return "in force", f"in force, confirmed by {regime.confirmed.by} on {regime.confirmed.at}"
    return "in force", "in force"


def _entities(kit: Kit, agent: str | None, entity: str | None) -> tuple[str, ...]:
    known = kit.policy.entities
    if agent is not None:
        if agent not in kit.policy.agents:
            raise CommandFailed(f"the kit has no agent {agent[:80]!r}", f"known: {', '.join(kit.policy.agents)}")
        entity = kit.policy.agents[agent].entity
    if entity is None:
        return tuple(known)
    if entity not in known:
        raise CommandFailed(f"the kit has no legal entity {entity[:80]!r}", f"known: {', '.join(known)}")
    return (entity,)


def _kit() -> Kit:
    from halon.cli import reaching
    from halon.kit import load

    return load(reaching.settings().kit, os.environ)


def _today() -> str:
    return datetime.now(UTC).date().isoformat()
