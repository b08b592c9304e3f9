"""Authority for every command: each takes a role, and what loosens or ends something takes a reason besides."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import pytest

from halon.incident.assessment import Person
from halon.incident.commands import COMMANDS, parse, unreasoned
from halon.incident.errors import Malformed
from halon.kit import KitError, load, starter_path
from halon.kit.proving import Proving
from halon.ports.triage import Claimed
from halon_activities.hands import Hands
from halon_activities.triage import Triage

INCIDENT = "incident-support-bot.unauthorised-tool:run-1"
Reason = Literal["always", "asked", "where it loosens", "if you like", "none"]
ROLELESS = ("look",)
"""Open to every role: who may say it depends on who is named in the incident."""
REASONS: dict[str, Reason] = {
    "ack": "none", "assign": "if you like", "handover": "if you like", "task": "where it loosens", "kit": "always",
    "fact": "where it loosens", "note": "none", "contain": "if you like", "approve": "if you like", "reject": "always",
    "withdraw": "if you like", "break-glass": "always", "review": "always", "severity": "always", "declare": "always",
    "decline": "always", "filed": "asked", "undo": "always", "restore": "always", "finding": "none", "why": "none",
    "corrective": "none", "waive": "always", "override": "always", "evidence": "always", "false-alarm": "always",
    "merge": "always", "split": "always", "mute": "if you like", "restrict": "always", "look": "none", "close": "asked",
    "late-reason": "always", "hold": "if you like", "affected": "always",
}  # fmt: skip
"""What each command asks for by way of a reason. ``always``: its shape; ``asked``: who looks up the speaker."""


def shown(name: str) -> dict[str, Any]:
    """The JSON that people are told to paste."""
    found: dict[str, Any] = json.loads(COMMANDS[name].example())
    return found


def test_no_command_is_forgotten() -> None:
    """A new command without its line in this table is found."""
    assert set(REASONS) == set(COMMANDS)


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_the_shape_of_each_command_asks_for_its_reason(name: str) -> None:
    """A reason that must be there is neither left out nor empty nor blank, said as an Update or as a Signal."""
    fields = {one.name: one for one in COMMANDS[name].fields}
    kind = REASONS[name]
    assert ("reason" in fields) == (kind != "none")
    if kind == "none":
        return
    assert (fields["reason"].required, fields["reason"].asked) == (kind == "always", kind == "asked")
    without = {key: value for key, value in shown(name).items() if key != "reason"}
    for reason in ("", "   "):
        with pytest.raises(Malformed, match="reason"):
            parse(name, {**without, "reason": reason})
    if kind == "always":
        with pytest.raises(Malformed, match="reason"):
            parse(name, without)
    assert bool(unreasoned(name, without)) == (kind == "asked")


@pytest.mark.parametrize("name", sorted(set(COMMANDS) - set(ROLELESS)))
async def test_each_command_takes_a_role(hands: Hands, as_incident: Any, name: str) -> None:
    """Somebody of the kit without any role may say nothing, and is told who may."""
    nobody = replace(hands, kit=replace(hands.kit, people={**hands.kit.people, "eve": Person("eve", "Eve", ())}))
    said = {key: value for key, value in shown(name).items() if key != "by"}
    who = await as_incident(Triage(nobody).authority, Claimed(INCIDENT, name, "eve", said))
    assert (who.known, who.may, who.refusal) == (True, False, ""), who.why
    assert hands.kit.authority[name]


@pytest.mark.parametrize("name", sorted(one for one, kind in REASONS.items() if kind == "asked"))
async def test_what_an_earlier_release_took_without_a_reason_is_refused_now(
    hands: Hands, as_incident: Any, name: str
) -> None:
    """By a type of its own; with a reason it is taken. Histories that hold one without keep replaying."""
    said = {key: value for key, value in shown(name).items() if key != "by"}
    by = next(one.name for one in hands.kit.people.values() if set(one.roles) & set(hands.kit.authority[name]))
    bare = {key: value for key, value in said.items() if key != "reason"}
    refused = await as_incident(Triage(hands).authority, Claimed(INCIDENT, name, by, bare))
    assert (refused.may, refused.refusal) == (False, "NeedsReason")
    assert "--reason WHY" in refused.why
    assert (await as_incident(Triage(hands).authority, Claimed(INCIDENT, name, by, said))).may


@pytest.mark.parametrize(
    ("people", "refusal", "words"),
    [
        (["ann", "anne"], "UnknownPerson", "did you mean ann?"),
        (["tom", "pat"], "NobodyCouldLift", "none of those named may say restrict"),
        (["tom", "SUE"], "", "open to"),
        ([], "", "open to"),
    ],
)
async def test_a_restriction_names_people_who_exist_and_one_who_may_lift_it(
    hands: Hands, as_incident: Any, people: list[str], refusal: str, words: str
) -> None:
    """Checked against the kit in use, before anybody is shut out."""
    who = await as_incident(
        Triage(hands).authority, Claimed(INCIDENT, "restrict", "ann", {"people": people, "reason": "r"})
    )
    assert (who.may, who.refusal) == (not refusal, refusal)
    assert words in who.why


def test_a_typed_name_neither_shows_nor_lifts_a_restriction_outside_of_development() -> None:
    """Whatever the kit says; and what it says counts where that is more."""
    live, trying = Proving(development=False), Proving(development=True)
    assert [live.of(name) for name in ("look", "restrict", "note")] == ["totp", "totp", "claimed"]
    assert [trying.of(name) for name in ("look", "restrict")] == ["claimed", "claimed"]
    assert Proving(development=False, commands={"look": "ssh"}).of("look") == "ssh"


@pytest.mark.parametrize(
    ("rule", "wrong"),
    [
        ("{when: {fact: insider_suspected, is: true}, words: An insider, people: [eve]}", "person"),
        ("{when: {fact: insider_suspected, is: true}, words: An insider, roles: [king]}", "king"),
        ("{when: {fact: insider_suspectd, is: true}, words: An insider, people: [ann]}", "insider_suspectd"),
        ("{when: {fact: insider_suspected, is: true}, words: An insider}", "it is not said who may see"),
        ("{when: {fact: insider_suspected, is: true}, words: An insider, people: [tom]}", "nobody could lift it"),
        ("{when: {fact: insider_suspected, is: true}, words: An insider, roles: [security_lead], people: [pat]}", ""),
    ],
)
def test_the_kit_says_which_incidents_are_restricted(tmp_path: Path, rule: str, wrong: str) -> None:
    """The people exist, there is somebody, and one of them may lift it again; else the line is named."""
    for file in starter_path().rglob("*"):
        if file.is_file():
            to = tmp_path / file.relative_to(starter_path())
            to.parent.mkdir(parents=True, exist_ok=True)
            to.write_bytes(file.read_bytes())
    with (tmp_path / "authority.yaml").open("a") as authority:
        authority.write(f"\nrestricted: {rule}\n")
    if not wrong:
        found = load(tmp_path, {}).policy.restricted
        assert found is not None
        assert (found.people, found.words) == (("pat", "lee", "sue"), "An insider")
        return
    with pytest.raises(KitError, match=wrong):
        load(tmp_path, {})
