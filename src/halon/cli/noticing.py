"""``notices``: every notice of an incident, and the whole text of one, to read or to paste into a portal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from halon.cli import restricted, screen
from halon.cli.options import By, Code, Id, Json, Sign
from halon.cli.problems import SaidNo
from halon.incident.languages import named

if TYPE_CHECKING:
    from temporalio.client import Client

    from halon.cli.finding import Found
    from halon.settings import Settings


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("notices", rich_help_panel="Look")(notices)


def notices(
    incident: Id,
    notice: Annotated[str | None, typer.Argument(metavar="NOTICE", help="the id of the one to read whole")] = None,
    by: By = None,
    code: Code = None,
    sign: Sign = None,
    as_json: Json = False,
) -> None:
    """Every notice: to whom, how far it is, what the checks object to, what is missing; or one of them, word for word."""
    from halon.cli.reaching import with_client

    restricted.as_whom(by, code, sign, as_json=as_json, whole="")

    async def work(client: Client, settings: Settings) -> tuple[Found, list[dict[str, Any]]]:
        from halon.cli import finding
        from halon.cli.asking import ask

        found = await finding.find(client, incident, settings)
        return found, list(await ask(client, found.workflow_id, "notices"))

    found, held = with_client(work)
    if notice is None:
        _list(found.reference, held, as_json=as_json)
        return
    one = next((each for each in held if each["id"] == notice), None)
    if one is None:
        known = ", ".join(each["id"] for each in held) or "none"
        raise SaidNo("UnknownNotice", f"{found.reference} has no notice {notice[:80]!r}; known: {known}",
                     f"halon notices {found.reference}")  # fmt: skip
    if as_json:
        screen.value(one)
        return
    screen.lines(_head(one))
    screen.line("")
    screen.line(one["subject"])
    screen.line("")
    screen.lines(one["body"].splitlines())


def _list(reference: str, held: list[dict[str, Any]], *, as_json: bool) -> None:
    if as_json:
        screen.value(held)
        return
    if not held:
        screen.line(f"No notice of {reference} is drafted yet.")
        return
    for one in held:
        screen.line(
            f"{one['id']}  {one['status'].replace('_', ' ')}  to {one['recipient'] or one['audience']} by {one['channel']}"
        )
        screen.lines([f"  {line}" for line in _head(one)[1:]])
    screen.line(f"Next: halon notices {reference} {held[0]['id']}   (its whole text)")
    screen.line("Not legal advice: a named person decides.")


def _head(one: dict[str, Any]) -> list[str]:
    lines = [f"{one['id']}, draft {one['attempt']}, {one['status'].replace('_', ' ')}"]
    lines += [f"Preapproved: {one['preapproved']}"] if one["preapproved"] else []
    lines += [f"File it by hand at {one['portal']}"] if one["portal"] else []
    lines += [f"Next update promised by {one['promise']}"] if one["promise"] else []
    lines += [
        f"Check failed, {each['rule']}: {each['sentence'] or '(not in the text)'}: {each['why']}"
        for each in one["objections"]
    ]
    lines += [
        f"Missing: {each['what']} (not known: {', '.join(each['missing'])})"
        for each in one["contents"]
        if each["missing"]
    ]
    lines += [
        f"Not said: {each['what']} (known, not in the text: {', '.join(each['unsaid'])})"
        for each in one["contents"]
        if each.get("unsaid")
    ]
    lines += [f"To be written by hand: {each['what']}" for each in one["contents"] if not each["facts"]]
    lines += [f"Language: {named(one['written'])}"] if one.get("written") else []
    lines += [f"Sealed as {one['version']['path']}, SHA-256 {one['version']['sha256']}"] if one["version"] else []
    return lines
