"""Judge with the kit, and look up who speaks. Pure decisions; they run here because the kit is here."""

from __future__ import annotations

import difflib
from typing import Any

from temporalio import activity

from halon.incident.assessment import Assessment
from halon.judgement.assess import assess as judge
from halon.judgement.vocabulary import VOCABULARY, check_fact
from halon.ports.triage import Authority, Case, Claimed
from halon_activities.failures import typed
from halon_activities.hands import Hands
from halon_activities.people import people, person

MOST_NAMES = 12
"""Names of facts in one answer; a hundred would hide the one that was meant."""


class Triage:
    """The activities of ``halon.ports.triage``."""

    def __init__(self, hands: Hands) -> None:
        self._hands = hands

    @activity.defn(name="triage.assess")
    async def assess(self, case: Case) -> Assessment:
        """Judge the facts with the kit."""
        with typed():
            return judge(
                case.facts,
                self._hands.kit.policy,
                case.now,
                agent=case.agent,
                group=case.group,
                rules=case.rules,
                filed=case.filed,
            )

    @activity.defn(name="triage.authority")
    async def authority(self, claimed: Claimed) -> Authority:
        """Look up who a person is and whether the kit lets them say this command."""
        with typed():
            who = person(self._hands.kit, claimed.by)
            if who is None:
                known = sorted(one.name for one in people(self._hands.kit))
                near = difflib.get_close_matches(claimed.by.strip().lower(), known, n=1)
                hint = f"; did you mean {near[0]}?" if near else ""
                return Authority(claimed.by, known=False, why=f"nobody called {claimed.by[:80]!r} is in the kit{hint}")
            may, why = self._hands.kit.may(claimed.command, who.roles)
            refusal = ""
            if may and claimed.command == "fact":
                refusal, wrong = misfit(str(claimed.parameters.get("name", "")), claimed.parameters.get("value"))
                may, why = not refusal, wrong or why
            return Authority(who.name, True, who.roles, verified=False, may=may, why=why, refusal=refusal)


def misfit(name: str, value: Any) -> tuple[str, str]:
    """Type and words of why a fact can't be said like this: UnknownFact or WrongValue; both empty if it can."""
    wrong = check_fact(name, value)
    if wrong is None:
        return "", ""
    known = [term.name for term in VOCABULARY.values() if not term.derived]
    if name in known:
        return "WrongValue", wrong
    if name in VOCABULARY:
        return "UnknownFact", wrong
    near = difflib.get_close_matches(name[:80].lower(), known, n=MOST_NAMES, cutoff=0.0)
    meant = difflib.get_close_matches(name[:80].lower(), known, n=1)
    hint = f"did you mean {meant[0]!r}? " if meant else ""
    rest = len(known) - len(near)
    return (
        "UnknownFact",
        f"{hint}There is no fact {name[:80]!r}. Nearest: {', '.join(near)}; {rest} more are in docs/kit.md.",
    )
