"""What an action has from its kind, and what no entry can talk it out of."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from halon.incident.orders import Order
from halon.kit import KitError, load, restore, starter_path
from halon.kit.catalogue import catalogue

LEFT_OUT = ("title", "reversible", "effect", "disruption", "stops", "collateral", "covers", "way_back", "gate")


def change(folder: Path, entry_id: str, /, *, kinds: dict[str, Any] | None = None, **changed: Any) -> None:
    """Rewrite one entry of actions.yaml; None takes a key out of it, ``kinds`` are the kit's own."""
    file = folder / "actions.yaml"
    whole = yaml.load(file.read_text("utf-8"), Loader=yaml.CSafeLoader)
    entry = {
        **whole["actions"].get(entry_id, {}),
        **{name.replace("with_", "with"): one for name, one in changed.items()},
    }
    whole["actions"][entry_id] = {name: one for name, one in entry.items() if one is not None}
    file.write_text(yaml.safe_dump({**({"kinds": kinds} if kinds else {}), **whole}, sort_keys=False), "utf-8")


def problems(folder: Path) -> str:
    with pytest.raises(KitError) as caught:
        load(folder, {})
    return str(caught.value)


def order(folder: Path, name: str, agent: str = "support-bot") -> Order:
    return {one.order.id: one.order for one in load(folder, {}).policy.agents[agent].prepared}[name]


def test_an_unknown_kind_with_something_left_out_is_refused_with_its_line(folder: Path) -> None:
    """Nobody can inherit from what there is not."""
    change(folder, "kill-switch", action="kil_switch", reversible=None)
    line = (folder / "actions.yaml").read_text().partition("kil_switch")[0].count("\n") + 1
    told = problems(folder)
    assert told.startswith(f"actions.yaml:{line}: there is no kind of action 'kil_switch'; known: disable_tool, ")
    assert "did you mean 'kill_switch'?" in told
    assert told.endswith("define 'kil_switch' under kinds: in actions.yaml, or say reversible here")


def test_a_mistyped_kind_is_refused_also_where_the_entry_says_everything(folder: Path) -> None:
    """It would lose what it closes and whether it touches evidence, and nobody would see it."""
    change(folder, "disable-send-email", action="disable_tol")
    assert "there is no kind of action 'disable_tol'" in problems(folder)
    assert "did you mean 'disable_tool'?" in problems(folder)


def test_an_entry_of_its_own_kind_that_says_everything_loads_as_before(folder: Path) -> None:
    """Kits from before the catalogue named actions as they liked."""
    change(folder, "disable-send-email", action="ringfence")
    one = order(folder, "disable-send-email")
    assert (one.action, one.reversible, one.effect, one.disruption) == ("ringfence", True, "keyed", 1)
    assert one.covers == ("tool:send_email", "output:mail")
    assert one.way_back == ""


def test_a_stored_kit_with_a_kind_that_is_gone_stays_usable(folder: Path) -> None:
    """An incident of last year is read with the kit of last year."""
    made = load(folder, {})
    content = json.loads(made.canonical)
    content["files"]["actions.yaml"]["actions"]["disable-send-email"]["action"] = "disable_tol"
    stored = restore(json.dumps(content).encode(), {})
    assert "disable_tol" in {one.order.action for one in stored.policy.agents["support-bot"].prepared}


def test_reversible_is_not_claimed_without_an_undo(folder: Path) -> None:
    """What can't be undone is never called undone."""
    change(folder, "revoke-token", reversible=True)
    assert "revoke-token says it is reversible and its operation has no undo" in problems(folder)


def test_a_kind_without_way_back_needs_a_gate_also_where_the_entry_says_nothing(folder: Path) -> None:
    """Leaving out reversible: false is no way round the gate, and gate: null is none either."""
    for missing in ({"gate": None}, {"gate": None, "reversible": None}):
        change(folder, "revoke-token", **missing)
        told = problems(folder)
        assert (
            "revoke-token can't be taken back and has no gate; add gate: with roles, or gate: {} for security_lead"
            in told
        )
    text = (folder / "actions.yaml").read_text("utf-8")
    (folder / "actions.yaml").write_text(f"{text}    gate:\n", "utf-8")
    assert "revoke-token can't be taken back and has no gate" in problems(folder)


def test_evidence_is_not_talked_out_of_its_place(folder: Path) -> None:
    """What is cleared for good is cleared after it was sealed, whatever the entry says."""
    change(
        folder,
        "kill-switch",
        action="clear_memory",
        reversible=False,
        gate={},
        touches_evidence=False,
        restore_gate=None,
    )
    told = problems(folder)
    assert "clear_memory removes what evidence is taken from, and kill-switch says that it does not" in told
    assert "leave touches_evidence out" in told


def test_a_way_that_there_is_not_is_refused_with_its_line(folder: Path) -> None:
    """A typing error in covers: would leave the way open, and nobody would know."""
    change(folder, "kill-switch", covers=["tols:send_email"])
    line = (folder / "actions.yaml").read_text().partition("tols:")[0].count("\n") + 1
    assert problems(folder).startswith(
        f"actions.yaml:{line}: actions.kill-switch.covers.0: 'tols:send_email' names no way"
    )
    assert "did you mean 'tool'?" in problems(folder)


def test_own_kinds_stand_beside_the_catalogue_and_not_in_its_place(folder: Path) -> None:
    """A kit can add a kind, and can't make a shipped one less careful."""
    own = catalogue().kinds["disable_tool"].model_dump(mode="json", exclude_none=True) | {"disruption": 3}
    change(folder, "disable-send-email", kinds={"disable_tool": own})
    assert "'disable_tool' is a kind of the catalogue already; give your own kind another name" in problems(folder)
    asks = own | {"needs": [{"words": "it is true", "fact": ["confirmd"]}]}
    shutil.copy(starter_path() / "actions.yaml", folder / "actions.yaml")
    change(folder, "disable-send-email", kinds={"mute_tool": asks}, action="mute_tool")
    assert "there is no fact 'confirmd'" in problems(folder)
    shutil.copy(starter_path() / "actions.yaml", folder / "actions.yaml")
    change(folder, "disable-send-email", kinds={"mute_tool": own}, action="mute_tool", disruption=None, effect=None)
    one = order(folder, "disable-send-email")
    assert (one.action, one.disruption, one.effect) == ("mute_tool", 3, "keyed")
    assert "tool:send_email" in one.covers


def test_an_entry_may_leave_out_everything_that_its_kind_knows(folder: Path) -> None:
    """Six lines are enough: kind, agents, operation, values, target and when."""
    kind = catalogue().kinds["disable_tool"]
    change(folder, "disable-send-email", **dict.fromkeys(LEFT_OUT), restore_stages=None)
    one = order(folder, "disable-send-email")
    assert (one.title, one.reversible, one.effect, one.disruption) == (kind.title, True, "keyed", 1)
    assert (one.stops, one.way_back, one.gate) == ((kind.stops,), kind.undo, None)
    assert one.covers == ("tool:send_email", "output:mail")
    assert one.collateral == (f"the kit does not say: {kind.collateral}",)


def test_what_can_not_be_undone_inherits_who_approves_it(folder: Path) -> None:
    """An empty gate is a gate: those whom the kind names, one of them, not whoever proposed it."""
    change(folder, "revoke-token", **dict.fromkeys(LEFT_OUT))
    change(folder, "revoke-token", gate={})
    one = order(folder, "revoke-token")
    assert one.gate is not None
    assert (one.gate.roles, one.gate.quorum, one.gate.exclude_proposer) == (("security_lead",), 1, True)
    assert (one.reversible, one.undo, one.disruption) == (False, None, 3)
    assert one.way_back.startswith("Revoked is revoked.")


def test_an_inherited_role_that_nobody_holds_is_told(folder: Path) -> None:
    """A gate that nobody can answer would block for ever."""
    change(folder, "revoke-token", gate={})
    file = folder / "oncall.yaml"
    file.write_text(file.read_text().replace("security_lead", "security_chief"))
    assert "the role 'security_lead' is held by nobody" in problems(folder)


def test_what_an_entry_says_comes_before_its_kind(folder: Path) -> None:
    """Its own words, disruption and time; a way back that was the kind's is not said of another outcome."""
    change(
        folder,
        "kill-switch",
        disruption=3,
        stops=["chat"],
        takes_effect=15,
        touches_evidence=True,
        way_back="Call Tom.",
    )
    one = order(folder, "kill-switch")
    assert (one.disruption, one.stops, one.takes_effect, one.touches_evidence) == (3, ("chat",), 15, True)
    assert one.way_back == "Call Tom."
    change(folder, "kill-switch", way_back=None, reversible=False, gate={"roles": ["commander"]}, collateral=[])
    one = order(folder, "kill-switch")
    assert (one.reversible, one.way_back, one.collateral) == (False, "", ())


def test_a_list_of_values_goes_into_a_body_and_nowhere_else(folder: Path) -> None:
    """Scopes and domains are lists; in an address a list would be nonsense."""
    file = folder / "connectors" / "sandbox-agent.yaml"
    whole = yaml.load(
        (starter_path() / "connectors" / "sandbox-agent.yaml").read_text("utf-8"), Loader=yaml.CSafeLoader
    )
    fields = {
        "needs": ["names"],
        "apply": {"method": "PUT", "path": "/x", "body": {"names": "{names}"}, "key_header": "Key"},
    }
    read = {"method": "GET", "path": "/x", "expect": {"json": {"/names": "{names}"}}}
    whole["operations"]["limit"] = {**fields, "verify": read, "undo": fields["apply"], "undo_verify": read}
    file.write_text(yaml.safe_dump(whole, sort_keys=False), "utf-8")
    said: dict[str, Any] = {
        "action": "guardrail",
        "agents": ["support-bot"],
        "operation": "limit",
        "target": "x",
        "when": "always",
    }
    change(folder, "limit", **said, with_={"names": ["a", "b"]})
    one = order(folder, "limit")
    assert (one.apply.body, one.verify.expect_json) == ({"names": ["a", "b"]}, {"/names": ["a", "b"]})
    whole["operations"]["limit"]["verify"] = {**read, "path": "/x/{names}"}
    file.write_text(yaml.safe_dump(whole, sort_keys=False), "utf-8")
    assert "names is a list, and it can't stand in an address" in problems(folder)
    change(folder, "limit", **said, with_={"names": [["a"]]})
    assert "names must be text, a number, true or false, or a list of such" in problems(folder)
