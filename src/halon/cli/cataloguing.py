"""``kit catalogue``: the kinds of containment that an entry of actions.yaml can name."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from halon.cli import screen
from halon.cli.options import Json

if TYPE_CHECKING:
    from halon.kit.files.kinds import KindShape, NeedShape


def catalogue(
    kind: Annotated[
        str | None, typer.Argument(metavar="KIND", help="one of them in full; without it, a table of all")
    ] = None,
    as_json: Json = False,
) -> None:
    """The kinds of action that come with Halon: what each stops, its way back, how much stands still, what does it."""
    from halon.kit import catalogue as known

    whole = known.catalogue()
    shown = dict(whole.kinds) if kind is None else {kind: known.kind(kind)}
    if as_json:
        told = {name: _told(one) for name, one in shown.items()}
        screen.value({"version": whole.version, "kinds": told})
    elif kind is None:
        rows = [
            (name, one.stops, "yes" if one.reversible else "NO", str(one.disruption), _done_by(one))
            for name, one in shown.items()
        ]
        screen.table(("kind", "stops", "can be undone", "disruption", "operations"), rows)
        screen.aside("one of them in full: halon kit catalogue KIND")
    else:
        screen.lines(list(_page(kind, shown[kind])))


def _told(one: KindShape) -> dict[str, Any]:
    return one.model_dump(mode="json")


def _done_by(one: KindShape) -> str:
    told = [f"{connector}: {', '.join(names)}" for connector, names in one.operations.items()]
    return "; ".join(told) or "a connector of your own"


def _page(name: str, one: KindShape) -> Iterator[str]:
    yield f"{name}: {one.title}"
    yield f"  stops            {one.stops}"
    yield f"  closes           {', '.join(one.covers) or 'what the action says under covers:'}"
    yield f"  can be undone    {'yes' if one.reversible else 'NO'}. {one.undo.strip()}"
    yield f"  disruption       {one.disruption} of 4"
    yield f"  who else is hit  {one.collateral}"
    yield f"  evidence         {'sealed first: it changes what evidence is taken from' if one.touches_evidence else 'left as it is'}"
    then = "at once" if not one.takes_effect else f"after {one.takes_effect} s"
    yield f"  takes effect     {then}{f': {one.why_then}' if one.why_then else ''}"
    yield f"  may approve      {' or '.join(one.roles)}, unless the kit names others"
    yield f"  effect class     {one.effect}"
    for need in one.needs:
        yield f"  needs            {need.words} ({_key(need)})"
    yield f"  done by          {_done_by(one)}"
    if one.own:
        yield f"                   {one.own}"


def _key(need: NeedShape) -> str:
    if need.fact:
        return f"fact {' or '.join(need.fact)}"
    return f"inventory {need.inventory}" if need.inventory else f"observe {need.observe}"
