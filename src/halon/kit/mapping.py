"""Where the fields of an alert stand in a payload, as ``sources/*.yaml`` says it: pointers and words, no expressions."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from halon.kit.files.mapped import FIELDS, MappedFile
from halon.kit.picking import Pick, pick
from halon.kit.places import Problems
from halon.kit.pointing import pointer
from halon.kit.reading import Path

MOST_LABELS = 32
MOST_CONDITIONS = 8
MOST_VALUES = 16
MOST_PARSED = 4
LABEL = "labels."
UNKNOWN = "unknown"
"""The agent of alerts that name none: an incident all the same, of an agent that the kit does not know."""
_LABEL = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,99}")
_NEEDED = {
    "rule": "write rule: with the pointer to the name of what fired, or {default: a-name}",
    "fingerprint": "write fingerprint: with the pointer to the alert's id, or a list of what makes it the same alert",
}

Condition = tuple[str, tuple[Any, ...]]
"""A pointer into the delivery, and the JSON values that may stand there."""


@dataclass(frozen=True, slots=True)
class Mapped:
    """How the payloads of one source become alerts. ``file`` is its file in the kit, for messages.

    ``when`` must all hold and none of ``unless`` may, else a delivery is of no concern. The texts at ``parse_json`` are
    read as JSON, in that order. ``alerts`` points at the list of alerts (empty: the body is one alert). ``fields``
    holds what ``FIELDS`` names, ``labels`` the labels that are named one by one.
    """

    file: str
    fields: Mapping[str, Pick]
    labels: Mapping[str, Pick] = field(default_factory=dict)
    alerts: str = ""
    parse_json: tuple[str, ...] = ()
    when: tuple[Condition, ...] = ()
    unless: tuple[Condition, ...] = ()


def mapping(file: str, given: MappedFile, agents: Mapping[str, Any], problems: Problems) -> Mapped:
    """The mapping in ``file``. What is wrong with it goes to ``problems``; ``agents`` are those of the kit."""
    fields, labels = _fields(given.fields, file, problems)
    for name, step in _NEEDED.items():
        if isinstance(given.fields, dict) and name not in given.fields:
            problems.add(file, ("fields",), f"fields has no {name}", (), step)
    if isinstance(given.fields, dict) and "agent" not in given.fields and not given.agent:
        what = "nothing says which agent an alert is of"
        problems.add(file, ("fields",), what, (), "write agent: in fields, or agent: NAME beside it for all alerts")
    for word, agent in fields["agent"].words.items() if "agent" in fields else ():
        problems.refers(file, ("fields", "agent", "map", word), "agent", agent, agents)
    if "agent" in fields and fields["agent"].default not in (None, UNKNOWN):
        problems.refers(file, ("fields", "agent", "default"), "agent", fields["agent"].default, agents)
    return Mapped(
        file=file,
        fields=fields,
        labels=labels,
        alerts=pointer(given.alerts, file, ("alerts",), problems, whole=True) or "",
        parse_json=_parsed(given.parse_json, file, problems),
        when=_conditions(given.when, file, "when", problems),
        unless=_conditions(given.unless, file, "unless", problems),
    )


def _fields(raw: Any, file: str, problems: Problems) -> tuple[dict[str, Pick], dict[str, Pick]]:
    if not isinstance(raw, dict):
        problems.add(file, ("fields",), "fields needs our names with pointers", FIELDS, "write for example rule: /name")
        return {}, {}
    fields: dict[str, Pick] = {}
    labels: dict[str, Pick] = {}
    for name, said in raw.items():
        path: Path = ("fields", name)
        if name.startswith(LABEL):
            if not _LABEL.fullmatch(name[len(LABEL) :]):
                step = "letters, digits, _ . and - only, like labels.model"
                problems.add(file, path, f"{name[:80]!r} can't be a label", (), step)
            elif (found := pick(said, file, path, "label", problems)) is not None:
                labels[name[len(LABEL) :]] = found
        elif name not in FIELDS:
            problems.unknown(file, path, "field", name, (*FIELDS, "labels.NAME"))
        elif (found := pick(said, file, path, name, problems)) is not None:
            fields[name] = found
    if len(labels) > MOST_LABELS:
        step = "point labels: at the object that holds them"
        problems.add(file, ("fields",), f"{len(labels)} labels, and {MOST_LABELS} are allowed", (), step)
    return fields, labels


def _parsed(raw: Any, file: str, problems: Problems) -> tuple[str, ...]:
    if not isinstance(raw, list) or len(raw) > MOST_PARSED:
        what = f"parse_json needs a list of at most {MOST_PARSED} pointers"
        problems.add(file, ("parse_json",), what, (), "write for example [/Message]")
        return ()
    found = [pointer(one, file, ("parse_json", index), problems) for index, one in enumerate(raw)]
    return tuple(one for one in found if one is not None)


def _conditions(raw: Any, file: str, key: str, problems: Problems) -> tuple[Condition, ...]:
    if not isinstance(raw, dict) or len(raw) > MOST_CONDITIONS:
        what = f"{key} needs at most {MOST_CONDITIONS} pointers, each with its value"
        problems.add(file, (key,), what, (), "write for example {/type: alert}")
        return ()
    found = []
    for at, wanted in raw.items():
        known = pointer(at, file, (key, at), problems)
        values = wanted if isinstance(wanted, list) else [wanted]
        if not 1 <= len(values) <= MOST_VALUES or any(isinstance(value, dict | list) for value in values):
            what = f"{at[:80]} needs a value, or a list of up to {MOST_VALUES}"
            problems.add(file, (key, at), what, (), "write a text, a number, true, false or null")
        elif known is not None:
            found.append((known, tuple(values)))
    return tuple(found)
