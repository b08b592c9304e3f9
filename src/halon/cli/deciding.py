"""The decision sheet: ``decide ID [OBLIGATION]``, to read, as HTML or PDF; and a question handed to somebody."""

from __future__ import annotations

import asyncio
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from halon.cli import restricted, screen
from halon.cli.options import By, Code, Id, Json, Sign
from halon.cli.problems import CommandFailed, NoWorker, Usage
from halon.incident.commands import near

if TYPE_CHECKING:
    from temporalio.client import Client

    from halon.cli.finding import Found
    from halon.incident.assessment import Obligation
    from halon.incident.state import State
    from halon.kit import Kit
    from halon.settings import Settings

_LONGEST = 300
"""Characters of a step's title, as the command ``task`` takes it."""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("decide", rich_help_panel="Say")(decide)


def decide(
    incident: Id,
    obligation: Annotated[
        str | None,
        typer.Argument(metavar="OBLIGATION", help="one duty, such as eu-gdpr-33; all that may apply if left out"),
    ] = None,
    ask: Annotated[
        str | None,
        typer.Option("--ask", metavar="FACT", help="make a step of this open question, for somebody to answer"),
    ] = None,
    owner: Annotated[
        str | None,
        typer.Option("--owner", help="with --ask: whose step it is, a person or a role; the decider's if left out"),
    ] = None,
    html: Annotated[Path | None, typer.Option("--html", metavar="FILE", help="write the sheet as HTML")] = None,
    pdf: Annotated[Path | None, typer.Option("--pdf", metavar="FILE", help="write the sheet as PDF")] = None,
    force: Annotated[bool, typer.Option("--force", help="replace FILE if it is there already")] = False,
    by: By = None,
    code: Code = None,
    sign: Sign = None,
    as_json: Json = False,
) -> None:
    """What must be known to decide a duty: known with its source, open questions and what each answer changes, due times."""
    from halon.cli.looking import with_found

    if (ask or owner) and not (ask and obligation):
        raise Usage("--ask and --owner go together with the duty", "halon decide ID OBLIGATION --ask FACT")
    if ask and not by:
        raise Usage("decide --ask: say who you are", "--by NAME, or set HALON_USER")

    restricted.as_whom(by, code, sign, as_json=as_json, whole="")

    async def work(client: Client | None, found: Found, settings: Settings, why: str) -> None:
        state, why = await _state(client, found, settings, why)
        duties = _chosen(state, obligation)
        if ask is not None:
            if client is None or found.row is None:
                raise CommandFailed("nothing can be said to it: it is closed, or Temporal is not reached", "halon up")
            said = _question(state, duties[0], ask, owner, str(by), code)
            await _ask(client, found, said, as_json=as_json)
            return
        await _show(state, duties, settings, why, html=html, pdf=pdf, force=force, as_json=as_json)

    with_found(incident, work)


async def _state(client: Client | None, found: Found, settings: Settings, why: str) -> tuple[State, str]:
    """The incident's whole state: its own answer, else the one mirrored beside its record. Raises CommandFailed."""
    from pydantic import TypeAdapter

    from halon.cli import asking
    from halon.incident.state import State

    if client is not None and found.row is not None:
        try:
            told = await asking.whole(client, found.workflow_id)
        except NoWorker as error:
            why = error.what
        else:
            if told is None:
                raise CommandFailed(
                    "the incident has only just been opened and knows nothing yet", "try again in a moment"
                )
            return TypeAdapter(State).validate_python(told), ""
    state = await asking.mirrored(settings, found)
    if state is None:
        raise CommandFailed(
            f"{why or 'it is over'}, and no state of it is mirrored in {settings.evidence}", asking.START_ONE
        )
    restricted.require_open(state)
    return state, "" if state.closed_at else (why or "last mirrored state")


def _chosen(state: State, wanted: str | None) -> list[Obligation]:
    from halon.decision import open_to_decide

    duties = open_to_decide(state, wanted or "")
    if wanted and not duties:
        raise Usage(
            f"there is no duty {wanted[:80]!r}: {near(wanted, [one.name for one in state.obligations])}",
            "halon decide ID",
        )
    return duties


async def _show(
    state: State, duties: list[Obligation], settings: Settings, why: str, *, html: Path | None, pdf: Path | None,
    force: bool, as_json: bool,
) -> None:  # fmt: skip
    from halon import decision
    from halon.incident import times
    from halon.incident.about import about

    now = times.text(datetime.now(UTC))
    kit, note = await _kit(state, settings)
    answers = await asyncio.to_thread(decision.what_if, state, duties, kit.policy, now)
    sheets = []
    for duty in duties:
        own = duty.entity if state.assessment is None or duty.entity != state.assessment.entity else ""
        told = about(state, now, own)
        one = next(each for each in told["obligations"] if each["key"] == duty.name)
        sheets.append(decision.sheet(told, one, answers.get(duty.name, {}), kit.policy))
    written = _written(state, duties, answers, now, why, html=html, pdf=pdf, force=force)
    if as_json:
        screen.value({"incident": state.reference, "as_of": now, "stale": why or None, "kit": note or None, "duties": sheets,
                      "written": written, "note": decision.NOT_ADVICE})  # fmt: skip
        return
    screen.lines([f"Written to {path}, SHA-256 {digest}" for path, digest in written.items()])
    if written:
        return
    screen.line(f"{state.reference}: who must be told, and by when. {decision.NOT_ADVICE}", style="bold")
    screen.lines(
        [f"Note: {one}" for one in (why and f"nobody answers ({why}); this is the last known state", note) if one]
    )
    for one in sheets:
        screen.lines(decision.lines(one, state.reference, now))
    if not sheets:
        screen.line("No duty to notify applies or may apply, and none was decided about.")


async def _kit(state: State, settings: Settings) -> tuple[Kit, str]:
    """The kit that judges the incident, and a note where it could not be had and this machine's is taken."""
    from halon.evidence.errors import EvidenceError
    from halon.evidence.store import EvidenceStore
    from halon.incident.kits import in_force
    from halon.kit import KitError, load, restore, stored_at

    digest = in_force(state)
    try:
        mine: Kit | None = load(settings.kit, os.environ)
    except KitError:
        mine = None
    if mine is not None and digest in ("", mine.digest):
        return mine, ""
    try:
        content = await EvidenceStore.open(settings.evidence).get(stored_at(digest))
        return await asyncio.to_thread(restore, content, os.environ), ""
    except (EvidenceError, KitError, OSError) as error:
        if mine is None:
            raise CommandFailed(f"the kit {digest[:12]} of this incident can't be read ({type(error).__name__})",
                                "set HALON_EVIDENCE to the store that the worker uses") from error  # fmt: skip
    return mine, f"what answers change is judged by the kit of this machine, not by the incident's own ({digest[:12]})"


def _written(
    state: State, duties: list[Obligation], answers: dict[str, Any], now: str, why: str, *, html: Path | None,
    pdf: Path | None, force: bool,
) -> dict[str, str]:  # fmt: skip
    """The files that were asked for, with their SHA-256. Raises CommandFailed, NoPdf, TemplateFailed."""
    import hashlib

    from halon.cli.writing import put
    from halon.incident.about import about
    from halon.reports import Format, make

    named = [one.name for one in duties]
    told = about(state, now)
    told["obligations"] = [one for one in told["obligations"] if one["key"] in named]
    told["what_if"] = answers
    if why:
        told["stale"] = {"as_of": state.tail[-1].at if state.tail else state.opened_at, "why": why}
    forms: list[tuple[Path | None, Format]] = [(html, "html"), (pdf, "pdf")]
    found: dict[str, str] = {}
    for path, form in forms:
        if path is not None:
            content = make("decision", told, form)
            put(path, content, force)
            found[str(path)] = hashlib.sha256(content).hexdigest()
    return found


def _question(
    state: State, duty: Obligation, fact: str, owner: str | None, by: str, code: str | None
) -> dict[str, Any]:
    """The step that hands an open question to somebody, as the command ``task`` takes it."""
    from halon.incident import times
    from halon.incident.standing import open_stage
    from halon.judgement.vocabulary import VOCABULARY, question

    if fact not in VOCABULARY:
        raise Usage(
            f"there is no fact {fact[:80]!r}: {near(fact, list(duty.needs) or list(VOCABULARY))}", "halon decide ID"
        )
    command = f" (halon fact {state.reference} {fact} VALUE)"
    title = f"{question(fact)} Asked by {by} to decide {duty.name}"
    said = {"by": by, "do": "add", "step": f"{title[: _LONGEST - len(command)]}{command}", "phase": "notify",
            "owner": owner or duty.decider}  # fmt: skip
    stage = open_stage(state, duty)
    until = (stage.decide_by or stage.due) if stage is not None else ""
    if until and times.normal(until) > times.text(datetime.now(UTC)):
        said["due"] = until
    return said | ({"code": code} if code else {})


async def _ask(client: Client, found: Found, said: dict[str, Any], *, as_json: bool) -> None:
    from halon.cli.saying import send

    answer = await send(client, found.workflow_id, "task", said)
    if as_json:
        screen.value({"ok": True, "incident": found.reference, "command": "task", "answer": answer})
        return
    screen.line(f"{found.reference}: {answer}")
