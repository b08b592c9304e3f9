"""Which gate stands before something at this severity and in this category, where the kit says so; else its own."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from halon.incident.assessment import Level, Obligation
from halon.incident.orders import GatePolicy, InAct, Order

GateRuleKind = Literal["contain", "irreversible", "ask", "notice", "restore"]


@dataclass(frozen=True, slots=True)
class GateRule:
    """``gate`` stands in place of every gate of ``kind`` that it fits; empty conditions fit all.

    ``kind`` contain is irreversible and ask together: any gate before an action is carried out. A rule only replaces a
    gate: it puts none where none is, and takes none away.
    """

    kind: GateRuleKind
    gate: GatePolicy
    severities: tuple[Level, ...] = ()
    categories: tuple[str, ...] = ()
    actions: tuple[str, ...] = ()

    @property
    def told(self) -> str:
        """What it goes by, in words."""
        return ", ".join((*self.severities, *self.categories, *self.actions)) or f"every {self.kind}"

    def fits(self, kinds: Collection[str], level: str, categories: Collection[str], action: str = "") -> bool:
        """Whether it is about a gate of one of ``kinds`` here."""
        return (
            self.kind in kinds
            and (not self.severities or level in self.severities)
            and (not self.categories or not set(categories).isdisjoint(self.categories))
            and (not self.actions or action in self.actions)
        )


@dataclass(frozen=True, slots=True)
class Gates:
    """The kit's rules at ``level``, with the ``categories`` that hold. The first that fits counts."""

    rules: Sequence[GateRule]
    level: str
    categories: Collection[str]

    def order(self, one: Order) -> Order:
        """``one`` with its gates as the rules want them, and why."""
        if not self.rules:
            return one
        kinds = ("contain", "ask" if one.reversible else "irreversible")
        before, back = self._rule(kinds, one.id), self._rule(("restore",), one.id)
        acting = one.in_act
        if before is not None and acting is not None and acting.gate is not None:
            acting = InAct(before.gate, acting.because)
        if before is not None and one.gate is not None:
            one = replace(one, gate=before.gate, why=(*one.why, f"who must agree is by gates.policies: {before.told}"))
        if back is not None and one.restore_gate is not None:
            one = replace(one, restore_gate=back.gate)
        return replace(one, in_act=acting)

    def duty(self, one: Obligation) -> Obligation:
        """``one`` with the gate of its notices as the rules want it."""
        rule = self._rule(("notice",))
        return replace(one, gate=rule.gate) if rule is not None and one.gate is not None else one

    def _rule(self, kinds: Collection[str], action: str = "") -> GateRule | None:
        return next((rule for rule in self.rules if rule.fits(kinds, self.level, self.categories, action)), None)
