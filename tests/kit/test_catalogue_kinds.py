"""The catalogue that comes with Halon: whole, true of the shipped connectors, and refused when it is not."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from halon.cli.entry import run
from halon.judgement.vocabulary import VOCABULARY
from halon.kit import load, schema, starter_path
from halon.kit.catalogue import NoSuchKind, catalogue, kind
from halon.kit.files.kinds import CatalogueFile, KindShape
from halon.kit.places import Problems
from halon.kit.presets import presets
from halon.kit.reading import read
from halon.kit.shaping import shaped

KINDS = catalogue().kinds
SHIPPED = {one.name: one.shape.operations for one in presets()}
ASKED = {
    "kill switch to a safe fallback": {"kill_switch"},
    "drain": {"drain"},
    "hard stop": {"hard_stop"},
    "disable tool": {"disable_tool"},
    "read-only": {"read_only"},
    "approval per call": {"require_approval"},
    "narrow scopes": {"narrow_scopes"},
    "revoke tokens and sessions": {"revoke_token", "revoke_sessions"},
    "rotate secrets the agent could read": {"rotate_secrets"},
    "disable, clear or quarantine memory": {"disable_memory", "clear_memory", "quarantine_memory"},
    "quarantine a retrieval source": {"quarantine_source"},
    "pin or roll back model, prompt, agent version": {"pin_version", "roll_back"},
    "temperature and context limits": {"limit_generation"},
    "block browsing, egress domain, link rendering": {"block_browsing", "block_egress", "block_links"},
    "guardrail rule": {"guardrail"},
    "rate, token, spend and concurrency caps": {"rate_limit", "token_cap", "spend_cap", "concurrency_cap"},
    "isolate a tenant": {"isolate_tenant"},
    "freeze deploys": {"freeze_deploys"},
    "legal hold": {"legal_hold"},
}
ONE: dict[str, Any] = {
    "title": "Pause", "stops": "it", "reversible": True, "disruption": 1, "collateral": "Who waits?",
    "roles": ["commander"], "effect": "keyed", "undo": "It goes on.",
}  # fmt: skip


def wrong(**changed: Any) -> str:
    """What is wrong with a catalogue of one kind that is ``ONE`` with these changes; None takes a key out."""
    said = {key: value for key, value in {**ONE, **changed}.items() if value is not None}
    document, found = read("some.yaml", json.dumps({"version": 1, "kinds": {"pause": said}}))
    assert found == []
    problems = Problems({"some.yaml": document})
    shaped(document, CatalogueFile, problems)
    return "\n".join(str(one) for one in problems.found)


def test_a_kind_as_it_should_be_has_nothing_wrong() -> None:
    """The measure for the cases below: only what they change is wrong."""
    assert wrong() == ""


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"undo": None}, "kinds.pause.undo is missing"),
        ({"undo": "  "}, "too short"),
        ({"stops": None}, "kinds.pause.stops is missing"),
        ({"roles": []}, "too few"),
        ({"disruption": 5}, "too large"),
        ({"takes_effect": -1}, "too small"),
        ({"effect": "kyed"}, "did you mean 'keyed'?"),
        ({"revesible": True}, "did you mean 'reversible'?"),
        ({"covers": ["tol:send_email"]}, "did you mean 'tool'?"),
        ({"covers": ["everything:x"]}, "write one of tool, credential"),
        ({"covers": ["tool:"]}, "write tool:NAME"),
        ({"covers": ["agent:x"]}, "write agent:"),
        ({"covers": ["source:@changing"]}, "only tools are told apart so"),
        ({"covers": ["Send Mail"]}, "is no tool; write a tool's name, kind:name, or all"),
        ({"needs": [{"words": "w"}]}, "say inventory:, observe: or fact:"),
        ({"needs": [{"words": "w", "fact": ["confirmed"], "observe": "memory"}]}, "only one of them"),
        ({"needs": [{"words": "w", "inventory": "fallbck"}]}, "did you mean 'fallback'?"),
    ],
)
def test_a_kind_that_says_too_little_or_too_much_is_refused(changed: dict[str, Any], says: str) -> None:
    """Without undo words, without somebody who may approve, with a way that there is not: nobody would notice at night."""
    assert says in wrong(**changed)


def test_an_unknown_kind_is_answered_with_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    """Asked for by name or typed: what there is, and what was probably meant."""
    with pytest.raises(NoSuchKind, match=r"no kind of action 'kill_swich'; did you mean 'kill_switch'\?"):
        kind("kill_swich")
    assert run(["kit", "catalogue", "kill_swich"]) == 1
    assert "did you mean 'kill_switch'?" in capsys.readouterr().err


@pytest.mark.parametrize("asked", ASKED)
def test_everything_that_containment_needs_is_there(asked: str) -> None:
    """Each thing that a responder may have to do has a kind of its own."""
    assert ASKED[asked] <= KINDS.keys()


@pytest.mark.parametrize("name", KINDS)
def test_each_kind_can_be_done(name: str) -> None:
    """By operations that are really shipped, or with words for what one's own connector must do."""
    one = KINDS[name]
    assert one.operations or one.own
    missing = [
        f"{connector}.{operation}"
        for connector, names in one.operations.items()
        for operation in names
        if operation not in SHIPPED.get(connector, {})
    ]
    assert missing == []


def test_each_shipped_operation_is_of_some_kind() -> None:
    """A connector can do nothing of which the catalogue does not say what it stops and how it is taken back."""
    named = {
        (connector, each) for one in KINDS.values() for connector, names in one.operations.items() for each in names
    }
    assert {(connector, each) for connector, operations in SHIPPED.items() for each in operations} - named == set()


@pytest.mark.parametrize("name", [name for name, one in KINDS.items() if one.reversible])
def test_what_can_be_undone_is_undone_by_every_operation(name: str) -> None:
    """Reversible is a promise: each operation of such a kind has an undo and reads it back."""
    for connector, names in KINDS[name].operations.items():
        for each in names:
            shape = SHIPPED[connector][each]
            assert (shape.undo is None, shape.undo_verify is None) == (False, False), f"{connector}.{each}"


@pytest.mark.parametrize("name", [name for name, one in KINDS.items() if one.effect == "keyed"])
def test_what_is_keyed_carries_a_key_in_the_drop_in(name: str) -> None:
    """The drop-in controls honour the key; a kind that says so and an operation without one would act twice."""
    shapes = [SHIPPED["halon-control"][each] for each in KINDS[name].operations.get("halon-control", ())]
    calls = [call for one in shapes for call in (one.apply, one.undo) if call is not None]
    assert [call.path for call in calls if call.key_header is None] == []


def test_what_cannot_be_undone_is_never_called_undone() -> None:
    """Of a kind without way back nobody reads that it is given back, active again or lifted."""
    final = {name: one.undo for name, one in KINDS.items() if not one.reversible}
    assert set(final) == {
        "revoke_token", "revoke_sessions", "end_session", "rotate_secrets", "clear_memory", "hard_stop",
    }  # fmt: skip
    assert [
        name for name, undo in final.items() if re.search(r"active again|given back|is lifted|as before", undo)
    ] == []


def test_facts_roles_and_ways_of_the_catalogue_are_known() -> None:
    """A need that names no fact, or a role that nobody holds in a kit as it comes, would never be met."""
    facts = {fact for one in KINDS.values() for need in one.needs for fact in need.fact}
    roles = {role for one in KINDS.values() for role in one.roles}
    held = {role for person in load(starter_path(), {}).people.values() for role in person.roles}
    assert facts - VOCABULARY.keys() == set()
    assert roles - held == set()
    idle = {name for name, one in KINDS.items() if one.keeps}
    assert idle == {"freeze_deploys", "legal_hold"}
    assert [name for name in idle if KINDS[name].covers] == []


def test_clearing_touches_evidence_and_switching_a_tool_off_does_not() -> None:
    """Evidence is sealed before it can be lost; nothing waits for that without need."""
    touching = {name for name, one in KINDS.items() if one.touches_evidence}
    assert {"clear_memory", "hard_stop", "roll_back"} <= touching
    assert touching.isdisjoint({"disable_tool", "kill_switch", "read_only", "block_egress", "spend_cap"})


def test_nothing_in_the_catalogue_names_the_agent_that_comes_with_halon() -> None:
    """What holds for a test agent holds for nobody else."""
    whole = json.dumps({name: one.model_dump(mode="json") for name, one in KINDS.items()})
    assert [word for word in ("sandbox", "support-bot", "billing-bot") if word in whole] == []


def test_the_catalogue_is_told_as_table_as_page_and_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    """A table of all, one in full, and everything for machines."""
    assert run(["kit", "catalogue"]) == 0
    table = capsys.readouterr().out
    assert [name for name in KINDS if not re.search(rf"^{name} ", table, re.MULTILINE)] == []
    assert run(["kit", "catalogue", "clear_memory"]) == 0
    page = capsys.readouterr().out
    for told in ("can be undone    NO. Cleared is cleared.", "sealed first", "observe memory", "fact confirmed",
                 "security_lead or privacy_officer", "halon-control: clear_memory"):  # fmt: skip
        assert told in page
    assert run(["kit", "catalogue", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["version"] == catalogue().version
    assert {name: KindShape.model_validate(one) for name, one in told["kinds"].items()} == dict(KINDS)


def test_the_schema_knows_kinds_and_what_agents_work_with() -> None:
    """Editors complete the new keys, and know which an entry may leave out."""
    shapes = schema()["$defs"]
    assert {"kinds", "actions"} == shapes["ActionsFile"]["properties"].keys()
    assert shapes["ActionsFile"]["required"] == ["actions"]
    assert sorted(shapes["ActionEntry"]["required"]) == ["action", "agents", "operation", "target", "when"]
    assert {"credentials", "outputs", "sources", "memory"} <= shapes["AgentFile"]["properties"].keys()
