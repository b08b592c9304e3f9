"""A named person lets a notice go out although a check objects: the rule, the sentences and the reason stay on record."""

from __future__ import annotations

from dataclasses import replace

from halon.incident.assessment import DECIDED
from halon.incident.commands import near
from halon.incident.gates import Gate
from halon.incident.notices import Notice, Objection, Overridden, objected
from halon.incident.saying import Refused, Saying
from halon.incident.standing import notice
from halon.incident.state import State
from halon.incident.timeline import note

MOST_OVERRIDDEN = 100


def let_pass(say: Saying) -> State:
    """Override one rule for what it objects to in one notice now. Another sentence is objected to again, and so is another
    thing that is not there."""
    wanted, rule = say.command["notice"], say.command["rule"]
    if not wanted or not rule:
        raise Refused(
            "Incomplete", "An override of a check needs notice and rule, as the notice's question shows them."
        )
    one = notice(say.state, wanted)
    if one is None:
        known = [each.id for each in say.state.notices if each.objections]
        raise Refused("UnknownNotice", f"There is no notice {wanted!r}: {near(wanted, known)}")
    left = objected(one, say.state.overridden)
    each_thing = say.state.assessment is not None and say.state.assessment.form >= DECIDED
    sentences = tuple(dict.fromkeys(each.matter if each_thing else each.sentence for each in left if each.rule == rule))
    if not sentences:
        rules = list(dict.fromkeys(each.rule for each in left))
        if not rules:
            raise Refused("NothingToOverride", f"No check objects to {one.id} as it stands.")
        raise Refused("UnknownRule", f"The rule {rule!r} objects to nothing in {one.id}: {near(rule, rules)}")
    if len(say.state.overridden) >= MOST_OVERRIDDEN:
        raise Refused("TooMany", f"{MOST_OVERRIDDEN} checks are overridden already: change the text instead.")
    over = Overridden(one.id, rule, sentences, say.by, say.command["reason"], say.now)
    state = replace(say.state, overridden=(*say.state.overridden, over))
    if one.audience == "leadership":  # it has no gate: it is drafted and sent again at once
        state = replace(state, ledger={**state.ledger, "update-due": say.now})
    told = f"{say.named()} lets {one.id} go out although the check {rule} objects{say.because()}"
    return note(state, say.now, "override", "notify", told, actor=say.by,
                data={"notice": one.id, "rule": rule, "sentences": list(sentences)})  # fmt: skip


def left(state: State, asked: Gate) -> tuple[Objection, ...]:
    """What the checks object to in the notice that a gate asks about, and nobody overrode."""
    one = notice(state, asked.subject) if asked.kind == "notice" else None
    return objected(one, state.overridden) if one is not None else ()


def require_none_left(state: State, asked: Gate) -> None:
    """Raises Refused if a check objects to what a yes to this gate would send."""
    one = notice(state, asked.subject) if asked.kind == "notice" else None
    if one is not None and (found := left(state, asked)):
        told = "; ".join(in_words(each) for each in found[:3])
        raise Refused("CheckFailed", f"{one.id} can't be approved as it stands: {told}. Say the facts, or change the template; or "
                      f"{how(state, one, found[0])}.")  # fmt: skip


def in_words(one: Objection) -> str:
    """The rule, the sentence, and what to do."""
    return f"{one.rule}{f': “{one.sentence[:160]}”' if one.sentence else ''}: {one.why}"


def how(state: State, one: Notice, found: Objection) -> str:
    """What to type to let it pass."""
    return f"halon override {state.reference} notice --notice {one.id} --rule {found.rule} --reason WHY lets it pass by name"
