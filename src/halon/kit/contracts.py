"""What an entity's own contract says, in place of what the contract's duty says: period, trigger, channel and text."""

from __future__ import annotations

from dataclasses import dataclass, replace

from halon.judgement.expressions import Expression, anchors_of
from halon.judgement.predicates import Tree
from halon.judgement.regime import StageRule
from halon.kit.bundle import Bundle
from halon.kit.dues import deadline
from halon.kit.files.entities import ContractShape, EntityFile
from halon.kit.files.regimes import RegimeFile
from halon.kit.places import Problems
from halon.kit.reading import Path
from halon.kit.trees import tree

_PERIODS = ("hours", "calendar_days", "business_days")


@dataclass(frozen=True, slots=True)
class Terms:
    """The terms of one contract; empty where it leaves them to the duty. ``bound``: there is a contract.

    ``due`` is None where it names no period.
    """

    bound: bool = False
    due: Expression | None = None
    when: Tree | None = None
    channel: str = ""
    template: str = ""


def contract_terms(
    law: RegimeFile, stages: tuple[StageRule, ...], name: str, entity: EntityFile, bundle: Bundle,
    templates: tuple[str, ...], problems: Problems,
) -> Terms:  # fmt: skip
    """What the entity ``name`` agreed in its contract for the duty ``law``; nothing where it is no duty by contract.

    Its period runs from what that of the first of ``stages`` runs from, unless it says otherwise.
    """
    said = entity.contracts.get(law.id) if law.contract else None
    if said is None:
        return Terms()
    file, at = bundle.file("entities", name), ("contracts", law.id)
    if said.channel is not None:
        problems.refers(file, (*at, "channel"), "channel", said.channel, bundle.communications.channels)
    if said.template is not None:
        problems.refers(file, (*at, "template"), "notice template", said.template, templates)
    when = None if said.when is None else tree(said.when, file, (*at, "when"), problems)
    return Terms(True, _due(stages[0], said, file, at, problems), when, said.channel or "", said.template or "")


def by_contract(stages: tuple[StageRule, ...], terms: Terms) -> tuple[StageRule, ...]:
    """The stages with the period of the entity's own contract for the first one."""
    if not terms.bound:
        return stages
    first, *others = stages
    if terms.due is None:
        words = first.words or "the contract names no period: without delay"
        return (replace(first, due=None, words=words), *others)
    return (replace(first, due=terms.due), *others)


def _due(first: StageRule, said: ContractShape, file: str, at: Path, problems: Problems) -> Expression | None:
    given = {key: getattr(said, key) for key in _PERIODS if getattr(said, key) is not None}
    if not given and said.after is None and said.of is None:
        return None
    after = said.after or (anchors_of(first.due)[0] if first.due is not None else "aware_at")
    raw = {"after": after, **given, **({"of": said.of} if said.of is not None else {})}
    return deadline(raw, file, at, (), problems)
