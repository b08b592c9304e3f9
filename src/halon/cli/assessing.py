"""Judges a file of facts without an incident: what ``halon assess FILE`` prints."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from halon.incident import times
from halon.incident.assessment import Assessment, Obligation
from halon.incident.errors import HalonError
from halon.incident.facts import Fact
from halon.incident.orders import Order
from halon.judgement.assess import assess
from halon.judgement.vocabulary import check_fact, near
from halon.kit import Kit
from halon.kit.reading import LARGEST, Document, read
from halon.kit.reading import Path as Place

KEYS = ("as_of", "agent", "entity", "facts", "filed")
FILING = ("obligation", "stage", "at")
EXAMPLE = "as_of: 2026-11-22T09:00:00Z"


class FactsUnusable(HalonError):
    """A file of facts can't be judged. The message says where, what, and the next step."""


def assess_file(path: Path, kit: Kit) -> dict[str, Any]:
    """The assessment of the facts in ``path`` (JSON or YAML) under ``kit``, as the JSON object of ``--json``.

    The file holds ``as_of``, optional ``agent`` and ``entity``, ``facts`` by name, and ``filed``, a list of
    ``{obligation, stage, at}``. Times are ISO 8601. Raises FactsUnusable.
    """
    document = _read(path)
    given = _object(document, (), document.data)
    _known(document, (), given, KEYS, "key")
    if "as_of" not in given:
        raise _unusable(document, (), f"as_of is missing; add the time to judge at, such as {EXAMPLE}")
    now = _time(document, ("as_of",), given["as_of"])
    agent = _name(document, "agent", given.get("agent"), kit.policy.agents)
    entity = _name(document, "entity", given.get("entity"), kit.policy.entities)
    judged = assess(
        _facts(document, given.get("facts"), now),
        kit.policy,
        now,
        agent=agent,
        filed=_filed(document, given.get("filed"), kit),
        entity=entity,
    )
    return as_json(judged)


def as_json(judged: Assessment) -> dict[str, Any]:
    """An assessment as the JSON object that people script against."""
    return {
        "severity": {"level": judged.severity.level, "reasons": list(judged.severity.reasons)},
        "category": judged.category,
        "orders": [_order(order) for order in judged.orders],
        "obligations": [_obligation(obligation) for obligation in judged.obligations],
        "embargoes": list(judged.embargoes),
        "kit_digest": judged.kit_digest,
    }


def _order(order: Order) -> dict[str, Any]:
    return {
        "action": order.action,
        "reversible": order.reversible,
        "disruption": order.disruption,
        "gate": {**asdict(order.gate), "roles": list(order.gate.roles)} if order.gate else None,
        "reasons": list(order.reasons),
    }


def _obligation(obligation: Obligation) -> dict[str, Any]:
    return {
        "id": obligation.id,
        "entity": obligation.entity,
        "authority": obligation.authority,
        "status": obligation.status,
        "because": list(obligation.because),
        "needs": list(obligation.needs),
        "displaced_by": obligation.displaced_by,
        "stages": [
            {
                "id": stage.id,
                "anchor": stage.anchor,
                "due": stage.due or None,
                "due_local": stage.due_local or None,
                "decide_by": stage.decide_by or None,
                "provisional": stage.provisional,
                "filed_at": stage.filed_at or None,
            }
            for stage in obligation.stages
        ],
    }


def _read(path: Path) -> Document:
    try:
        with path.open("rb") as file:
            raw = file.read(LARGEST + 1)
        text = raw.decode("utf-8")
    except OSError as error:
        raise FactsUnusable(f"{path}: can't be read ({error.strerror}); check the name") from error
    except UnicodeDecodeError as error:
        raise FactsUnusable(f"{path}: is not UTF-8 text; save it as UTF-8") from error
    if path.suffix == ".json":
        # Strict JSON first: YAML would read some of it differently. YAML's reader then only tells the lines.
        data = _json(path, text)
        located, found = read(str(path), text)
        return Document(str(path), data, {} if found else located.lines)
    document, problems = read(str(path), text)
    if problems:
        raise FactsUnusable("\n".join(str(problem) for problem in problems))
    return document


def _json(path: Path, text: str) -> Any:
    if len(text) > LARGEST:
        raise FactsUnusable(f"{path}: longer than {LARGEST} characters; keep to the facts")
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise FactsUnusable(f"{path}:{error.lineno}: not readable as JSON: {error.msg}; correct it") from error
    except RecursionError as error:
        raise FactsUnusable(f"{path}: nested too deep to read; flatten it") from error


def _facts(document: Document, given: Any, now: str) -> tuple[Fact, ...]:
    if given is None:
        raise _unusable(document, (), "facts is missing; add the facts by name, or facts: {} if none is known")
    facts = _object(document, ("facts",), given)
    for name, value in facts.items():
        wrong = check_fact(name, value)
        if wrong is not None:
            raise _unusable(document, ("facts", name), wrong)
    return tuple(Fact(name, value, "file", now) for name, value in facts.items())


def _filed(document: Document, given: Any, kit: Kit) -> dict[str, str]:
    if given is None:
        return {}
    if not isinstance(given, list):
        raise _unusable(document, ("filed",), "filed must be a list of {obligation, stage, at}; write it so")
    stages = {regime.id: tuple(rule.id for rule in regime.stages) for regime in kit.policy.regimes}
    filed: dict[str, str] = {}
    for index, item in enumerate(given):
        place: Place = ("filed", index)
        entry = _object(document, place, item)
        _known(document, place, entry, FILING, "key")
        for key in FILING:
            if not isinstance(entry.get(key), str):
                raise _unusable(document, place, f"{key} is missing; each filing needs {', '.join(FILING)}")
        obligation, stage = entry["obligation"], entry["stage"]
        _known(document, (*place, "obligation"), [obligation], tuple(stages), "obligation")
        _known(document, (*place, "stage"), [stage], stages[obligation], f"stage of {obligation}")
        filed[f"{obligation}/{stage}"] = _time(document, (*place, "at"), entry["at"])
    return filed


def _name(document: Document, key: str, given: Any, known: Mapping[str, Any]) -> str:
    if given is None:
        return ""
    if not isinstance(given, str):
        raise _unusable(document, (key,), f"{key} must be a name of the kit; known: {', '.join(known)}")
    _known(document, (key,), [given], tuple(known), key)
    return given


def _known(document: Document, place: Place, names: Any, known: tuple[str, ...], kind: str) -> None:
    for name in names:
        if name not in known:
            close = near(str(name), known, 1)
            hint = f"did you mean {close[0]!r}?" if close else "use one of these"
            where = (*place, name) if kind == "key" else place
            what = f"there is no {kind} {str(name)[:80]!r}; known: {', '.join(known)}; {hint}"
            raise _unusable(document, where, what)


def _object(document: Document, place: Place, given: Any) -> dict[str, Any]:
    if not isinstance(given, dict):
        what = place[-1] if place else "the file"
        raise _unusable(document, place, f"{what} must hold names and values; write one name: value a line")
    return given


def _time(document: Document, place: Place, given: Any) -> str:
    try:
        return times.text(times.parse(given))
    except (TypeError, ValueError, OverflowError) as error:
        example = EXAMPLE.partition(" ")[2]
        raise _unusable(document, place, f"{place[-1]} must be a time; write it such as {example}") from error


def _unusable(document: Document, place: Place, what: str) -> FactsUnusable:
    line = document.line(place)
    return FactsUnusable(f"{document.name}:{line}: {what}" if line else f"{document.name}: {what}")
