"""Judge with the kit, and look up who speaks. Pure decisions; they run here because the kit is here."""

from __future__ import annotations

import difflib

from temporalio import activity

from halon.incident.assessment import Assessment
from halon.judgement.assess import assess as judge
from halon.judgement.vocabulary import check_fact
from halon.ports.triage import Authority, Case, Claimed
from halon_activities.failures import typed
from halon_activities.hands import Hands
from halon_activities.people import people, person


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
            if may and claimed.command == "fact":
                wrong = check_fact(str(claimed.parameters.get("name", "")), claimed.parameters.get("value"))
                may, why = wrong is None, wrong or why
            return Authority(who.name, known=True, roles=who.roles, verified=False, may=may, why=why)
