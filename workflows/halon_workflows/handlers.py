"""Every command as an Update and a Signal of the same name, generated in one place.

The validator refuses only what is malformed. Everything else is accepted, recorded, and refused by a typed error. A
Signal can't be answered, so a bad one is answered in the log and in the current details.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from temporalio import workflow
from temporalio.api.common.v1 import Payload
from temporalio.common import RawValue
from temporalio.exceptions import ApplicationError

from halon.incident import patience, proving
from halon.incident.admission import Outcome, Standing, admit, refuse, said_again
from halon.incident.by_hand import AS_FULL_AUTHORITY
from halon.incident.commands import COMMANDS, Command, Spec, near, parse
from halon.incident.errors import Malformed
from halon.incident.gates import Proof
from halon.incident.kits import found, in_force
from halon.incident.standing import gate
from halon.ports import triage
from halon_workflows import by_hand, correlate, patches, redrafting
from halon_workflows.durable import Durable
from halon_workflows.shown import seen

LARGEST_PAYLOAD = 65_536
VERIFIED_AGAIN_AT_MOST = 3


def decode(payload: Payload, largest: int = LARGEST_PAYLOAD) -> Any:
    """The JSON value in a payload of at most ``largest`` bytes. Raises Malformed, whatever is in it."""
    if len(payload.data) > largest:
        raise Malformed(f"The input is larger than {largest} bytes.")
    try:
        value = workflow.payload_converter().from_payload(payload)
    except Exception as error:  # any converter's own error: it must not wedge the incident
        raise Malformed("The input can't be read as JSON; give one JSON object with --input.") from error
    if isinstance(value, dict) and "halon_undecodable" in value:
        raise Malformed("The input can't be decoded; give one plain JSON object with --input.")
    return value


class Commands(Durable):
    """The commands' side of the workflow."""

    async def say(self, command: Command) -> Any:
        """Carry out a command: look up who speaks, then admit or refuse. Returns the sentence that answers it, or for
        ``look`` what there is to see."""
        self.speaking += 1
        try:
            return await self._heard(command)
        finally:
            self.speaking -= 1

    async def _heard(self, command: Command) -> Any:
        proof = Proof(
            run_id=workflow.info().run_id, kind="update" if command.update_id else "signal", update_id=command.update_id
        )
        await workflow.wait_condition(lambda: self.ready or self.stillborn)
        if self.stillborn:
            raise ApplicationError(
                "This start was refused; it is no incident.", type="NotAnIncident", non_retryable=True
            )
        claimed = self._claimed(command)
        who = await self.act_now(triage.authority, claimed, f"who is {command.by[:40]}")
        await workflow.wait_condition(lambda: self.ready and not self.was_reset)
        for _ in range(VERIFIED_AGAIN_AT_MOST):
            # What counted may have changed meanwhile, and with it whether the new fact loosens anything.
            if not who.may or claimed.facts == self._claimed(command).facts or not self.goes(patches.VERIFIED_AGAIN):
                break
            claimed = self._claimed(command)
            who = await self.act_now(triage.authority, claimed, f"who is {command.by[:40]}")
            await workflow.wait_condition(lambda: self.ready and not self.was_reset)
        if command.name in ("approve", "break-glass") and await redrafting.compared(self, command["gate"]):
            await workflow.wait_condition(lambda: self.ready and not self.was_reset)
        if command.name == "kit" and who.may:
            self.state = found(self.state, who.newer_kit, who.newer_kit_difference)
        standing = Standing(who.by, who.known, who.roles, who.verified, who.may, who.why,
                            who.refusal or "NotAuthorised", who.how, patience.offers(self.state, command), who.others, who.places)  # fmt: skip
        command = proving.bare(command)
        met = None
        if command.name == "merge" and who.may:
            met = await correlate.look_up(self, str(command["into"]))
            await workflow.wait_condition(lambda: self.ready and not self.was_reset)
        ready = read = None
        if command.name == "contain" and who.may:
            ready = await by_hand.look_up(self)
            await workflow.wait_condition(lambda: self.ready and not self.was_reset)
        if command["done_outside"] and who.may:
            read = await by_hand.read_back(self, str(command["done_outside"]), self.reading)
            await workflow.wait_condition(lambda: self.ready and not self.was_reset)
        outcome: Outcome = admit(self.state, command, standing, proof, self.now, met=met, ready=ready, seen=read)
        if said_again(command, outcome) and self.goes(patches.SAID_AGAIN):
            outcome = admit(self.state, command, standing, proof, self.now, again=True)
        self.state = outcome.state
        if outcome.refusal:
            raise ApplicationError(outcome.text, type=outcome.refusal, non_retryable=True)
        return seen(self.state, command["what"] or "status", self.now) if command.name == "look" else outcome.text

    def _claimed(self, command: Command) -> triage.Claimed:
        """What is asked about the speaker; with a fact, all that was said of it, which shows whether it loosens; with
        that and with a kit, the kit that judges the incident."""
        names = (command["name"], "detected_at") if command.name == "fact" else ()
        facts = tuple(fact for fact in self.state.facts if fact.name in names and not fact.claim)
        asked = gate(self.state, command["gate"]) if command.name in proving.ANSWERS else None
        offers = proving.offered(command.parameters)
        return triage.Claimed(
            self.state.incident_id, self._name_for(command), command.by, proving.without(command.parameters),
            self.state.agent, facts, in_force(self.state) if command.name in ("fact", "kit") else "",
            update_id=command.update_id, fingerprint=proving.fingerprint(command) if offers else "", offers=offers,
            gate_kind=proving.kind_of(self.state, asked) if asked else "", gate_digest=asked.digest if asked else "",
            gate_needs=asked.policy.verifier if asked else "",
        )  # fmt: skip

    def _name_for(self, command: Command) -> str:
        if command["done_outside"]:
            return AS_FULL_AUTHORITY
        lowers = command.name == "severity" and self.state.level is not None and command["level"] > self.state.level
        return "severity-down" if lowers else command.name

    def refuse_signal(self, name: str, kind: str, text: str) -> None:
        """Put a refused Signal on record. Never raises: an error in a Signal handler would fail the incident."""
        if self.ready:
            self.state = refuse(self.state, name, "signal", kind, text, self.now)
        else:
            self.early_refusals.append((name, kind, text))

    async def signalled(self, name: str, payload: Payload) -> None:
        """A Signal of a command's name."""
        try:
            command = parse(name, decode(payload))
        except Malformed as error:
            self.refuse_signal(name, type(error).__name__, str(error))
            return
        late = patches.BY_HAND if name == "contain" or command["done_outside"] else patches.CAME_WITH.get(name, "")
        if late and not self.goes(late):
            self.refuse_signal(name, "UnknownSignal", f"nobody knew {name} so when it came; say it again as an Update.")
            return
        try:
            await self.say(command)
        except ApplicationError:
            return  # the refusal is on record

    def __init__(self) -> None:
        super().__init__()
        self.early_refusals: list[tuple[str, str, str]] = []
        self.speaking = 0
        self.stillborn = False
        self.reading: set[str] = set()

    def check(self, spec: Spec, payload: Payload) -> Command:
        """The validator of every Update: malformed input is turned away, and a name that was refused too often.

        It can't see who it really is. What comes with a proof is heard, and counted apart: see ``halon.incident.patience``.
        """
        try:
            command = parse(spec.name, decode(payload), _update_id())
        except Malformed as error:
            raise ApplicationError(str(error), type=type(error).__name__, non_retryable=True) from None
        kind, text = patience.turned_away(self.state, command, self.now) if self.ready else ("", "")
        if kind:
            raise ApplicationError(text, type=kind, non_retryable=True)
        return command

    @workflow.signal(dynamic=True)
    async def unknown_signal(self, name: str, args: Sequence[RawValue]) -> None:
        """A Signal whose name is none: answered in the log with the known names."""
        known = [*COMMANDS, "alerts"]
        self.refuse_signal(name, "UnknownSignal", f"there is no signal {name[:60]!r}. {near(name[:60], known)}")


def _update_id() -> str:
    info = workflow.current_update_info()
    return info.id if info else ""


def _as_method(function: Callable[..., Any], name: str, spec: Spec) -> None:
    # The SDK leaves out a first parameter called self only if it has no annotation.
    function.__annotations__.pop("self")
    function.__name__, function.__qualname__, function.__doc__ = name, f"Commands.{name}", spec.help


def _update_for(spec: Spec) -> Callable[..., Any]:
    async def handler(self: Commands, command: RawValue) -> Any:
        return await self.say(self.check(spec, command.payload))

    def validator(self: Commands, command: RawValue) -> None:
        self.check(spec, command.payload)

    _as_method(handler, f"update_{spec.name.replace('-', '_')}", spec)
    _as_method(validator, f"check_{spec.name.replace('-', '_')}", spec)
    update = workflow.update(name=spec.name, description=f"{spec.help} JSON: {spec.example()}")(handler)
    update.validator(validator)
    return update


def _signal_for(spec: Spec) -> Callable[..., Any]:
    async def handler(self: Commands, command: RawValue) -> None:
        await self.signalled(spec.name, command.payload)

    _as_method(handler, f"signal_{spec.name.replace('-', '_')}", spec)
    return workflow.signal(name=spec.name, description=f"{spec.help} JSON: {spec.example()}")(handler)


for _spec in COMMANDS.values():
    setattr(Commands, f"update_{_spec.name.replace('-', '_')}", _update_for(_spec))
    setattr(Commands, f"signal_{_spec.name.replace('-', '_')}", _signal_for(_spec))
