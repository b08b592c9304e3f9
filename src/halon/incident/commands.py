"""What people say to an incident: each command defined once, offered as an Update and a Signal of the same name."""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from halon.incident.errors import Malformed, UnknownCommand
from halon.incident.phases import PHASES
from halon.incident.times import parse as parse_time

LONGEST_TEXT = 4000
LONGEST_NAME = 120
LARGEST_VALUE = 8000

LONGEST_LIST = 50

Kind = Literal["name", "text", "time", "value", "choice", "names", "people", "flag", "code"]


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a command's JSON object. ``asked``: it must be there all the same, see ``unreasoned``."""

    name: str
    kind: Kind
    help: str
    required: bool = True
    choices: tuple[str, ...] = ()
    asked: bool = False

    def example(self) -> Any:
        """A value that this field takes."""
        value = _EXAMPLES.get(self.name, "…")
        if self.kind == "people":
            return value.split()
        return value if not self.choices or value in self.choices else self.choices[0]


@dataclass(frozen=True, slots=True)
class Spec:
    """One command: its name, what it does (shown in the Temporal UI), its fields."""

    name: str
    help: str
    fields: tuple[Field, ...]

    def takes(self, given: str) -> str:
        """What it takes, in words, with an example: the answer to an input that is none, such as ``a list``."""
        needed, more = (
            [one for one in self.fields if (one.required or one.asked) is wanted] for wanted in (True, False)
        )
        told = ", ".join(f"{one.name} ({one.help})" for one in needed)
        rest = f"; if you like {', '.join(one.name for one in more)}" if more else ""
        return f"{self.name} takes one JSON object, not {given}: {told}{rest}. For example: {self.example()}"

    def example(self) -> str:
        """The JSON to paste: the fields that must be there, with values that ``parse`` takes."""
        shown = {field.name: field.example() for field in self.fields if field.required or field.asked}
        return json.dumps(shown, ensure_ascii=False)


@dataclass(frozen=True, slots=True)
class Command:
    """A well-formed command. ``update_id`` is empty for a Signal."""

    name: str
    by: str
    parameters: dict[str, Any]
    update_id: str = ""

    def __getitem__(self, field: str) -> Any:
        return self.parameters.get(field, "")


_BY = Field("by", "name", "your name in the kit's on-call file")
_REASON = Field("reason", "text", "why, in words")
_WHY_OPTIONAL = Field("reason", "text", "why, in words", required=False)
_WHY_ASKED = Field("reason", "text", "why, in words", required=False, asked=True)
_GATE = Field("gate", "name", "the gate's id as `status` shows it")
_TOGETHER = Field(
    "together", "names", "the ids of all gates that one code answers, each by its own command", required=False
)
_OBLIGATION = Field("obligation", "name", "the obligation's id, such as eu-gdpr-33")
_ACTION = Field("action", "name", "the action's id as `status` shows it")
_LAYERS = ("model", "retrieval", "tools", "orchestration", "process")
_EXAMPLES = {
    "by": "ann", "gate": "revoke-token-1a2b3c4d", "reason": "seen in the logs", "obligation": "eu-gdpr-33",
    "action": "disable-send-email", "text": "…", "level": "SEV2", "name": "risk_to_individuals", "value": "risk",
    "role": "commander", "to": "tom", "into": "INC-7F3A", "do": "done", "step": "triage/real", "layer": "retrieval", "what": "proof", "artefact": "ev-0123456789abcdef", "people": "ann sue", "reference": "authority's receipt number",
}  # fmt: skip

LOOKS = (
    "status",
    "timeline",
    "gates",
    "obligations",
    "actions",
    "rca",
    "notices",
    "report",
    "log",
    "everything",
    "state",
)
"""What ``look`` shows: what the queries of these names answer; ``log``: status and timeline; all of them; or the state from
which they are drawn."""

_ALL = (
    Spec("ack", "I have seen this and I am on it. Stops the paging.", (_BY,)),
    Spec("assign", "Make somebody commander or technical lead.", (
        _BY, Field("role", "choice", "commander or technical_lead", choices=("commander", "technical_lead")),
        Field("to", "name", "their name in the kit"), _WHY_OPTIONAL)),
    Spec("handover", "Ask somebody to take over from you as commander. You stay it until they say ack.", (
        _BY, Field("to", "name", "their name in the kit"), _WHY_OPTIONAL)),
    Spec("task", "Say that a step of the checklist is done, skip it with a reason, open it again, or add one.", (
        _BY, Field("do", "choice", "what to do with it", choices=("done", "skip", "reopen", "add")),
        Field("step", "text", "the step's id as `status` shows it; with add, what is to be done"),
        Field("reason", "text", "why; needed to skip, to reopen, or to tick what Halon ticks by itself", required=False),
        Field("owner", "name", "with add: whose it is, a person or a role", required=False),
        Field("phase", "choice", "with add: the phase it belongs to; that of now if left out", required=False,
              choices=PHASES),
        Field("due", "time", "with add: until when, ISO 8601", required=False))),
    Spec("kit", "Move this incident to the kit that is in use now. Severity and deadlines never fall by it.", (
        _BY, _REASON)),
    Spec("fact", "Say what is known. null means: not known yet.", (
        _BY, Field("name", "name", "the fact's name"), Field("value", "value", "its value"),
        Field("entity", "name", "the legal entity for which it holds; all of them if left out", required=False),
        Field("certainty", "choice", "how sure you are", required=False, choices=("confirmed", "likely", "suspected")),
        Field("reason", "text", "why; needed where it loosens a severity or a clock", required=False))),
    Spec("note", "Write into the log; with done_outside, say that you carried an order out by hand: it is read back.", (
        _BY, Field("text", "text", "what to write"),
        Field("done_outside", "name", "the action's id, if you carried it out elsewhere", required=False))),
    Spec("contain", "Stop the agent now, with what the kit holds ready and can be undone. Your word is the yes.", (
        _BY, _WHY_OPTIONAL)),
    Spec("approve", "Say yes to exactly what a gate shows.", (_BY, _GATE, _WHY_OPTIONAL, _TOGETHER)),
    Spec("reject", "Say no to what a gate shows.", (_BY, _GATE, _REASON, _TOGETHER)),
    Spec("withdraw", "Take your answer back, until it has run.", (_BY, _GATE, _WHY_OPTIONAL)),
    Spec("break-glass", "In an emergency, say yes without the people whom a gate asks for. Everybody hears of it.", (
        _BY, _GATE, _REASON)),
    Spec("review", "Say that you looked at a broken glass. Not for those who had a part in it; closing waits for it.", (
        _BY, _GATE, _REASON)),
    Spec("severity", "Set the severity. Lowering takes the role and a reason.", (
        _BY, Field("level", "choice", "SEV1 to SEV4", choices=("SEV1", "SEV2", "SEV3", "SEV4")), _REASON)),
    Spec("declare", "Decide that an obligation applies.", (_BY, _OBLIGATION, _REASON)),
    Spec("decline", "Decide, with the reason on record, that an obligation does not apply.", (
        _BY, _OBLIGATION, _REASON)),
    Spec("filed", "Record that a notice was filed, with the authority's reference and the reason; of a late one, why it is late.", (
        _BY, _OBLIGATION, Field("reference", "text", "the receipt or reference"),
        Field("stage", "name", "the stage; may be left out while only one is open", required=False),
        Field("at", "time", "when, ISO 8601; now if left out", required=False),
        Field("receipt", "text", "the sealed file or the words that prove it", required=False),
        Field("reason", "text", "what was filed and how; if it comes late, why", required=False, asked=True),
        Field("update", "flag", "it adds to a filing of this stage; both stay visible", required=False),
        Field("corrects", "text", "the reference of a filing that was said wrongly: this one takes its place", required=False),
        Field("not_filed", "flag", "what was said under this reference was never filed: the stage is open again",
              required=False))),
    Spec("late-reason", "Say why a notice comes late: its draft then says so.", (
        _BY, _OBLIGATION, _REASON, Field("stage", "name", "the stage; the first late one if left out", required=False))),
    Spec("hold", "Hold a notice back for law enforcement or legal, or lift that. The clock goes on.", (
        _BY, _OBLIGATION, Field("until", "time", "until when, ISO 8601", required=False),
        Field("by_whom", "choice", "who wants it held back", required=False, choices=("law_enforcement", "legal")),
        _WHY_OPTIONAL, Field("off", "flag", "lift the hold now", required=False))),
    Spec("affected", "Name the affected people, by their sealed list and how many it names, or say that it is reviewed.", (
        _BY, _REASON, Field("evidence", "name", "the list's SHA-256, as `halon affected` seals it", required=False),
        Field("count", "value", "how many people it names", required=False),
        Field("places", "value", "how many of them in each place, such as {\"DE\": 3}", required=False),
        Field("reviewed", "flag", "you have looked through the list that counts", required=False))),
    Spec("undo", "Ask to take one action back. Opens a gate.", (_BY, _ACTION, _REASON)),
    Spec("restore", "Ask to give the agent everything back that was taken. Opens gates.", (_BY, _REASON)),
    Spec("finding", "Add a root cause.", (
        _BY, Field("layer", "choice", "which layer failed", choices=_LAYERS), Field("text", "text", "what failed"))),
    Spec("why", "Add the next why of the five.", (_BY, Field("text", "text", "because …"))),
    Spec("corrective", "Add a corrective action, or say with id that one is done.", (
        _BY, Field("title", "text", "what will be changed", required=False),
        Field("owner", "name", "who does it", required=False),
        Field("deadline", "time", "until when, ISO 8601", required=False),
        Field("id", "name", "the corrective action that is done", required=False),
        Field("text", "text", "how it was done", required=False))),
    Spec("waive", "Stand in with your name for a proof or a corrective action.", (
        _BY, Field("what", "name", "proof, or a corrective action's id"), _REASON)),
    Spec("override", "Let an irreversible action run before the evidence is sealed, or a notice go out that a check objects to.", (
        _BY, Field("what", "choice", "what is set aside", choices=("evidence", "notice")), _REASON,
        Field("notice", "name", "with notice: its id", required=False),
        Field("rule", "name", "with notice: the check's name, as the question shows it", required=False))),
    Spec("evidence", "Read a piece of sealed evidence, the reason on record. `halon evidence` says this, and hands it out.", (
        _BY, Field("artefact", "name", "its id, such as ev-0123456789abcdef, as `halon evidence` lists it"), _REASON)),
    Spec("false-alarm", "It was no incident: drop the rest, ask to restore, keep the record.", (_BY, _REASON)),
    Spec("merge", "Make this incident part of another one that has the same cause. What it holds stays until it is done.", (
        _BY, Field("into", "name", "the other incident: its reference or workflow id"), _REASON)),
    Spec("split", "Make an incident of their own of alerts that have another cause. It is judged anew.", (
        _BY, _REASON, Field("rules", "names", "the rules whose alerts move", required=False),
        Field("fingerprints", "names", "the fingerprints of single alerts that move", required=False))),
    Spec("mute", "Silence pages and updates for leadership for a while. Clocks and gates are told all the same.", (
        _BY, Field("until", "time", "until when, ISO 8601", required=False), _WHY_OPTIONAL,
        Field("off", "flag", "end the mute now", required=False))),
    Spec("restrict", "Keep the incident to named people, such as when an insider is suspected. Nobody named: lift it.", (
        _BY, Field("people", "people", "who sees it from now on; an empty list lifts it"), _REASON)),
    Spec("look", "Look at a restricted incident, if you are one of those named. On record. Only as an Update.", (
        _BY, Field("what", "choice", "what to look at; status if left out", required=False, choices=LOOKS))),
    Spec("close", "Close the incident once everything is settled.", (_BY, _WHY_ASKED)),
)  # fmt: skip

PROOFS = (
    Field(
        "code",
        "code",
        "the six digits that your authenticator shows now; after many wrong ones two in a row",
        required=False,
    ),
    Field("signature", "text", "your SSH signature over what you say", required=False),
)
"""What every command may carry beside its fields, to prove who speaks. Neither is kept, logged or shown."""

COMMANDS: dict[str, Spec] = {spec.name: spec for spec in _ALL}


def near(word: str, known: tuple[str, ...] | list[str]) -> str:
    """``known`` in words, the nearest name to ``word`` first where there is one."""
    close = difflib.get_close_matches(word[:LONGEST_NAME], known, n=1, cutoff=0.5)
    hint = f"did you mean {close[0]!r}? " if close else ""
    return f"{hint}Known: {', '.join(known) or 'none'}."


def parse(name: str, given: Any, update_id: str = "") -> Command:
    """The command that ``given`` (decoded JSON) says.

    Raises UnknownCommand for a name that is none, Malformed for a shape that is wrong: the message names the field,
    what is expected there, and an example.
    """
    spec = COMMANDS.get(name)
    if spec is None:
        raise UnknownCommand(f"There is no command {name[:LONGEST_NAME]!r}: {near(name, list(COMMANDS))}")
    if not isinstance(given, dict):
        raise Malformed(spec.takes(_kind_of(given)))
    fields = {field.name: field for field in (*spec.fields, *PROOFS)}
    for key in given:
        if key not in fields:
            raise Malformed(f"{name}: unknown field {str(key)[:LONGEST_NAME]!r}: {near(str(key), list(fields))}")
    parameters: dict[str, Any] = {}
    for field in fields.values():
        if field.name not in given:
            if field.required:
                raise Malformed(
                    f"{name}: field {field.name!r} is missing ({field.help}). For example: {spec.example()}"
                )
            continue
        parameters[field.name] = _checked(name, field, given[field.name])
    return Command(name=name, by=parameters.pop("by"), parameters=parameters, update_id=update_id)


def unreasoned(name: str, parameters: Mapping[str, Any]) -> str:
    """Why a command that loosens or ends something is refused without its reason; empty if nothing is missing.

    ``parse`` takes it without, and who looks up the speaker refuses it: histories of earlier releases hold such commands.
    """
    fields = COMMANDS[name].fields if name in COMMANDS else ()
    missing = [one for one in fields if one.asked and not str(parameters.get(one.name) or "").strip()]
    return f'{name} takes a reason: say why, --reason WHY, or "reason" in the JSON' if missing else ""


def _checked(name: str, field: Field, value: Any) -> Any:
    where = f"{name}: field {field.name!r}"
    if field.kind == "value":
        if len(json.dumps(value)) > LARGEST_VALUE:
            raise Malformed(f"{where} is larger than {LARGEST_VALUE} bytes; put the rest into a note or a file.")
        return value
    if field.kind == "flag":
        if not isinstance(value, bool):
            raise Malformed(f"{where} must be true or false, not {_kind_of(value)} ({field.help}).")
        return value
    if field.kind == "people" and value == []:
        return []
    if field.kind in ("names", "people"):
        return _names(where, field, value)
    if field.kind == "code":
        return _code(where, value)
    if not isinstance(value, str):
        raise Malformed(f"{where} must be text, not {_kind_of(value)} ({field.help}).")
    text = value.strip()
    longest = LONGEST_TEXT if field.kind == "text" else LONGEST_NAME
    if not text or len(text) > longest:
        raise Malformed(f"{where} must have 1 to {longest} characters ({field.help}).")
    if field.kind == "choice" and text not in field.choices:
        raise Malformed(f"{where}: {text!r} is none of them: {near(text, list(field.choices))}")
    if field.kind == "time":
        try:
            parse_time(text)
        except ValueError:
            raise Malformed(f"{where}: {text!r} is no time; write ISO 8601, such as 2026-11-22T14:00:00Z.") from None
    return text


def _code(where: str, value: Any) -> str:
    """Six digits, or twelve: two codes. A wrong value is not repeated: it may be what somebody pasted in its place."""
    text = f"{value:06}" if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else value
    digits = "".join(text.split()) if isinstance(text, str) else ""
    if len(digits) not in (6, 12) or not (digits.isascii() and digits.isdigit()):
        raise Malformed(f"{where} must be the six digits that your authenticator shows now.")
    return digits


def _names(where: str, field: Field, value: Any) -> list[str]:
    if not isinstance(value, list) or not 0 < len(value) <= LONGEST_LIST:
        raise Malformed(f"{where} must be a list of 1 to {LONGEST_LIST} texts ({field.help}).")
    found = [one.strip() if isinstance(one, str) else "" for one in value]
    if any(not 0 < len(one) <= LONGEST_TEXT for one in found):
        raise Malformed(f"{where}: each must be text of 1 to {LONGEST_TEXT} characters ({field.help}).")
    return list(dict.fromkeys(found))


def _kind_of(value: Any) -> str:
    names = {dict: "an object", list: "a list", str: "text", bool: "true or false", type(None): "nothing"}
    return names.get(type(value), "a number")
