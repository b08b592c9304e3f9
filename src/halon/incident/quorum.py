"""Do these people suffice for a gate, and who is still missing? Pure, from roles alone, wherever that is asked.

Two conditions hold together: ``quorum`` distinct people hold one of ``roles``, and for the roles of ``every`` there are
distinct people who hold them. One person may serve both, but only one of the roles of ``every``.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from halon.incident.orders import GatePolicy

People = Mapping[str, Collection[str]]
"""The roles of each person who said yes, by name."""


def may_answer(policy: GatePolicy, roles: Collection[str]) -> bool:
    """Whether whoever holds ``roles`` may say yes."""
    return not {*policy.roles, *policy.every}.isdisjoint(roles)


def may_refuse(policy: GatePolicy, roles: Collection[str]) -> bool:
    """Whether whoever holds ``roles`` may say no and thereby end it; a proposer may in any case, whatever they hold."""
    return not set(policy.veto).isdisjoint(roles) if policy.veto else may_answer(policy, roles)


def may_break(policy: GatePolicy, roles: Collection[str]) -> bool:
    """Whether whoever holds ``roles`` may break the glass of this gate; nobody may where there is none."""
    return policy.break_glass > 0 and not set(policy.break_glass_roles or asked_of(policy)).isdisjoint(roles)


def asked_of(policy: GatePolicy) -> tuple[str, ...]:
    """The roles of those who may say yes, each once."""
    return tuple(dict.fromkeys((*policy.roles, *policy.every)))


def enough(policy: GatePolicy, people: People) -> bool:
    """Whether the yes of ``people`` passes the gate in the ordinary way."""
    return short_of(policy, people) == 0


def short_of(policy: GatePolicy, people: People) -> int:
    """How many more people it takes at least; 0 if these suffice."""
    holders = sum(1 for roles in people.values() if not set(policy.roles).isdisjoint(roles))
    return max(0, policy.quorum - holders, len(policy.every) - len(matched(policy.every, people)))


def matched(every: Sequence[str], people: People) -> dict[int, str]:
    """As many places of ``every`` as possible, each by its index with a person of its own who holds that role.

    Exact (augmenting paths, Kuhn 1955): who holds two roles is never counted twice, nor put where another is needed.
    """
    held: dict[int, str] = {}
    names = sorted(people)

    def place(at: int, tried: set[str]) -> bool:
        for name in names:
            if name in tried or every[at] not in people[name]:
                continue
            tried.add(name)
            taken = next((index for index, holder in held.items() if holder == name), None)
            if taken is None or place(taken, tried):
                held[at] = name
                return True
        return False

    for at in range(len(every)):
        place(at, set())
    return held


def lacking(policy: GatePolicy, people: People) -> str:
    """Who still has to agree, in words; empty if nobody has to."""
    told: list[str] = []
    holders = sum(1 for roles in people.values() if not set(policy.roles).isdisjoint(roles))
    if holders < policy.quorum:
        told.append(f"{policy.quorum - holders} more of {' or '.join(policy.roles)}")
    open_places = len(policy.every) - len(found := matched(policy.every, people))
    if open_places:
        told.append(_roles(wanted(policy.every, people, len(found)), open_places))
    if not told:
        return ""
    many = len(told) > 1 or open_places > 1 or (not open_places and policy.quorum - holders > 1)
    return f"{' and '.join(told)} still {'have' if many else 'has'} to agree"


def wanted(every: Sequence[str], people: People, filled: int) -> tuple[str, ...]:
    """The roles of which one more holder would fill one more place: who is there already may move over to another."""
    newcomer = " "  # no name is blank
    return tuple(role for role in dict.fromkeys(every) if len(matched(every, {**people, newcomer: (role,)})) > filled)


def in_short(policy: GatePolicy) -> str:
    """Whom the gate asks, in words: any of the first, and each of those that must be among them."""
    every = f", and {_roles(policy.every, len(policy.every))}" if policy.every else ""
    return f"{' or '.join(policy.roles)}{every}"


def needed(policy: GatePolicy) -> str:
    """What the gate takes, in words."""
    told = f"{policy.quorum} of {' or '.join(policy.roles)}"
    if policy.every:
        told += f", and among them {_roles(policy.every, len(policy.every))}" + (
            ", each another person" if len(policy.every) > 1 else ""
        )
    return told


def _roles(roles: Sequence[str], places: int) -> str:
    if places == len(roles):
        return " and ".join(f"{'an' if role[:1] in 'aeiou' else 'a'} {role}" for role in roles)
    some = "one" if places == 1 else str(places)
    return f"{some} more of {' or '.join(roles)}"
