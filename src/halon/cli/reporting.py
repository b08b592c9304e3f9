"""Open an incident by hand: ``report``, through the same front door as every alert."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated, Any

import typer

from halon.cli import screen
from halon.cli.options import By, Json
from halon.cli.problems import NotTaken, Usage
from halon.incident.commands import near

if TYPE_CHECKING:
    from halon.settings import Settings

_SECONDS = 15.0


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("report", rich_help_panel="Say")(report)


def report(
    summary: Annotated[str, typer.Argument(metavar="SUMMARY", help="what you saw, in your words")],
    agent: Annotated[str, typer.Option("--agent", help="which agent")],
    what: Annotated[
        str, typer.Option("--what", help="kind of harm, such as data_leak or harmful_output; a wrong word lists all")
    ] = "other",
    by: By = None,
    seen_at: Annotated[str | None, typer.Option("--seen-at", help="when, ISO 8601; now if left out")] = None,
    trace_id: Annotated[str | None, typer.Option("--trace-id", help="the agent's trace")] = None,
    token_name: Annotated[
        str | None, typer.Option("--token-env", help="variable that holds the token; HALON_TOKEN_REPORT if left out")
    ] = None,
    gateway: Annotated[str | None, typer.Option("--gateway", help="URL of the front door, if it is elsewhere")] = None,
    as_json: Json = False,
) -> None:
    """Report what you saw. Opens an incident, or joins the one that is open for this agent and kind of harm."""
    from halon.cli import reaching
    from halon.intake.signatures import REPORTING
    from halon.intake.sources.report import WHAT

    if not by:
        raise Usage("report: say who you are", "--by NAME, or set HALON_USER")
    if what not in WHAT:
        raise Usage(f"report: {what[:60]!r} is no kind of harm: {near(what, list(WHAT))}", "halon report --help")
    given = {"reporter": by, "agent": agent, "summary": summary, "what": what, "seen_at": seen_at, "trace_id": trace_id}
    answer = sent(reaching.settings(), given, gateway, token_name or REPORTING)
    if as_json:
        screen.value(answer)
        return
    for one in answer["incidents"]:
        word = "opened" if one["status"] == "new" else one["status"]
        screen.line(f"{one['incident']} {word} for {one['agent']}, {one['group'].replace('_', ' ')}.", style="bold")
        screen.line(f"Next: halon status {one['incident']}")


def sent(settings: Settings, report: dict[str, str | None], gateway: str | None, token_name: str) -> dict[str, Any]:
    """What the front door answers to ``report``, which it holds then. Raises NotTaken, TokensError."""
    from halon.cli import reaching

    up = reaching.running(settings)
    url = gateway or (up.gateway if up else settings.gateway_url)
    return _post(url, {name: value for name, value in report.items() if value}, _token(settings, token_name))


def _token(settings: Settings, name: str) -> str:
    """The token called ``name``: from the environment, else from the file that ``halon up`` made. Raises TokensError."""
    from halon.intake.tokens import FILE, read_tokens

    return os.environ.get(name, "").strip() or read_tokens(settings.home / FILE).get(name, "")


def _post(url: str, body: dict[str, Any], token: str) -> dict[str, Any]:
    import httpx

    headers = {"Authorization": f"Bearer {token}"} if token else {}
    try:
        with httpx.Client(trust_env=False, timeout=_SECONDS, follow_redirects=False) as client:
            answer = client.post(f"{url.rstrip('/')}/v1/reports", json=body, headers=headers)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise NotTaken(
            f"the front door at {url} does not answer ({type(error).__name__}); nothing is held",
            "halon up, or --gateway URL",
        ) from error
    try:
        told = answer.json()
    except ValueError:
        told = None
    if answer.status_code == 200 and isinstance(told, dict) and "incidents" in told:
        return told
    why = told.get("detail", "") if isinstance(told, dict) else ""
    raise NotTaken(
        f"the front door answered {answer.status_code}; nothing is held: {why or 'no reason given'}",
        "correct it, and report again",
    )
