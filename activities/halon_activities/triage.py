"""Judge with the kit, and look up who speaks. Pure decisions; they run here because the kit is here."""

from __future__ import annotations

import difflib
from dataclasses import replace

from temporalio import activity

from halon.evidence.errors import EvidenceError
from halon.incident.assessment import Assessment, Person
from halon.incident.proving import ANSWERS
from halon.incident.strength import at_least
from halon.judgement.assess import assess as judge
from halon.judgement.working_hours import with_reach
from halon.kit.files.authority import FACT_DOWN
from halon.ports.triage import Authority, Case, Claimed
from halon_activities import affected_list, facts, reading, saying
from halon_activities.failures import in_words, typed
from halon_activities.hands import Hands
from halon_activities.kits import Kits
from halon_activities.oncall import with_on_call
from halon_activities.people import people, person
from halon_activities.verifying import Verdict, Verifying

MOST_NAMES = 12
"""Names of facts in one answer; a hundred would hide the one that was meant."""


STORE = "EvidenceStore"


class Triage:
    """The activities of ``halon.ports.triage``."""

    def __init__(self, hands: Hands) -> None:
        self._hands = hands
        self._kits = Kits(hands)
        self._verifying = Verifying(hands)

    @activity.defn(name="triage.assess")
    async def assess(self, case: Case) -> Assessment:
        """Judge the facts with the kit of the incident, which need not be the one in use."""
        with typed():
            chosen = await self._kits.of(case.kit_digest, kept=case.kit_kept)
            judged = judge(
                case.facts,
                chosen.kit.policy,
                case.now,
                agent=case.agent,
                group=case.group,
                rules=case.rules,
                filed=case.filed,
                sealed=case.evidence_sealed,
                sources=case.sources,
                level=case.level,
                holds=case.in_force,
                failed=case.failed,
                standing=case.standing,
            )
            if chosen.newer:
                # People and how they are reached are those of now, whatever rules an incident is judged by.
                roster = self._hands.kit.on_call(case.agent, case.now)
                channels = self._hands.kit.policy.leadership_channels
                judged = replace(judged, roster=roster, leadership_channels=channels)
                judged = with_reach(judged, self._hands.kit.policy, case.agent)
            return await with_on_call(self._hands, chosen.noted(judged), case.agent, case.now)

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
            if may:
                refusal, wrong = saying.objection(self._hands.kit, claimed)
                may, why = not wrong, wrong or why
            if may and claimed.command == "fact":
                refusal, wrong = await self._objection(claimed, who.roles)
                may, why = not wrong, wrong or why
            if may and claimed.command == "evidence":
                refusal, wrong = await reading.objection(self._hands, claimed, who.roles)
                may, why = not wrong, wrong or why
            if may and claimed.command == "affected":
                refusal, wrong = await affected_list.objection(self._hands, claimed)
                may, why = not wrong, wrong or why
            found = await self._verified(claimed, who) if may else Verdict()
            if found.refusal:
                may, why, refusal = False, f"{found.why}.", found.refusal
            told = Authority(
                who.name, known=True, roles=who.roles, verified=bool(found.how), may=may, why=why, refusal=refusal,
                how=found.how, others=affected_list.others(self._hands.kit, who) if claimed.command == "affected" else (),
                places=await affected_list.counted(self._hands, claimed) if may else {},
            )  # fmt: skip
            return await self._with_newer_kit(told, claimed) if may and claimed.command == "kit" else told

    async def _verified(self, claimed: Claimed, who: Person) -> Verdict:
        """What proves who says it, held against what the kit in use asks for."""
        if claimed.command in ANSWERS and not claimed.gate_kind:
            return Verdict()  # there is no such gate: no code is used up for that
        proving = self._hands.kit.proving
        needed = proving.of(claimed.command, claimed.gate_kind, claimed.gate_needs)
        if claimed.command == "fact" and not at_least(needed, down := proving.of(FACT_DOWN)):
            try:
                judging = (await self._kits.of(claimed.kit_digest)).kit.policy
            except (OSError, EvidenceError):
                return Verdict("", STORE, "it can't be seen by which kit the incident is judged; say it again")
            needed = down if facts.loosened(judging, claimed, self._hands.now()) else needed
        try:
            return await self._verifying.said(claimed, who, needed)
        except (OSError, EvidenceError) as error:
            return Verdict("", STORE, f"it can't be checked who you are: {in_words(error)[:200]}; say it again")

    async def _objection(self, claimed: Claimed, roles: tuple[str, ...]) -> tuple[str, str]:
        """What speaks against a fact: measured by the kit that judges the incident; people and roles are those of now."""
        used = self._hands.kit
        try:
            judging = (await self._kits.of(claimed.kit_digest)).kit.policy
        except (OSError, EvidenceError) as error:
            why = f"It can't be seen by which kit the incident is judged: {in_words(error)[:200]}."
            return STORE, f"{why} Say it again when the store answers."
        return facts.objection(used, judging, claimed, roles, self._hands.now())

    async def _with_newer_kit(self, told: Authority, claimed: Claimed) -> Authority:
        """With the kit in use, where it is newer than that of the incident: nothing may have been judged since it came."""
        try:
            chosen = await self._kits.of(claimed.kit_digest)
        except (OSError, EvidenceError) as error:
            why = f"It can't be seen which kit is in use: {in_words(error)[:200]}. Say it again when the store answers."
            return replace(told, may=False, why=why, refusal=STORE)
        if chosen.missing:  # the next judgement would be by the kit in use in any case
            lost = f"can't be shown: {chosen.missing}"
            return replace(told, newer_kit=chosen.kit.digest, newer_kit_difference=(lost,))
        return replace(told, newer_kit=chosen.newer, newer_kit_difference=chosen.changed)
