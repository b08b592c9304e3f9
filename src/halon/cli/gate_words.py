"""A gate in words: before somebody answers it, and for an auditor after it is over."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from halon.cli import screen
from halon.cli.moments import local
from halon.incident import times

if TYPE_CHECKING:
    from halon.incident.chain import Entry

_KINDS = {
    "irreversible": "It can't be undone.",
    "notice": "Once it is sent, it can't be taken back.",
}
_STANDING = {
    "open": "open: not settled yet",
    "granted": "granted",
    "spent": "granted, and it has run",
    "rejected": "rejected",
    "expired": "nobody answered in time",
    "void": "void: what would have run has changed, or nobody needs it any more",
}


def to_answer(gate: dict[str, Any], by: str, place: str = "") -> None:
    """Everything that a yes or a no is about; ``place`` says which of several it is."""
    screen.line("")
    screen.line(f"{place}{gate['title']}", style="bold")
    if warning := _KINDS.get(str(gate.get("asked_as"))):
        screen.line(f"  {warning}", style="bold red")
    screen.lines([f"  {one}" for one in gate["question"]])
    roles = " or ".join(gate["policy"]["roles"])
    screen.line(f"  Asked of: {gate.get('asked') or roles}")
    lacking = gate.get("lacking") or f"{gate['missing']} more"
    screen.line(f"  Still needed: {lacking}, until {local(gate['deadline_at'])}")
    screen.lines([f"  Said so far: {_said(one)}" for one in gate["answers"]])
    if by.strip().lower() in gate.get("left_out", ()):
        screen.line(f"  {by} proposed this or has answered it: a yes of {by} will be refused.", style="bold red")
    screen.line(f"  Gate {gate['id']}, digest {gate['digest']}")


def audit(gates: list[dict[str, Any]], entries: Iterable[Entry] = ()) -> None:
    """Every gate with all that was asked, answered, tried and done; ``entries`` of the record show where that stands."""
    record = list(entries)
    for gate in gates:
        _one(gate, log(gate["id"], record))
    others = strays(gates, record)
    if others:
        screen.line("")
        screen.line("Answers to gates that there are not", style="bold")
        screen.lines(
            [
                f"  {utc(one['at'])}  {one['actor']} (name unverified): {one['text']} (entry {one['seq']})"
                for one in others
            ]
        )
    if not gates and not others:
        screen.line("No gate was opened.")


def log(gate: str, entries: Iterable[Entry]) -> list[dict[str, Any]]:
    """The entries of the record that name this gate, oldest first."""
    return [
        {"seq": one.seq, "at": one.at, "kind": one.kind, "actor": one.actor, "text": one.text, "data": one.data, "hash": one.hash}
        for one in entries if one.data.get("gate") == gate
    ]  # fmt: skip


def strays(gates: list[dict[str, Any]], entries: Iterable[Entry]) -> list[dict[str, Any]]:
    """Refused answers that named a gate that there is not, such as one whose subject has changed since."""
    known = {gate["id"] for gate in gates}
    return [
        {"seq": one.seq, "at": one.at, "actor": one.actor, "text": one.text, "gate": one.data["gate"]}
        for one in entries if one.kind == "refused" and one.data.get("gate", "") not in {"", *known}
    ]  # fmt: skip


def _one(gate: dict[str, Any], found: list[dict[str, Any]]) -> None:
    screen.line("")
    screen.line(f"Gate {gate['id']}: {gate['title']}", style="bold")
    screen.line(f"  Standing: {_STANDING.get(gate['status'], gate['status'])}"
                + (f", {utc(gate['settled_at'])}" if gate["settled_at"] else ""))  # fmt: skip
    screen.line("  Question, as it was shown:")
    screen.lines([f"    {one}" for one in gate["question"]])
    screen.line(f"  Digest of what was asked: {gate['digest']}")
    screen.line(f"  Policy: {gate.get('asked') or ' or '.join(gate['policy']['roles'])}")
    screen.line(f"  Proposed by: {', '.join(gate.get('proposed_by') or [gate.get('proposer', '')])}")
    again = f", asked {gate['round']} times" if gate.get("round", 1) > 1 else ""
    screen.line(f"  Asked: {utc(gate['opened_at'])}, until {utc(gate['deadline_at'])}{again}")
    for one in gate["answers"]:
        screen.line(f"  Answer: {utc(one['at'])}  {_said(one)}")
        screen.line(f"    as {', '.join(one['roles'])}; {_place(one)}")
    for one in gate.get("tried") or []:
        how = f" ({one['how']})" if one["how"] else " (name unverified)"
        update = f"; Update {one['update_id']}" if one["update_id"] else ""
        screen.line(
            f"  Refused: {utc(one['at'])}  {one['command']} by {one['by']}{how}: {one['kind']}: {one['text']}{update}"
        )
    if gate.get("reminders"):
        screen.line(f"  Reminders: {gate['reminders']}, the last {utc(gate['reminded_at'])}")
    for name, word in (("escalated_at", "Escalated"), ("expired_at", "Expired")):
        if gate.get(name):
            screen.line(f"  {word}: {utc(gate[name])}")
    runs = gate.get("runs")
    if runs:
        back = f"; read back {utc(runs['read_back_at'])}" if runs["read_back_at"] else ""
        note = f"; {runs['note']}" if runs["note"] and runs["note"] != runs["result"] else ""
        screen.line(
            f"  Ran: {utc(runs['at']) if runs['at'] else 'at a time that is not known'}: {runs['result']}{back}{note}"
        )
    else:
        screen.line("  Ran: nothing has run on this gate")
    if found:
        screen.line("  On record:")
        screen.lines([f"    {one['seq']}  {utc(one['at'])}  {one['actor']}: {one['text']}" for one in found])


def utc(moment: str) -> str:
    """``2026-11-22 14:29:05 UTC``: an auditor reads it elsewhere, so not in this machine's zone."""
    return f"{times.parse(moment):%Y-%m-%d %H:%M:%S} UTC" if moment else ""


def _said(one: dict[str, Any]) -> str:
    how = f" ({one['how']})" if one.get("how") else ""
    known = how if one["verified"] else " (name unverified)"
    glass = " and broke the glass" if one.get("glass") else ""
    return f"{one['by']}{known} said {'yes' if one['approve'] else 'no'}{glass}{': ' + one['reason'] if one['reason'] else ''}"


def _place(one: dict[str, Any]) -> str:
    proof = one.get("proof") or {}
    run, update = proof.get("run_id") or one.get("run", ""), proof.get("update_id") or one.get("update", "")
    return f"Update {update} of run {run}" if update else f"a Signal of run {run}"
