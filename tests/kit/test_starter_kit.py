"""The starter kit: loads, is sound, and resolves what it promises."""

from __future__ import annotations

import json
from typing import Any

import pytest

from halon.incident.canonical import digest
from halon.incident.commands import COMMANDS
from halon.kit import Kit, UnknownAgent, load, restore, schema, starter_path

SET = {
    "SANDBOX_AGENT_TOKEN": "x",
    "HALON_PAGE_WEBHOOK": "https://pages.example/hook",
    "HALON_SMTP": "127.0.0.1:2525",
    "HALON_TOKEN_ALERTMANAGER": "x",
    "HALON_TOKEN_REPORT": "x",
}


@pytest.fixture(scope="module")
def kit() -> Kit:
    return load(starter_path(), SET)


def test_it_loads_clean_where_everything_is_set(kit: Kit) -> None:
    """With its variables set, nothing in the starter kit would fail tonight."""
    assert kit.warnings == ()


def test_bare_it_says_what_would_fail_tonight_and_still_pages() -> None:
    """Without any set-up everybody is paged into a file, and each missing variable is named."""
    bare = load(starter_path(), {})
    assert all(person.channels == ("pages-file",) for person in bare.people.values())
    said = "\n".join(bare.warnings)
    for variable in SET:
        assert variable in said


def test_orders_are_resolved_in_full(kit: Kit) -> None:
    """What is approved is what runs: full URL, secret by name, key header, read-back and undo."""
    orders = {one.order.id: one.order for one in kit.policy.agents["support-bot"].prepared}
    disable = orders["disable-send-email"]
    assert disable.apply.method == "PUT"
    assert disable.apply.url == "http://127.0.0.1:8601/control/tools/send_email"
    assert disable.apply.body == {"enabled": False}
    assert (disable.apply.key_header, disable.apply.auth) == ("Idempotency-Key", "bearer")
    assert (disable.apply.secret, disable.apply.hosts) == ("SANDBOX_AGENT_TOKEN", ("127.0.0.1",))
    assert disable.verify.expect_json == {"/tool": "send_email", "/enabled": False}
    assert disable.undo is not None
    assert disable.undo.body == {"enabled": True, "share": 100}
    assert disable.undo_verify is not None
    assert disable.undo_verify.expect_json["/enabled"] is True
    assert disable.gate is None
    assert [(one.share, one.watch) for one in disable.restore_stages] == [(10, 120), (100, 0)]
    few, everyone = disable.restore_stages
    assert few.apply.body == {"enabled": True, "share": 10}
    assert few.verify.expect_json == {"/tool": "send_email", "/enabled": True, "/share": 10}
    assert (everyone.apply, everyone.verify) == (disable.undo, disable.undo_verify)
    assert disable.restore_gate is not None
    assert disable.restore_gate.roles == ("technical_lead", "commander")


def test_the_irreversible_order_has_gate_and_words(kit: Kit) -> None:
    """Revoking shows who decides, what else it hits, what would be gentler, and that there is no undo."""
    revoke = {one.order.id: one.order for one in kit.policy.agents["support-bot"].prepared}["revoke-token"]
    assert (revoke.reversible, revoke.undo, revoke.restore_gate) == (False, None, None)
    assert revoke.gate is not None
    assert (revoke.gate.roles, revoke.gate.quorum, revoke.gate.exclude_proposer) == (("security_lead",), 1, True)
    assert (revoke.gate.deadline, revoke.gate.escalate_after) == (4 * 3600, 15 * 60)
    assert revoke.collateral
    assert revoke.gentler
    assert revoke.way_back


def test_addresses_come_from_the_environment_first() -> None:
    """A variable moves the agent without a change of the kit; the digest stays."""
    moved = load(starter_path(), {**SET, "HALON_SUPPORT_BOT_URL": "https://bot.example:8443/api/"})
    call = moved.calls("support-bot")["traces"]
    assert (call.url, call.hosts) == ("https://bot.example:8443/api/v1/traces", ("bot.example",))
    assert moved.digest == load(starter_path(), SET).digest


def test_each_agent_can_be_looked_at(kit: Kit) -> None:
    """The observe operations are resolved for every agent; an unknown one is answered with the known names."""
    names = {
        "traces",
        "actions",
        "describe",
        "controls",
        "config",
        "prompts",
        "permissions",
        "memory",
        "logs",
        "replay",
        "evals",
        "calls",
    }
    assert set(kit.calls("support-bot")) == set(kit.calls("billing-bot")) == names
    with pytest.raises(UnknownAgent, match="known: billing-bot, support-bot"):
        kit.calls("ghost")


def test_every_command_has_its_roles(kit: Kit) -> None:
    """Whatever people can say, the kit says who may; lowering a severity or a fact is a permission of its own, and so is the
    global stop."""
    assert set(kit.authority) == {*COMMANDS, "severity-down", "fact-down", "halt", "resume"}
    assert kit.may("severity", ["technical_lead"])[0]
    allowed, why = kit.may("severity-down", ["technical_lead"])
    assert not allowed
    assert "commander" in why
    assert "ann" in why
    allowed, why = kit.may("aprove", ["commander"])
    assert not allowed
    assert "did you mean 'approve'" in why


def test_on_call(kit: Kit) -> None:
    """Who commands, who leads, who is paged in which order within how many seconds."""
    roster = kit.on_call("support-bot", "2026-11-22T09:00:00Z")
    assert (roster.commander, roster.technical_lead, roster.ack_within) == ("ann", "tom", 300)
    assert roster.escalation == ("ann", "tom", "sue", "lee")
    assert {person.name for person in roster.people} == {"ann", "tom", "sue", "pat", "lee", "cus"}


def test_sources_and_channels(kit: Kit) -> None:
    """Sources and channels name their variables and hold no secret."""
    assert kit.sources["alertmanager"].token_env == "HALON_TOKEN_ALERTMANAGER"
    assert kit.sources["alertmanager"].group_label == "group"
    assert kit.channels["pages-file"].path == "pages.log"
    assert kit.channels["mail"].server_env == "HALON_SMTP"
    assert kit.addresses["pat"] == "pat@acme.example"
    assert kit.policy.leadership_channels == ("leadership",)


def test_the_digest_is_that_of_the_stored_content(kit: Kit) -> None:
    """A kit stored by its digest comes back the same, without the folder."""
    assert kit.digest == digest(json.loads(kit.canonical))
    back = restore(kit.canonical, SET)
    assert back == kit


def test_the_digest_does_not_hang_on_comments(kit: Kit, tmp_path: Any) -> None:
    """Comments and order of keys change nothing; a changed value does."""
    for file in starter_path().rglob("*.yaml"):
        target = tmp_path / file.relative_to(starter_path())
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text("# mine now\n" + file.read_text())
    assert load(tmp_path, SET).digest == kit.digest
    changed = tmp_path / "organisation.yaml"
    changed.write_text(changed.read_text().replace("quiet_minutes: 15", "quiet_minutes: 20"))
    assert load(tmp_path, SET).digest != kit.digest


def test_schema_covers_every_file() -> None:
    """The JSON Schema names each file and refuses unknown keys."""
    whole = schema()
    assert set(whole["properties"]) == {
        *(file.name for file in starter_path().glob("*.yaml")),
        *(f"{folder.name}/*.yaml" for folder in starter_path().iterdir() if folder.is_dir() and folder.name != "packs"),
    }
    assert all(shape["additionalProperties"] is False for shape in whole["$defs"].values() if "properties" in shape)
    assert json.loads(json.dumps(whole)) == whole
