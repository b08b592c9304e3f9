"""Texts that somebody approved ahead: by digest, until a day, with the slots that may be filled. Then one yes is enough.

What is approved is the template, so its digest counts, and of the incident it may print only what is named. Where any of
that no longer holds, the notice takes its full gate, and its question says why.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta

from halon.incident.orders import GatePolicy
from halon.incident.times import parse
from halon.kit.bundle import Bundle
from halon.kit.channels import FILE
from halon.kit.gates import check_role
from halon.kit.places import Problems

LONGEST_DAYS = 366
"""How far ahead of today the last day of an approval may lie: what is older than a year nobody has looked at."""
SENDERS = ("commander",)
"""Who says the one yes, unless the kit names other roles."""


@dataclass(frozen=True, slots=True)
class Preapproved:
    """One entry: ``digest`` is the SHA-256 (hex) of the template's text, ``until`` the last day (ISO 8601) it holds.

    ``holds`` are the roles of ``by``, in the kit as it is now.
    """

    template: str
    digest: str
    by: str
    until: str
    slots: tuple[str, ...]
    roles: tuple[str, ...] = SENDERS
    holds: tuple[str, ...] = ()


def digest_of(source: str) -> str:
    """The SHA-256 (hex) of a template's text, as ``halon kit preapprove`` prints it."""
    return hashlib.sha256(source.encode()).hexdigest()


def preapproved(bundle: Bundle, known: tuple[str, ...], problems: Problems) -> dict[str, Preapproved]:
    """Every entry by the name of its template; names that lead nowhere are noted. ``known`` are all templates."""
    found: dict[str, Preapproved] = {}
    for index, one in enumerate(bundle.communications.preapproved):
        where = ("preapproved", index)
        problems.refers(FILE, (*where, "template"), "notice template", one.template, known)
        problems.refers(FILE, (*where, "by"), "person", one.by, tuple(bundle.oncall.people))
        for number, role in enumerate(one.roles):
            check_role(role, FILE, (*where, "roles", number), bundle, problems)
        if one.template in found:
            problems.add(
                FILE, (*where, "template"), f"{one.template!r} is preapproved twice", (), "keep one of the two"
            )
        roles = tuple(one.roles) or SENDERS
        person = bundle.oncall.people.get(one.by)
        holds = tuple(person.roles) if person is not None else ()
        found[one.template] = Preapproved(one.template, one.digest, one.by, one.until, tuple(one.slots), roles, holds)
    return found


def may_not(one: Preapproved, gate: GatePolicy) -> Iterator[str]:
    """Why who approved the text could not have answered the full gate of the notice; none: that person could."""
    asked = tuple(dict.fromkeys((*gate.roles, *gate.every)))
    if not set(one.holds) & set(asked):
        yield f"{one.by} could not approve it in full: that takes {' or '.join(asked)}"


def objections(one: Preapproved, source: str, now: str) -> Iterator[str]:
    """Why the text of now is not what was approved, in words; none: it is. ``now`` is ISO 8601 UTC."""
    from halon.rendering import slots_of  # Jinja is loaded only where there is something for it to read

    if one.until < f"{parse(now):%Y-%m-%d}":
        yield f"the approval of {one.by} ended on {one.until}"
    if one.until > f"{parse(now) + timedelta(days=LONGEST_DAYS):%Y-%m-%d}":
        yield f"the approval of {one.by} is said to hold until {one.until}, and {LONGEST_DAYS} days is the longest"
    if digest_of(source) != one.digest:
        yield f"the template was changed since {one.by} approved it (its digest is {digest_of(source)[:12]}… now)"
    names, others = slots_of(one.template, source)
    if others:
        yield f"the template takes in others, which the approval does not cover: {', '.join(others)}"
    more = [name for name in sorted(names) if not _allowed(name, one.slots)]
    if more:
        yield f"the template prints what was not approved: {', '.join(more)}"


def _allowed(name: str, slots: tuple[str, ...]) -> bool:
    return any(name == slot or name.startswith(f"{slot}.") for slot in slots)


def sources(own: Mapping[str, str], template: str) -> str:
    """The text of a notice template: the organisation's own before the one that comes with Halon."""
    from halon.rendering import source_of

    return own[template] if template in own else source_of(f"notices/{template}.txt.j2")
