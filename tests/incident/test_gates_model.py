"""Gates against a model of their own: whatever people say in whatever order, and however the clock jumps.

The machine drives the real commands, the real clock and the real change of a judged order. The model below knows nothing
of how they work: it keeps what was said about which digest, tries every way to give people roles, and says what may run.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import permutations
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from halon.incident import answering, quorum
from halon.incident.admission import Standing, admit
from halon.incident.alerts import Alert
from halon.incident.assessment import Assessment, Person, Roster, Severity
from halon.incident.clocks import fire_due
from halon.incident.commands import parse
from halon.incident.gates import Gate, Proof, gate_id
from halon.incident.judged import take_in
from halon.incident.opening import Opening
from halon.incident.opening_state import first_state
from halon.incident.orders import Action, Call, GatePolicy, Order
from halon.incident.standing import action, gate, with_action, with_gate
from halon.incident.times import after
from halon.incident.times import parse as moment

T0 = "2026-11-22T10:00:00.000Z"
NAMES = ("ann", "sue", "tom", "pat", "lea")
ROLES = ("sec", "dpo", "lead", "cmd")
CALL = Call("PUT", "https://agent.example/x", ("agent.example",))
ALERT = Alert("alertmanager", "bot", "leak", "Leak", "firing", "fp-1", T0, T0)
OVER = ("granted", "expired", "void", "rejected", "spent")

some_roles = st.lists(st.sampled_from(ROLES), min_size=1, max_size=2, unique=True).map(tuple)
few_roles = st.lists(st.sampled_from(ROLES), max_size=2, unique=True).map(tuple)


@dataclass
class Said:
    """What the model holds of one question: the yeses that stand, by name, with the roles held at that time."""

    yes: dict[str, frozenset[str]] = field(default_factory=dict)
    glass: set[str] = field(default_factory=set)
    no: set[str] = field(default_factory=set)


def suffices(policy: GatePolicy, said: Said, proposers: set[str]) -> bool:
    """Whether what was said allows it, by trying: the model's own word, shared with nothing."""
    out = proposers if policy.exclude_proposer else set()
    yes = {name: roles for name, roles in said.yes.items() if name not in out}
    plain = {name: roles for name, roles in yes.items() if name not in said.glass}
    holders = [name for name, roles in plain.items() if roles & set(policy.roles)]
    placed = any(
        all(role in plain[name] for role, name in zip(policy.every, order, strict=True))
        for order in permutations(plain, len(policy.every))
    )
    ordinary = len(holders) >= policy.quorum and placed
    broken = policy.break_glass > 0 and len(yes) >= policy.break_glass and bool(set(yes) & said.glass)
    return not said.no and (ordinary or broken)


class Gates(RuleBasedStateMachine):
    """One order behind a gate, and everything that can happen to it."""

    @initialize(
        policy=st.builds(
            GatePolicy, roles=some_roles, quorum=st.integers(1, 3), exclude_proposer=st.booleans(),
            deadline=st.sampled_from((600, 3600)), escalate_after=st.sampled_from((60, 900)), every=few_roles,
            veto=few_roles, break_glass=st.integers(0, 3), break_glass_roles=few_roles, remind_every=st.sampled_from((0, 300)),
        ),
        proposers=st.sets(st.sampled_from(NAMES), max_size=2),
        roles=st.fixed_dictionaries({name: st.frozensets(st.sampled_from(ROLES), max_size=3) for name in NAMES}),
    )  # fmt: skip
    def begin(self, policy: GatePolicy, proposers: set[str], roles: dict[str, frozenset[str]]) -> None:
        """An order that can't be undone is planned, and asked about."""
        self.now, self.number, self.version = after(T0, 1), 0, 0
        self.policy, self.proposers, self.roles = policy, proposers, dict(roles)
        self.runs: list[str] = []
        self.digested: tuple[Order, str] | None = None
        self.said: dict[str, Said] = {}
        self.over: dict[tuple[str, int], str] = {}
        self.state = first_state(Opening((ALERT,)), "incident-a.b", "run-1", T0)
        self.judge()
        self.ask()

    def order(self) -> Order:
        return Order("revoke", "revoke", "Revoke", "bot", "token", reversible=False, effect="once",
                     apply=replace(CALL, url=f"{CALL.url}/{self.version}"), verify=CALL, gate=self.policy,
                     proposed_by=tuple(sorted(self.proposers)))  # fmt: skip

    def judge(self) -> None:
        """The real judgement takes the order in: what changed voids its gate."""
        people = tuple(Person(name, name, tuple(sorted(self.roles[name])), ("mail",)) for name in NAMES)
        judged = Assessment(
            severity=Severity("SEV2", ("r",)), category="security", categories=("security",), mode="act", entity="e",
            roster=Roster("ann", "tom", ("ann",), 300, people), kit_digest="k", orders=(self.order(),), form=5,
        )  # fmt: skip
        self.state = take_in(self.state, judged, self.state.facts_version, self.now)

    @property
    def digest(self) -> str:
        order = self.held.order
        if self.digested is None or self.digested[0] is not order:
            self.digested = (order, order.digest_for(self.state.incident_id, "apply"))
        return self.digested[1]

    @property
    def held(self) -> Action:
        found = action(self.state, "revoke")
        assert found is not None
        return found

    @property
    def asked(self) -> Gate | None:
        return gate(self.state, gate_id("revoke", self.digest))

    def ask(self) -> None:
        """What the workflow does: a gate for exactly this, unless one stands."""
        asked = self.asked
        if asked is not None and asked.status not in ("void", "spent"):
            return
        policy = self.held.order.gate
        assert policy is not None
        self.state = with_gate(self.state, Gate(
            gate_id("revoke", self.digest), "contain", "revoke", self.digest, "Revoke", (), policy, self.now,
            after(self.now, policy.deadline), after(self.now, policy.escalate_after), proposers=self.held.order.proposed_by,
        ))  # fmt: skip
        self.said[self.digest] = Said()
        self.over = {key: word for key, word in self.over.items() if key[0] != gate_id("revoke", self.digest)}
        if self.held.status == "planned":
            self.state = with_action(self.state, replace(self.held, status="waiting"))

    def say(self, name: str, by: str, gate_named: str) -> str:
        self.number += 1
        command = parse(name, {"by": by, "gate": gate_named, "reason": "seen"}, f"u-{self.number}")
        who = Standing(by, known=True, roles=tuple(sorted(self.roles[by])), may=True)
        outcome = admit(self.state, command, who, Proof("run-1", "update", f"u-{self.number}"), self.now)
        assert bool(outcome.refusal) or outcome.text
        self.state = outcome.state
        return outcome.refusal

    def may_say(self, asked: Gate | None) -> bool:
        return asked is not None and asked.status == "open" and moment(self.now) <= moment(asked.deadline_at)

    @rule(by=st.sampled_from(NAMES))
    def approve(self, by: str) -> None:
        """A yes counts only of somebody entitled, in time, once, and not of who proposed it."""
        asked, before = self.asked, self.may_say(self.asked)
        assert asked is not None
        said = self.said[self.digest]
        entitled = bool(self.roles[by] & {*asked.policy.roles, *asked.policy.every})
        own = asked.policy.exclude_proposer and by in self.held.order.proposed_by
        new = by not in said.yes and by not in said.no
        refusal = self.say("approve", by, asked.id)
        assert (refusal == "") is (before and entitled and new and not own), refusal
        if not refusal:
            said.yes[by] = frozenset(self.roles[by])

    @rule(by=st.sampled_from(NAMES))
    def break_glass(self, by: str) -> None:
        """So does a yes in an emergency; where the kit has none, nobody's."""
        asked, before = self.asked, self.may_say(self.asked)
        assert asked is not None
        said, policy = self.said[self.digest], asked.policy
        roles = set(policy.break_glass_roles) or {*policy.roles, *policy.every}
        own = policy.exclude_proposer and by in self.held.order.proposed_by
        may = policy.break_glass > 0 and bool(self.roles[by] & roles) and not own and by not in said.glass
        refusal = self.say("break-glass", by, asked.id)
        assert (refusal == "") is (before and may), refusal
        if not refusal:
            said.yes[by] = frozenset(self.roles[by])
            said.glass.add(by)

    @rule(by=st.sampled_from(NAMES))
    def reject(self, by: str) -> None:
        """A no ends it, of those who may say it, and of whoever proposed it in any case."""
        asked, before = self.asked, self.may_say(self.asked)
        assert asked is not None
        said, policy = self.said[self.digest], asked.policy
        roles = set(policy.veto) or {*policy.roles, *policy.every}
        may = bool(self.roles[by] & roles) or by in self.held.order.proposed_by
        refusal = self.say("reject", by, asked.id)
        assert (refusal == "") is (before and may and by not in said.yes and by not in said.no), refusal
        if not refusal:
            said.no.add(by)

    @rule(by=st.sampled_from(NAMES))
    def withdraw(self, by: str) -> None:
        """Taken back is as if it had not been said; what has run, is void or expired is over."""
        asked = self.asked
        assert asked is not None
        said = self.said[self.digest]
        refusal = self.say("withdraw", by, asked.id)
        if not refusal:
            assert asked.status in ("open", "granted", "rejected")
            assert by in said.yes or by in said.no
            said.yes.pop(by, None)
            said.glass.discard(by)
            said.no.discard(by)
            self.over.pop((asked.id, asked.attempt), None)

    @rule(by=st.sampled_from(NAMES), roles=st.frozensets(st.sampled_from(ROLES), max_size=3))
    def handed_over(self, by: str, roles: frozenset[str]) -> None:
        """Somebody holds other roles from now on: what they said before was said with those of then."""
        self.roles[by] = roles

    @precondition(lambda self: self.held.status in ("planned", "waiting"))
    @rule(what=st.sampled_from(("call", "gate", "proposer", "nothing")), by=st.sampled_from(NAMES))
    def judged_anew(self, what: str, by: str) -> None:
        """Other calls, another gate or another proposer is another question: answers to the old one say nothing of it."""
        old = self.digest
        if what == "call":
            self.version += 1
        elif what == "gate":
            self.policy = replace(self.policy, quorum=self.policy.quorum % 3 + 1)
        elif what == "proposer":
            self.proposers = self.proposers ^ {by}
        before = gate(self.state, gate_id("revoke", old))
        assert before is not None
        self.judge()
        after_it = gate(self.state, before.id)
        assert after_it is not None
        if self.digest != old and before.status in ("open", "granted", "rejected"):
            assert after_it.status == "void"
            assert self.say("approve", by, before.id) == "GateClosed"
        self.ask()

    @rule(by=st.sampled_from(NAMES), name=st.sampled_from(("approve", "reject", "break-glass")))
    def an_old_question_is_answered(self, by: str, name: str) -> None:
        """Whatever is said of a question that is void, or of one that never was, changes no gate."""
        for named in [one.id for one in self.state.gates if one.status == "void"] + ["revoke-00000000"]:
            gates = [(one.id, one.status, one.answers) for one in self.state.gates]
            assert self.say(name, by, named) in ("GateClosed", "UnknownGate")
            assert gates == [(one.id, one.status, one.answers) for one in self.state.gates]

    @rule(seconds=st.sampled_from((1, 59, 301, 900, 3599, 3601, 86_400)), fires=st.booleans())
    def the_clock_jumps(self, seconds: int, fires: bool) -> None:
        """Time passes, and the clock may come late: what it should have done meanwhile it does then."""
        self.now = after(self.now, seconds)
        if fires:
            self.tick()

    @rule()
    def tick(self) -> None:
        """The clock fires what is due: escalation, reminders, and the deadline, which asks anew or ends it."""
        asked = self.asked
        assert asked is not None
        self.state = fire_due(self.state, self.now)
        later = self.asked
        assert later is not None
        if later.attempt != asked.attempt:
            assert asked.status == "open"
            self.said[self.digest] = Said()  # asked anew: earlier answers no longer count
        if later.status == "expired":
            assert moment(self.now) >= moment(later.deadline_at)

    @rule()
    def carried_out(self) -> None:
        """The workflow runs what a granted gate with this very digest allows, once, and the gate is spent."""
        asked = self.asked
        if asked is None or asked.status != "granted" or self.held.status != "waiting":
            return
        assert asked.digest == self.digest
        assert suffices(asked.policy, self.said[self.digest], set(self.held.order.proposed_by))
        self.runs.append(self.digest)
        self.state = with_gate(with_action(self.state, replace(self.held, status="applied", applied_at=self.now)),
                               replace(asked, status="spent"))  # fmt: skip

    @invariant()
    def granted_is_what_was_said(self) -> None:
        """Granted if and only if enough entitled people other than the proposer said so of this digest, and nobody no."""
        if not hasattr(self, "state"):
            return
        asked = self.asked
        assert asked is not None
        said = self.said[self.digest]
        enough = suffices(asked.policy, said, set(self.held.order.proposed_by))
        if asked.status == "granted":
            assert enough
            assert not asked.policy.exclude_proposer or not {one.by for one in asked.approvals} & set(
                self.held.order.proposed_by
            )
            assert all(moment(one.at) <= moment(asked.deadline_at) for one in asked.approvals)
        elif asked.status == "open" and enough:
            assert moment(self.now) > moment(asked.deadline_at)  # a no was taken back too late: it has expired

    @invariant()
    def settled_once(self) -> None:
        """What ran, expired or is void never becomes anything else; no question is both granted and expired."""
        if not hasattr(self, "state"):
            return
        for one in self.state.gates:
            key = (one.id, one.attempt)
            was = self.over.get(key, "")
            if was in ("expired", "void", "spent"):
                assert one.status == was
            if was == "granted":
                assert one.status in ("granted", "spent", "void")
            if one.status in OVER and one.status != "rejected":
                self.over[key] = one.status
        assert len(self.runs) <= 1

    @invariant()
    def a_broken_glass_is_on_record(self) -> None:
        """Whatever is granted without those whom the gate asks for is held for review."""
        if not hasattr(self, "state"):
            return
        for one in self.state.gates:
            if one.status in ("granted", "spent") and one.broken:
                assert any(each.gate == one.id and not each.reviewed_by for each in self.state.broken)


Gates.TestCase.settings = settings(
    max_examples=300, stateful_step_count=30, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
TestGates = Gates.TestCase


def _found(examples: int = 400) -> None:
    """The machine over and over, at the same seed each time, until it finds something."""
    run_state_machine_as_test(
        Gates,
        settings=settings(max_examples=examples, stateful_step_count=30, deadline=None, derandomize=True, database=None,
                          suppress_health_check=list(HealthCheck), print_blob=False, report_multiple_bugs=False,
                          phases=(Phase.generate,)),
    )  # fmt: skip


def no_proposer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Gate, "_counts", lambda gate, by: True)
    monkeypatch.setattr(answering, "_require_another", lambda say, asked, roles: None)


def no_every(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quorum, "matched", lambda every, people: dict.fromkeys(range(len(every)), "anybody"))


def one_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Gate, "glass_missing", property(lambda gate: 0 if gate.broken_by else 1))


def void_is_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    real = answering.gate
    monkeypatch.setattr(
        answering, "gate",
        lambda state, name: replace(one, status="open") if (one := real(state, name)) and one.status == "void" else one,
    )  # fmt: skip


def late_is_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answering, "parse", lambda text: 0)


@pytest.mark.parametrize("fault", [no_proposer, no_every, one_is_enough, void_is_answered, late_is_in_time])
def test_the_model_finds_a_planted_fault(monkeypatch: pytest.MonkeyPatch, fault: Any) -> None:
    """Without the exclusion of proposers, the roles that must be there, enough people for the glass, the void, the deadline."""
    fault(monkeypatch)
    with pytest.raises(AssertionError):
        _found()
