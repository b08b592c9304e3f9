"""The kinds of containment, as the catalogue and ``kinds:`` of actions.yaml write them."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from halon.incident.orders import Effect
from halon.judgement.vocabulary import near
from halon.kit.files.connectors import Observation
from halon.kit.files.shapes import Line, Name, Shape, Words

WHOLE = "all"
"""In ``covers``: the whole agent."""
WAYS = ("tool", "credential", "output", "source", "spend", "spread", "memory", "agent")
"""The kinds of ways in which harm goes on."""
CHANGING = "@changing"
"""As the name of a tool in ``covers``: every tool of the agent that does more than read."""
_NAME = re.compile(r"\*|@changing|[A-Za-z0-9{][A-Za-z0-9._{}-]*")
_BARE = re.compile(r"[a-z0-9][a-z0-9_-]*")


def _way(text: str) -> str:
    kind, colon, name = text.partition(":")
    if not colon:
        if _BARE.fullmatch(text):
            return text
        raise ValueError(f"{text!r} is no tool; write a tool's name, kind:name, or all")
    if kind not in WAYS:
        close = near(kind, WAYS, 1)
        step = f"did you mean {close[0]!r}?" if close else f"write one of {', '.join(WAYS)} before the colon"
        raise ValueError(f"{text!r} names no way of harm; {step}")
    if (kind == "agent") is bool(name) or (name and not _NAME.fullmatch(name)):
        raise ValueError(f"{text!r} names no way of harm; write {kind}:{'' if kind == 'agent' else 'NAME'}")
    if name == CHANGING and kind != "tool":
        raise ValueError(f"{text!r} names no way of harm; only tools are told apart so: tool:{CHANGING}")
    return text


Way = Annotated[str, StringConstraints(min_length=1, max_length=120), AfterValidator(_way)]
"""A way of harm: a tool's name, ``kind:name`` with ``*`` for all of the kind, ``all``. ``{x}`` is what ``with:`` gives for x."""

Listed = Literal[
    "fallback", "fallback_probe", "known_good", "replacement", "tools", "credentials", "outputs", "sources", "memory"
]
"""What an agent's file may have to say before a kind of action is ready."""


class NeedShape(Shape):
    """What has to be there before an action of this kind: one of the three, and the same in words.

    ``inventory`` is said in the agent's file, ``observe`` is how its connector looks at it, ``fact`` are facts of which the
    action's ``when`` asks at least one.
    """

    words: Line
    inventory: Listed | None = None
    observe: Observation | None = None
    fact: list[Name] = Field(default_factory=list, max_length=10)

    @model_validator(mode="after")
    def _one(self) -> NeedShape:
        if sum((self.inventory is not None, self.observe is not None, bool(self.fact))) != 1:
            raise ValueError("a need is one thing; say inventory:, observe: or fact:, and only one of them")
        return self


class KindShape(Shape):
    """A kind of containment: what its actions inherit where they leave it out.

    ``covers`` are the ways of harm that it closes. ``keeps``: it stops no harm and only keeps things as they are.
    ``takes_tools``: the agent itself can't sign in with the credential any more, so that the tools that have no other go
    with it; a rotated secret does not, because the agent gets the new one. ``collateral`` asks who else is hit. ``touches_evidence``: it changes or removes what evidence is taken from.
    ``takes_effect`` is in seconds, ``why_then`` says why. ``roles`` may approve it unless the kit says otherwise. ``undo`` is
    the way back in words. ``operations`` do it, by connector that comes with Halon; ``own`` says what one's own must do.
    """

    title: Line
    stops: Line
    covers: list[Way] = Field(default_factory=list, max_length=50)
    keeps: bool = False
    takes_tools: bool = False
    reversible: bool
    disruption: int = Field(ge=0, le=4)
    collateral: Line
    needs: list[NeedShape] = Field(default_factory=list, max_length=10)
    touches_evidence: bool = False
    takes_effect: int = Field(default=0, ge=0, le=86_400)
    why_then: Line | None = None
    roles: list[Name] = Field(min_length=1, max_length=10)
    effect: Effect
    undo: Words
    operations: dict[Name, list[Name]] = Field(default_factory=dict)
    own: Line | None = None


class CatalogueFile(Shape):
    """One file of the catalogue that comes with Halon."""

    version: int = Field(ge=1)
    kinds: dict[Name, KindShape]
