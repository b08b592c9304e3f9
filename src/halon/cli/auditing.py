"""``halon show ID --gates``: every gate of an incident, open or closed, from its own answer and from its record."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from halon.cli import screen

if TYPE_CHECKING:
    from temporalio.client import Client

    from halon.cli.asking import Shown
    from halon.cli.finding import Found
    from halon.incident.chain import Entry
    from halon.settings import Settings


async def show(client: Client | None, found: Found, settings: Settings, shown: Shown, *, as_json: bool) -> None:
    """The gates with the entries of the record that name them. Raises CommandFailed, NoWorker."""
    from halon.cli import finding, gate_words, words
    from halon.cli.asking import part
    from halon.record.errors import RecordError

    gates: list[dict[str, Any]] = await part(client, found, shown, "gates") or []
    entries: list[Entry] = []
    unread = ""
    try:
        incident_id = found.incident_id or await finding.recorded(settings, found.workflow_id)
        entries = await finding.record_store(settings).entries(incident_id) if incident_id else []
    except (RecordError, OSError) as error:
        unread = f"the record can't be read here ({type(error).__name__}), so its entries are not shown"
    if as_json:
        told = [{**gate, "log": gate_words.log(gate["id"], entries)} for gate in gates]
        screen.value({"gates": told, "refused_elsewhere": gate_words.strays(gates, entries), "live": shown.live,
                      "as_of": shown.as_of or None, "record": unread or None})  # fmt: skip
        return
    words.stale(shown)
    gate_words.audit(gates, entries)
    if unread:
        screen.aside(f"note: {unread}")
    elif entries:
        screen.line("")
        screen.line(f"The record holds all of it in a hash chain: halon export {found.reference or found.workflow_id}")
