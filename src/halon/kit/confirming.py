"""Confirming a rule that needs a lawyer's reading: written into the kit, with who did it, when and what they read."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

import yaml

from halon.incident.errors import HalonError
from halon.judgement.regime import Regime
from halon.judgement.vocabulary import near
from halon.kit.kit import Kit
from halon.kit.loading import load

FILE = "confirmed.yaml"
COUNSEL = "legal_counsel"
_HEAD = "# Rules that needed a lawyer's reading, and who confirmed them. Written by: halon regimes confirm\n"


class NotConfirmed(HalonError):
    """The rule was not confirmed; the message says why, ``next_step`` what to do."""

    def __init__(self, what: str, next_step: str) -> None:
        super().__init__(f"{what} → {next_step}")
        self.what, self.next_step = what, next_step


def confirm(folder: Path, regime: str, by: str, source: str, day: str, environ: Mapping[str, str] | None = None) -> Kit:
    """The kit in ``folder`` with ``regime`` confirmed by ``by`` on ``day`` (ISO 8601) from ``source``, as it is then stored.

    The confirmation holds for the rule as it reads now: whoever changes its file needs a new one. Raises NotConfirmed if
    there is no such rule or it needs none, or if ``by`` may not; KitError if the kit is not sound.
    """
    kit = load(folder, environ)
    rule = named(kit, regime)
    _check(kit, rule, by)
    if not source.strip() or not source.isprintable() or len(source) > 500:
        raise NotConfirmed("what you read is not said", "give --source one line: which text, where, as of when")
    said = {
        one.id: {"by": one.confirmed.by, "at": one.confirmed.at, "source": one.confirmed.source, "rule": one.rule}
        for one in kit.policy.regimes
        if one.confirmed is not None
    }
    said[rule.id] = {"by": by, "at": day, "source": source.strip(), "rule": rule.rule}
    kept = _kept(folder / FILE)
    text = _HEAD + yaml.safe_dump({"regimes": {**kept, **said}}, allow_unicode=True, sort_keys=True, width=116)
    changed = load(folder, environ, {FILE: text})
    _write(folder / FILE, text)
    return changed


def named(kit: Kit, regime: str) -> Regime:
    """The regime of this id. Raises NotConfirmed with the nearest names."""
    found = next((one for one in kit.policy.regimes if one.id == regime), None)
    if found is None:
        known = tuple(dict.fromkeys(one.id for one in kit.policy.regimes))
        close = near(regime, known) or known[:5]
        step = f"known: {', '.join(close)}; others lie in packs that are off (packs: in organisation.yaml)"
        raise NotConfirmed(f"the kit has no regime {regime[:80]!r}", step)
    return found


def _check(kit: Kit, rule: Regime, by: str) -> None:
    if rule.status != "review_required":
        raise NotConfirmed(
            f"{rule.id} needs no confirming: its status is {rule.status}", f"halon regimes show {rule.id}"
        )
    if rule.confirmed is not None:
        what = f"{rule.id} was confirmed by {rule.confirmed.by} on {rule.confirmed.at} as it reads now"
        raise NotConfirmed(what, f"halon regimes show {rule.id}")
    person = kit.people.get(by)
    may = tuple(dict.fromkeys((rule.decider, COUNSEL)))
    holders = [name for name, one in kit.people.items() if set(one.roles) & set(may)]
    if person is None or not set(person.roles) & set(may):
        what = f"{by[:80]!r} may not confirm {rule.id}: it takes the role {' or '.join(may)}"
        raise NotConfirmed(what, f"ask one of {', '.join(holders)}")


def _kept(file: Path) -> dict[str, object]:
    """What stands in the file already, also of rules that are off or were changed since: it is a record."""
    if not file.is_file():
        return {}
    data = yaml.safe_load(file.read_text("utf-8"))
    kept = data.get("regimes") if isinstance(data, dict) else None
    return dict(kept) if isinstance(kept, dict) else {}


def _write(file: Path, text: str) -> None:
    """All or nothing: who reads the kit meanwhile sees the old file or the new one."""
    handle, name = tempfile.mkstemp(dir=file.parent, prefix=".confirmed-", suffix=".tmp")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as opened:
            opened.write(text)
        os.chmod(name, 0o644)
        os.replace(name, file)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
