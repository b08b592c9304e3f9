"""Somebody reads sealed evidence, or looks at a restricted incident: on record before it is handed out."""

from __future__ import annotations

from halon.incident.saying import Refused, Saying
from halon.incident.state import Sealed, State
from halon.incident.timeline import note


def evidence(say: Saying) -> State:
    """Put a reading on record. That the artefact is there, and that this person may read it, was checked before."""
    wanted = say.command["artefact"]
    if not wanted.startswith(("ev-", "evidence/")):
        raise Refused(
            "UnknownEvidence", f"{wanted!r} names no artefact; `halon evidence` lists their ids, such as ev-…."
        )
    known = next((one for one in say.state.evidence if wanted in (one.id, one.path)), None)
    told = f"{say.named()} reads evidence {_in_words(wanted, known)}{say.because()}"
    named = [{"path": known.path, "sha256": known.sha256}] if known else []
    return note(say.state, say.now, "evidence-read", "triage", told, actor=say.by,
                data={"artefact": wanted, "reason": say.command["reason"], "evidence": named})  # fmt: skip


def look(say: Saying) -> State:
    """Put on record that somebody looks. What they see is the answer of the Update: a Signal has none."""
    if not say.command.update_id:
        raise Refused(
            "NotASignal", "`look` shows something to whoever asks, and a Signal has no answer; send an Update."
        )
    what = say.command["what"] or "status"
    return note(
        say.state, say.now, "look", "triage", f"{say.named()} looks at {what}.", actor=say.by, data={"what": what}
    )


def _in_words(wanted: str, known: Sealed | None) -> str:
    return f"{known.id} ({known.what or known.kind or 'sealed'})" if known else wanted
