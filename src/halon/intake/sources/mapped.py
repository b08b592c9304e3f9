"""The generic source: a payload of any shape, read by the JSON pointers of a file in the kit's sources/.

No template language and no expressions: what a payload says is data, and only ever looked up, compared and shortened.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from halon.connectors.pointers import MISSING, unmet
from halon.incident import times
from halon.incident.alerts import Alert
from halon.intake.problems import BadPayload
from halon.intake.sources import fields
from halon.intake.sources.crowd import foremost
from halon.intake.sources.pointed import Pointed, fixed, said
from halon.intake.sources.reader import Arrived
from halon.intake.sources.source import Source, group_of
from halon.kit.mapping import Condition, Mapped
from halon.kit.picking import STATES, Pick

SCALES = {"epoch_s": 1, "epoch_ms": 1_000, "epoch_ns": 1_000_000_000}
LAST_SECOND = 253_402_300_799.0
"""The end of the year 9999, in seconds since 1970."""
MOST_OF_LABELS = 1_000
NOTHING = Pick()


@dataclass(frozen=True, slots=True)
class Reading:
    """What a delivery became. ``ignored`` says in sentences what was of no concern; ``document`` knows what was read."""

    alerts: list[Alert]
    ignored: list[str]
    document: Pointed


def read(arrived: Arrived, source: Source) -> list[Alert]:
    """The alerts of a delivery, in its order; none where it is of no concern.

    Raises BadPayload that names the pointer that found nothing, or nothing of use, and the file that holds it.
    """
    return explain(arrived, source).alerts


def explain(arrived: Arrived, source: Source) -> Reading:
    """What ``read`` finds, and what it did not take. Raises BadPayload."""
    mapped = source.mapping
    if mapped is None:
        raise BadPayload(
            "body", f"the source {source.name} says of no field where it stands; give it a file in sources/"
        )
    document = Pointed(arrived.body, mapped.parse_json)
    reasons = [why for one in mapped.when if (why := _unlike(document, one))]
    reasons += [
        f"{at} is one of those that unless: leaves out" for at, values in mapped.unless if _has(document, at, values)
    ]
    if reasons:
        return Reading([], reasons, document)
    places = [_One(document, mapped, source, at) for at in _places(document, mapped)]
    taken = [one.alert(arrived.received_at) for one in foremost(places, arrived, source, _One.told)]
    alerts = [alert for alert in taken if alert is not None]
    left = len(taken) - len(alerts)
    ignored = [f"the status of {left} of {len(taken)} alerts is mapped to ignored"] if left else []
    return Reading(alerts, ignored if places else ["the list of alerts is empty"], document)


def _places(document: Pointed, mapped: Mapped) -> list[str]:
    """Where each alert stands."""
    if not mapped.alerts:
        return [""]
    found = document.find(mapped.alerts)
    document.used.discard(mapped.alerts)
    if found is MISSING:
        raise BadPayload(mapped.alerts, f"nothing is there, and {mapped.file} has alerts: point at it")
    if not isinstance(found, list):
        raise BadPayload(
            mapped.alerts, f"not a list, and {mapped.file} has alerts: point at it; leave alerts out for one alert"
        )
    return [f"{mapped.alerts}/{index}" for index in range(len(found))]


def _unlike(document: Pointed, condition: Condition) -> str:
    at, values = condition
    if _has(document, at, values):
        return ""
    return f"{at} is not {' or '.join(str(value) for value in values)}"


def _has(document: Pointed, at: str, values: tuple[Any, ...]) -> bool:
    found = document.find(at)
    return found is not MISSING and any(not unmet({"": value}, found) for value in values)


@dataclass(frozen=True, slots=True)
class _One:
    """One alert of a delivery, which stands at ``at``."""

    document: Pointed
    mapped: Mapped
    source: Source
    at: str
    own: dict[str, str] = field(default_factory=dict)

    def alert(self, received_at: str) -> Alert | None:
        """The alert; None where its status is mapped to ``ignored``. Raises BadPayload."""
        status = self._status()
        if status is None:
            return None
        self.own.update(self._labels())
        rule = fields.clean(self._needed("rule"), fields.LONGEST_NAME)
        agent, group = self._agent(), self._named("group", self.source.group_label)
        if not rule:  # nothing but what can't be shown
            raise self._missing("rule")
        began, ended = self._moment("started_at"), self._moment("ended_at")
        return Alert(
            source=self.source.name,
            agent=agent,
            group=group_of(self.source, fields.clean(group, fields.LONGEST_NAME), rule),
            rule=rule,
            status=status,
            fingerprint=self._fingerprint(),
            started_at=began or received_at,
            received_at=received_at,
            ended_at=(ended or received_at) if status == "resolved" else "",
            severity_hint=fields.clean(self._text("severity_hint"), fields.LONGEST_NAME),
            summary=fields.clean(self._text("summary"), fields.LONGEST_SUMMARY),
            labels=fields.labels(self.own, (self.source.agent_label, self.source.group_label)),
            trace_id=fields.identifier(self._text("trace_id")),
        )

    def told(self) -> tuple[bool, str]:
        """Whether it fires, and the sender's word for its severity; what can't be read may fire."""
        try:
            status = self._status()
        except BadPayload:
            status = "firing"
        return status == "firing", self._text("severity_hint")

    def _place(self, pick: Pick, pointer: str) -> str:
        return pointer if pick.whole else f"{self.at}{pointer}"

    def _found(self, pick: Pick) -> str:
        """Their word: the first that is found, or all of them joined; "" for nothing."""
        texts = (text for pointer in pick.pointers if (text := self.document.text(self._place(pick, pointer))))
        return next(texts, "") if pick.join is None else pick.join.join(texts)

    def _text(self, name: str) -> str:
        pick = self.mapped.fields.get(name, NOTHING)
        return _mapped(pick, self._found(pick)) or pick.default or ""

    def _needed(self, name: str) -> str:
        text = self._text(name)
        if not text:
            raise self._missing(name)
        return text

    def _named(self, name: str, label: str) -> str:
        """A name from its field, or else from a label, or else what stands for it."""
        pick = self.mapped.fields.get(name, NOTHING)
        usual = self.source.agent if name == "agent" else ""
        return _mapped(pick, self._found(pick)) or self.own.get(label, "") or usual or pick.default or ""

    def _agent(self) -> str:
        agent = fields.clean(self._named("agent", self.source.agent_label), fields.LONGEST_NAME)
        if not agent:
            raise self._missing("agent")
        return agent

    def _status(self) -> Literal["firing", "resolved"] | None:
        pick = self.mapped.fields.get("status")
        if pick is None:
            return "firing"
        found = self._found(pick)
        state = pick.words.get(found) if pick.words else found.lower()
        if state not in STATES:
            state = pick.default
        if state in ("firing", "resolved"):
            return "firing" if state == "firing" else "resolved"
        if state == "ignored":
            return None
        if not found:
            raise self._missing("status")
        known = ", ".join(pick.words or STATES)
        why = f"a word that map: of status in {self.mapped.file} does not have (it has {known}); add it, or a default"
        raise BadPayload(self._place(pick, pick.pointers[0]), why)

    def _labels(self) -> dict[str, str]:
        found: dict[str, str] = {}
        pick = self.mapped.fields.get("labels", NOTHING)
        for pointer in pick.pointers:
            for name, value in _pairs(self.document.find(self._place(pick, pointer))).items():
                found.setdefault(name, value)
        for name, one in self.mapped.labels.items():
            if text := _mapped(one, self._found(one)) or one.default:
                found[name] = text
        return found

    def _moment(self, name: str) -> str:
        pick = self.mapped.fields.get(name, NOTHING)
        for pointer in pick.pointers:
            place = self._place(pick, pointer)
            text = self.document.text(place)
            if text:
                try:
                    return _time(text, pick.format)
                except ValueError as error:
                    raise BadPayload(place, f"{error}; {self.mapped.file} maps {name} to it") from None
        return ""

    def _fingerprint(self) -> str:
        """An id as it is; what is no plain id, or several things together, as their hash."""
        pick = self.mapped.fields.get("fingerprint", NOTHING)
        places = [self._place(pick, pointer) for pointer in pick.pointers]
        values = [self.document.find(place) for place in places]
        if "" in pick.pointers:  # the whole of it was not read for any of its fields
            self.document.used.discard(self.at)
        if all(value is MISSING or value is None or value == "" for value in values):
            raise self._missing("fingerprint")
        if len(values) == 1 and (plain := fields.identifier(said(values[0]))):
            return plain
        told = fixed([self.source.name, *(None if value is MISSING else value for value in values)])
        return hashlib.sha256(told.encode()).hexdigest()[:16]

    def _missing(self, name: str) -> BadPayload:
        pick = self.mapped.fields.get(name, NOTHING)
        places = [self._place(pick, pointer) or "body" for pointer in pick.pointers] or ["body"]
        also = f", nor at {', '.join(places[1:])}" if len(places) > 1 else ""
        unread = next((one for one in self.document.unread if places[0].startswith(one)), "")
        hint = f" (the text at {unread} is no JSON)" if unread else ""
        why = f"nothing is there{also}{hint}, and {self.mapped.file} maps {name} to it; correct the pointer"
        return BadPayload(places[0], why + ("" if name == "fingerprint" else ", or give it a default"))


def _mapped(pick: Pick, text: str) -> str:
    """Our word for theirs; a word that is not mapped stays as it is, unless there is a default for it."""
    if not text or not pick.words:
        return text
    return pick.words.get(text, "" if pick.default is not None else text)


def _time(text: str, form: str) -> str:
    """``text`` in ISO 8601 UTC. Raises ValueError that repeats nothing of it."""
    if form == "iso":
        return fields.moment(text[:64])
    wrong = f"not a time as {form}: a number of {'seconds' if form == 'epoch_s' else form[6:]} since 1970 is needed"
    try:
        seconds = float(text[:40]) / SCALES[form]
    except ValueError:
        raise ValueError(wrong) from None
    if not 0 < seconds <= LAST_SECOND:
        raise ValueError(wrong)
    return times.text(datetime.fromtimestamp(seconds, UTC))


def _pairs(value: Any) -> Mapping[str, str]:
    """Labels as senders write them: an object, a list of {name, value} or {key, value}, or a list of ``name:value``."""
    if isinstance(value, dict):
        return {str(name): said(item) for name, item in list(value.items())[:MOST_OF_LABELS] if said(item)}
    found: dict[str, str] = {}
    for item in value[:MOST_OF_LABELS] if isinstance(value, list) else ():
        if isinstance(item, dict):
            name, text = (
                said(item.get("name", item.get("key", item.get("Name")))),
                said(item.get("value", item.get("Value"))),
            )
        else:
            name, _, text = said(item).partition(":")
        if name.strip() and text.strip():
            found.setdefault(name.strip(), text.strip())
    return found
