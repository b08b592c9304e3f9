"""What a payload would become, without an incident: the same reading as at the front door, explained."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING, Any

from halon.cli.problems import CommandFailed, Usage
from halon.incident import ids, times

if TYPE_CHECKING:
    from halon.incident.alerts import Alert
    from halon.kit import Kit, Source
    from halon.settings import Limits

SHOWN = 20
"""Places of a payload that are named as unread."""
_MASK = re.compile(r"\[([a-z0-9_-]{1,60})\]")
_HEADER = re.compile(r"[A-Za-z0-9-]{1,100}")


@dataclass(slots=True)
class Tried:
    """What one payload became. ``ack`` is an answer to one of Halon's own pages, ``unread`` what no field was made of."""

    source: str
    kind: str
    where: str
    trust: str
    alerts: list[dict[str, Any]] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)
    redacted: dict[str, int] = field(default_factory=dict)
    unread: list[str] = field(default_factory=list)
    unread_more: int = 0
    ack: dict[str, Any] | None = None

    def as_json(self) -> dict[str, Any]:
        """The object that ``--json`` prints."""
        return {"ok": True, **asdict(self)}


def headers(given: list[str]) -> dict[str, str]:
    """``Name: value`` texts as headers with lower-case names. Raises Usage."""
    found = {}
    for one in given:
        name, mark, value = one.partition(":")
        if not mark or not _HEADER.fullmatch(name.strip()):
            raise Usage(f"--header {one[:60]!r} is no header", "write --header 'Name: value'")
        found[name.strip().lower()] = value.strip()
    return found


def tried(kit: Kit, source: Source, where: str, content: bytes, given: Mapping[str, str], limits: Limits) -> Tried:
    """What ``content`` becomes as a delivery of ``source``. Raises CommandFailed, as the front door would refuse it."""
    from halon.intake.body import parse_json
    from halon.intake.problems import Problem
    from halon.intake.sources import mapped
    from halon.intake.sources.reader import Arrived
    from halon.intake.sources.readers import READERS
    from halon.redaction import mask_also, redact_tree

    mask_also(kit.redaction)
    if len(content) > limits.body:
        what = f"the payload has more than {limits.body} bytes: the front door would refuse it with 413"
        raise CommandFailed(what, "send fewer alerts at once, or raise HALON_LIMIT_BODY")
    arrived_at = times.text(datetime.now(UTC))
    made = Tried(source.name, source.kind, where, trust_in_words(source))
    try:
        body = parse_json(content, limits)
        arrived = Arrived(body, arrived_at, limits.alerts, given)
        if source.kind == "mapped":
            reading = mapped.explain(arrived, source)
            alerts, made.ignored = reading.alerts, reading.ignored
            unused = reading.document.unused() if alerts else iter(())
            made.unread = list(islice(unused, SHOWN))
            made.unread_more = sum(1 for _ in unused)
        else:
            came = READERS[source.kind].came(arrived, source)
            alerts, made.ack = came.alerts, asdict(came.ack) if came.ack else None
            left = READERS[source.kind].left_out(body)
            made.ignored = [f"the sender left out {left} alerts"] if left else []
            if not alerts and not came.ack:
                made.ignored.append("nothing in it is an alert: it is acknowledged and opens nothing")
    except Problem as refused:
        step = f"correct {where}" if source.kind == "mapped" else "compare it with what this kind of source sends"
        raise CommandFailed(
            f"{source.name} would be refused with {refused.status}: {_plain(str(refused))}", step
        ) from None
    made.redacted = dict(redact_tree(body).counts)
    made.alerts = [_told(alert, kit, source, arrived_at) for alert in alerts]
    return made


def trust_in_words(source: Source) -> str:
    """What the source's alerts may set off by themselves, as a sentence."""
    trust = source.trust
    every = trust.up_to == "SEV1"
    to = "whatever the severity" if every else f"in {trust.up_to} and milder"
    match trust.actions:
        case "alone":
            return f"may act alone {to}" + ("" if every else "; beyond that only with corroboration")
        case "corroborated":
            beyond = "" if every else "; beyond that people decide"
            return f"may act {to} only once a person or a second source says the same{beyond}"
        case _:
            return "never acts alone: people decide"


def _plain(text: str) -> str:
    return text.removesuffix("; correct it and send it again")


def _told(alert: Alert, kit: Kit, source: Source, arrived_at: str) -> dict[str, Any]:
    from halon.intake.urgency import urgency
    from halon.judgement.mutes import muted

    mute = muted(kit.policy.mutes, alert.agent, alert.group, (alert.rule,), arrived_at)
    key = ids.correlation_key(alert.agent, alert.group)
    known = alert.agent in kit.policy.agents
    return {
        "agent": alert.agent,
        "agent_known": known,
        "agent_mode": kit.policy.agents[alert.agent].mode if known else "",
        "group": alert.group,
        "group_from": _group_from(alert, source),
        "rule": alert.rule,
        "status": alert.status,
        "severity_hint": alert.severity_hint,
        "level": source.severity.get(alert.severity_hint.lower(), ""),
        "rank": urgency(alert, source.severity),
        "fingerprint": alert.fingerprint,
        "started_at": alert.started_at,
        "started_from": "arrival" if alert.started_at == arrived_at else "payload",
        "ended_at": alert.ended_at,
        "summary": alert.summary,
        "labels": alert.labels,
        "trace_id": alert.trace_id,
        "reporter": alert.reporter,
        "correlation_key": key,
        "workflow_id": ids.workflow_id(key),
        "masked": _masked(alert),
        "muted": asdict(mute) if mute else None,
        "notes": list(_notes(alert, kit, source, known=known, dated=alert.started_at != arrived_at)),
    }


def _group_from(alert: Alert, source: Source) -> str:
    if alert.labels.get(source.group_label) == alert.group:
        return f"the label {source.group_label}"
    if source.groups.get(alert.rule) == alert.group:
        return f"detections.yaml, which knows the rule {alert.rule}"
    if alert.group == alert.rule:
        return "the rule itself: no label names a group, and no detection knows the rule"
    return f"{source.mapping.file}, field group" if source.mapping else "the payload"


def _masked(alert: Alert) -> dict[str, int]:
    """How many masks stand in the alert's texts, by kind."""
    from halon.sensitive_also import is_mask

    texts = " ".join((alert.agent, alert.group, alert.rule, alert.severity_hint, alert.summary, alert.reporter,
                      *alert.labels, *alert.labels.values()))  # fmt: skip
    return dict(Counter(one for one in _MASK.findall(texts) if is_mask(f"[{one}]")))


def _notes(alert: Alert, kit: Kit, source: Source, *, known: bool, dated: bool) -> Iterator[str]:
    if not known:
        near = ", ".join(sorted(kit.policy.agents)[:5])
        if source.mapping is not None:
            step = f"map its name to one of yours under agent: in {source.mapping.file}"
        else:
            step = f"name it in the label {source.agent_label}, map it under agents:, or give the source an agent:"
        yield f"the agent {alert.agent} is not in the kit ({near}), so nothing can be done to it; {step}"
    if source.groups.get(alert.rule) is None and alert.group == alert.rule:
        yield f"no detection knows the rule {alert.rule}; add it under alerts: of one in detections.yaml"
    if not dated:
        yield "it has no start of its own: sent again, it counts as another alert"
    if alert.status == "resolved":
        yield "it is resolved: it joins an open incident, and opens none"
