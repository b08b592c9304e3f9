"""Unsound kits: every problem with file, line, what is known, and the next step."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from halon.kit import KitError, load, restore


def edit(folder: Path, name: str, old: str, new: str) -> int:
    """Replace the first ``old`` in a file; returns the line on which it stood."""
    file = folder / name
    text = file.read_text()
    assert old in text, f"{old!r} is not in {name}"
    file.write_text(text.replace(old, new, 1))
    return text[: text.index(old)].count("\n") + 1


def problems(folder: Path) -> str:
    with pytest.raises(KitError) as caught:
        load(folder, {})
    assert str(caught.value) == "\n".join(str(problem) for problem in caught.value.problems)
    return str(caught.value)


@pytest.mark.parametrize(
    ("name", "old", "new", "says"),
    [
        ("agents/support-bot.yaml", "mode: act", "mod: act", "there is no key 'mod'; known: title, entity, mode"),
        (
            "agents/support-bot.yaml",
            "mode: act",
            "mode: atc",
            "can't be 'atc'; known: observe, suggest, act; did you mean 'act'?",
        ),
        (
            "agents/support-bot.yaml",
            "entity: acme-eu",
            "entity: acme-us",
            "there is no entity 'acme-us'; known: acme-eu",
        ),
        (
            "agents/support-bot.yaml",
            "connector: sandbox-agent",
            "connector: sandbox",
            "no connector 'sandbox'; known: halon-control, sandbox-agent",
        ),
        (
            "agents/support-bot.yaml",
            "http://127.0.0.1:8601",
            "http://user:pw@127.0.0.1",
            "not a plain http or https address",
        ),
        ("agents/support-bot.yaml", "http://127.0.0.1:8601", "ftp://127.0.0.1", "not a plain http or https address"),
        (
            "actions.yaml",
            "roles: [security_lead]",
            "roles: [security_chief]",
            "role 'security_chief' is held by nobody",
        ),
        ("actions.yaml", "quorum: 1", "quorum: 3", "needs 3 people and only 2 can answer (lee, sue)"),
        ("actions.yaml", "quorum: 1", "quorum: 0", "0 is too small; write 1 or more"),
        ("actions.yaml", "fact: external_recipient", "fact: external_recipent", "did you mean 'external_recipient'?"),
        ("actions.yaml", "contains: send_email", "has: send_email", "there is no comparison 'has'; known: is, is_not"),
        ("actions.yaml", "contains: send_email", "at_least: 3", "can't be compared by 'at_least'; known: contains"),
        ("actions.yaml", "with: {tool: send_email}", "with: {tool: send_emial}", "did you mean 'send_email'?"),
        ("actions.yaml", "with: {tool: send_email}", "with: {token: x}", "needs a value for 'tool'"),
        ("actions.yaml", "operation: kill_switch", "operation: kill_swich", "did you mean 'kill_switch'?"),
        (
            "actions.yaml",
            "agents: [support-bot, billing-bot]",
            "agents: [support-bot, bill]",
            "there is no agent 'bill'",
        ),
        ("oncall.yaml", "commander: ann", "commander: anne", "there is no person 'anne'"),
        ("oncall.yaml", "zone: Europe/Berlin", "zone: Europe/Berln", "there is no time zone 'Europe/Berln'"),
        ("oncall.yaml", "    ack_minutes: 5", "    days: [sat]", "at some hour nobody is on call"),
        ("oncall.yaml", "channels: [pages-file, pager]", "channels: [pages]", "there is no channel 'pages'"),
        ("authority.yaml", "  ack: [", "  akc: [", "did you mean 'ack'?"),
        ("authority.yaml", "close: [commander]", "close: []", "nobody may say close"),
        ("authority.yaml", "  restore:\n", "  restor:\n", "gates.restore is missing"),
        ("communications.yaml", "path: pages.log", "path: ../pages.log", "does not have the form that is needed"),
        ("communications.yaml", ", url_env: HALON_PAGE_WEBHOOK", "", "the webhook channel 'pager' has no url_env"),
        ("entities/acme-eu.yaml", "[controller, processor]", "[controler]", "did you mean 'controller'?"),
        ("entities/acme-eu.yaml", "data_protection:", "dp:", "names no authority 'data_protection'; known: dp"),
        ("sources.yaml", "kind: alertmanager", "kind: grafanna", "did you mean 'grafana'?"),
        ("sources.yaml", "token_env: HALON_TOKEN_REPORT", "token: s3cret", "there is no key 'token'"),
        ("severity.yaml", "  - name: ongoing", "  - name: ongoing\n    extra: 1", "there is no key 'extra'"),
        ("severity.yaml", "at_least: 50000", "at_least: much", "the value for spend_eur must be a number"),
        ("regimes/eu-gdpr-33.yaml", "hours: 72", "hours: -1", "whole number from 1"),
        ("regimes/eu-gdpr-33.yaml", "after: aware_at", "after: awre_at", "did you mean 'aware_at'?"),
        ("regimes/eu-gdpr-33.yaml", "after: aware_at", "after: confirmed", "there is no anchor 'confirmed'"),
        ("regimes/eu-gdpr-33.yaml", "after: aware_at", "after: filed:report", "there is no anchor 'filed:report'"),
        ("regimes/eu-gdpr-33.yaml", "confidence: B", "confidence: U", "nobody has verified can't be in force"),
        ("regimes/eu-gdpr-33.yaml", "template: regulator", "template: regulater", "did you mean 'regulator'?"),
        ("regimes/eu-gdpr-33.yaml", "channel: regulator-mail", "channel: fax", "there is no channel 'fax'"),
        ("regimes/eu-gdpr-33.yaml", "decider: privacy_officer", "decider: dpo", "the role 'dpo' is held by nobody"),
        (
            "regimes/eu-gdpr-33.yaml",
            "effective_from: 2018-05-25",
            "effective_from: 2018-05-35",
            "no date of the calendar",
        ),
        (
            "connectors/sandbox-agent.yaml",
            "path: /control/tools/{tool}",
            "path: /control/{thing}",
            "a value for {thing}",
        ),
        (
            "connectors/sandbox-agent.yaml",
            "path: /v1/traces",
            "path: v1/traces",
            "does not have the form that is needed",
        ),
    ],
)
def test_a_mistake_is_answered(folder: Path, name: str, old: str, new: str, says: str) -> None:
    """Each mistake names its file and says what is wrong with what is known instead."""
    edit(folder, name, old, new)
    told = problems(folder)
    assert says in told
    assert told.split("\n")[0].partition(":")[0].endswith(".yaml")


def test_the_line_is_the_line(folder: Path) -> None:
    """The place is that of the misspelt key itself."""
    line = edit(folder, "agents/support-bot.yaml", "mode: act", "mod: act")
    assert f"agents/support-bot.yaml:{line}: there is no key 'mod'" in problems(folder)


def test_all_problems_come_at_once(folder: Path) -> None:
    """Misspelt keys, wrong references and missing gates are told together, in order of place."""
    edit(folder, "agents/support-bot.yaml", "mode: act", "mod: act")
    edit(folder, "actions.yaml", "roles: [security_lead]", "roles: [nobody]")
    edit(folder, "oncall.yaml", "commander: ann", "commander: anne")
    told = problems(folder)
    assert [line.split(":")[0] for line in told.split("\n")] == [
        "actions.yaml",
        "agents/support-bot.yaml",
        "oncall.yaml",
    ]


def test_irreversible_without_gate_is_refused(folder: Path) -> None:
    """Promise 3: what can't be taken back has a gate, or the kit is not used."""
    file = folder / "actions.yaml"
    text = file.read_text()
    file.write_text(text[: text.index("    gate: ")])
    assert "revoke-token can't be taken back and has no gate; add gate: with roles" in problems(folder)


def test_restore_without_gate_is_refused(folder: Path) -> None:
    """Promise 3: the kit may make the restore gate light, never remove it."""
    edit(folder, "authority.yaml", "    roles: [technical_lead, commander]\n    quorum: 1\n", "    roles: []\n")
    assert "gates.restore.roles" in problems(folder)


FIRST, LAST = "- {share: 10, watch_seconds: 120}", "- {share: 100}"


@pytest.mark.parametrize(
    ("name", "old", "new", "says"),
    [
        ("actions.yaml", FIRST, "- {share: 0, watch_seconds: 120}", "0 is too small; write 1 or more"),
        ("actions.yaml", FIRST, "- {share: 10, watch_minutes: 2}", "there is no key 'watch_minutes'; known: share, watch_sec"),
        ("actions.yaml", FIRST, "- {share: 10}", "10 percent is not watched, so it would say nothing; give it watch_seconds"),
        ("actions.yaml", LAST, "- {share: 50}", "the shares 10, 50 don't rise to 100; begin small"),
        ("actions.yaml", LAST, "- {share: 10}\n      - {share: 100}", "the shares 10, 10, 100 don't rise to 100"),
        ("actions.yaml", "with: {tool: send_email}", "with: {tool: send_email, share: 5}", "share is given by the stages"),
        ("actions.yaml", "    rung: 2 ", "    restore_stages: [{share: 100}]\n    rung: 2 ", "undo does not say {share}"),
        ("connectors/sandbox-agent.yaml", ', /share: "{share}"}}\n\n', "}}\n\n", "undo_verify does not say {share}; put"),
        ("actions.yaml", "    way_back:", "    restore_stages: [{share: 100}]\n    way_back:", "so it has nothing to restore"),
    ],
)  # fmt: skip
def test_unsound_stages_are_refused(folder: Path, name: str, old: str, new: str, says: str) -> None:
    """Giving back in stages: shares that rise to all, each watched before the next, and each to be read back."""
    edit(folder, name, old, new)
    assert says in problems(folder)


def test_without_stages_all_is_given_back_at_once(folder: Path) -> None:
    """The same connector serves both: {share} is then 100."""
    edit(
        folder,
        "actions.yaml",
        f"      {FIRST}    # percent of sessions, and how long they are watched\n      {LAST}\n",
        "      []\n",
    )
    order = load(folder, {}).policy.agents["support-bot"].prepared[0].order
    assert order.restore_stages == ()
    assert order.undo is not None
    assert order.undo.body == {"enabled": True, "share": 100}


def test_reversible_without_undo_is_refused(folder: Path) -> None:
    """Who says reversible must say how."""
    line = edit(folder, "actions.yaml", "operation: kill_switch", "operation: revoke_token")
    told = problems(folder)
    assert "kill-switch says it is reversible and its operation has no undo" in told
    assert f"actions.yaml:{line + 3}:" in told


@pytest.mark.parametrize("name", ["verify", "undo_verify"])
def test_an_effect_that_nobody_reads_back_is_refused(folder: Path, name: str) -> None:
    """Promise 8: no action without a read-back of its effect and of its undo."""
    edit(folder, "connectors/sandbox-agent.yaml", f"    {name}:\n", "    ghost:\n")
    told = problems(folder)
    assert f"disable-send-email has no {name}" in told
    assert "there is no key 'ghost'" in told


def test_a_read_back_that_agrees_with_anything_is_refused(folder: Path) -> None:
    """A verify without an expected value would call everything contained."""
    edit(folder, "connectors/sandbox-agent.yaml", '      expect: {json: {/tool: "{tool}", /enabled: false}}\n', "")
    assert "verify expects no value, so it would agree with anything" in problems(folder)


def test_keyed_without_a_key_header_is_refused(folder: Path) -> None:
    """Promise 4: a keyed effect says in which header its key goes."""
    edit(folder, "connectors/sandbox-agent.yaml", "      key_header: Idempotency-Key\n", "")
    assert "disable-send-email is keyed and apply has no key_header" in problems(folder)


def test_a_misspelt_file_is_found(folder: Path) -> None:
    """A file under a wrong name is not silently left out."""
    (folder / "sources.yaml").rename(folder / "source.yaml")
    (folder / "runbooks").rename(folder / "runbook")
    (folder / "agents" / "billing-bot.yaml").rename(folder / "agents" / "Billing Bot.yaml")
    told = problems(folder)
    assert "source.yaml: a kit has no such file" in told
    assert "did you mean 'sources.yaml'?" in told
    assert "sources.yaml: this file is missing" in told
    assert "runbook/any.yaml: a kit has no folder 'runbook'" in told
    assert "did you mean 'runbooks'?" in told
    assert "agents/Billing Bot.yaml: the name of the file is its id, and this can't be one" in told


@pytest.mark.parametrize("moved", ["agents.yaml", "connectors.yaml", "entities.yaml"])
def test_a_file_of_an_earlier_layout_is_answered_with_where_it_went(folder: Path, moved: str) -> None:
    """Nobody searches for what has a folder of its own now."""
    (folder / moved).write_text("{}")
    name = moved.removesuffix(".yaml")
    assert f"{moved}: a kit has no such file any more" in problems(folder)
    assert f"in {name}/, named after it" in problems(folder)


def test_a_kit_without_agents_or_entities_is_refused(folder: Path) -> None:
    """An inventory is what a kit is for."""
    shutil.rmtree(folder / "agents")
    assert "agents: there is no file in agents/" in problems(folder)


def test_one_id_twice_is_refused_and_a_pack_that_is_not_there(folder: Path) -> None:
    """A pack adds; it never replaces in silence."""
    (folder / "packs" / "more" / "regimes").mkdir(parents=True)
    shutil.copy(folder / "regimes" / "contract-dpa.yaml", folder / "packs" / "more" / "regimes")
    load(folder, {})  # off: nobody looks into it
    edit(folder, "organisation.yaml", "packs: []", "packs: [more, us-statess]")
    told = problems(folder)
    assert "packs/more/regimes/contract-dpa.yaml:2: 'contract-dpa' is already in regimes/contract-dpa.yaml" in told
    assert (
        "organisation.yaml:4: there is no pack 'us-statess'; known: americas, asia-pacific, ch, cn, contracts, eu, frontier-labs, more, telecom"
        in told
    )
    assert "did you mean 'us-states'?" in told


def test_a_pack_that_is_on_adds_its_regimes_and_a_kit_can_have_notices_of_its_own(folder: Path) -> None:
    """What a pack holds is part of the kit and of its digest as soon as it is switched on."""
    home = folder / "packs" / "more" / "regimes"
    home.mkdir(parents=True)
    text = (folder / "regimes" / "eu-gdpr-33.yaml").read_text()
    (folder / "notices").mkdir()
    (folder / "notices" / "ours.txt.j2").write_text("Subject: {{ reference }}\n")
    (home / "other.yaml").write_text(
        text.replace("id: eu-gdpr-33", "id: other").replace("template: regulator", "template: ours")
    )
    off = load(folder, {})
    edit(folder, "organisation.yaml", "packs: []", "packs: [more]")
    on = load(folder, {})
    assert "other" in {regime.id for regime in on.policy.regimes} - {regime.id for regime in off.policy.regimes}
    assert on.notices["ours"] == "Subject: {{ reference }}\n"
    assert on.digest != off.digest
    assert restore(on.canonical, {}).notices == on.notices


def test_yaml_that_cannot_be_read_is_shown_by_line(folder: Path) -> None:
    """Broken YAML, a repeated key, a tag and a wrong ending are each answered with their place."""
    (folder / "sources.yaml").write_text("sources:\n  a: [\n")
    (folder / "actions.yaml").write_text("actions: {}\nactions: {}\n")
    (folder / "oncall.yaml").write_text("people: !!python/object:os.system x\n")
    (folder / "regimes" / "more.yml").write_text("id: x\n")
    told = problems(folder)
    assert "sources.yaml:3: not readable as YAML" in told
    assert "actions.yaml:2: 'actions' appears twice; the first is on line 1" in told
    assert "oncall.yaml:1: the tag 'python/object:os.system' is not allowed here" in told
    assert "regimes/more.yml: only files that end in .yaml are read" in told


def test_text_that_cannot_be_stored_is_refused(folder: Path) -> None:
    """A stray surrogate has no bytes, so it has no digest."""
    (folder / "sources.yaml").write_text('sources: {a: "\\ud800"}\n')
    assert "sources.yaml:1: holds a value that can't be stored" in problems(folder)


def test_a_path_value_cannot_climb(folder: Path) -> None:
    """An inventory value is one path segment: encoded, and never a dot segment."""
    page = folder / "agents" / "support-bot.yaml"
    page.write_text(re.sub(r"^tools:\n(  .*\n)+", "", page.read_text(), flags=re.MULTILINE))
    edit(folder, "actions.yaml", "with: {tool: send_email}", 'with: {tool: "a/b?c#d%2e"}')
    call = load(folder, {}).policy.agents["support-bot"].prepared[0].order.apply
    assert call.url.endswith("/control/tools/a%2Fb%3Fc%23d%252e")
    edit(folder, "actions.yaml", 'with: {tool: "a/b?c#d%2e"}', 'with: {tool: ".."}')
    assert "tool is '..', which can't stand in a path" in problems(folder)


def test_no_such_folder(tmp_path: Path) -> None:
    """A folder that isn't there is answered with how to make one."""
    with pytest.raises(KitError, match="make one with: halon init DIR"):
        load(tmp_path / "none", {})


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"{}", b'{"files": []}', b'{"format": 2, "files": {"agents/a.yaml": 7}}', b"\xff"]
)
def test_bytes_that_are_no_stored_kit(content: bytes) -> None:
    """What comes back from a store is checked like a folder."""
    with pytest.raises(KitError):
        restore(content, {})


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("Subject: {{ reference\n", "notices/ours.txt.j2:1: not readable as a template"),
        ("Dear all\n", "notices/ours.txt.j2:1: a notice begins with its subject"),
    ],
)
def test_a_notice_of_ones_own_is_read_when_the_kit_is(folder: Path, text: str, says: str) -> None:
    """A template that fails is found by day, not when the notice is due."""
    (folder / "notices").mkdir()
    (folder / "notices" / "ours.txt.j2").write_text(text)
    assert says in problems(folder)


@pytest.mark.parametrize(
    ("name", "old", "new", "says"),
    [
        ("actions.yaml", "quorum: 1", "quorum: yes", "quorum: 'yes' is no whole number; write one, such as 1"),
        ("actions.yaml", "quorum: 1", "quorum: 11", "quorum: 11 is too large; write 10 or less"),
        ("actions.yaml", "exclude_proposer: true", "exclude_proposer: no", "'no' is neither true nor false; write true or false"),
        ("oncall.yaml", "roles: [commander]", "roles: commander", "'commander' is no list; write it in brackets"),
        ("oncall.yaml", "roles: [commander]", "roles: []", "a list with 0 in it is too few; write 1 or more of them"),
        ("oncall.yaml", "name: Ann Archer", "name: 7", "7 is no text; write text; in quotes if it looks like a number"),
        ("oncall.yaml", "name: Ann Archer", 'name: ""', "'' is too short; write 1 or more characters"),
        ("oncall.yaml", "name: Ann Archer", 'name: "Ann\\nArcher"', "holds a line break or control character; write it on one line"),
        ("regimes/eu-gdpr-33.yaml", "\ntitle: ", "\ntitle: !secret ", "is not allowed here; write the value without a tag"),
    ],
)  # fmt: skip
def test_a_value_of_the_wrong_kind_is_answered_with_what_to_write(
    folder: Path, name: str, old: str, new: str, says: str
) -> None:
    """In the words of a kit and not of a programming language, once, with line and fix."""
    edit(folder, name, old, new)
    told = problems(folder)
    assert says in told
    assert "input should" not in told
    assert len(told.splitlines()) == 1
    assert re.match(rf"{re.escape(name)}:\d+: ", told)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"name: Acme\n# caf\xe9\n", "organisation.yaml:2: is not UTF-8 text; save the file as UTF-8"),
        (b"#" * 1_048_577, "organisation.yaml:1: longer than 1048576 characters; split it"),
        (b"#" * (4 * 1_048_576 + 1), "organisation.yaml:1: larger than 4194304 bytes; split or shorten it"),
        (b"name: \x07\n", "organisation.yaml:1: a character that YAML does not allow: special characters are not allowed; remove it"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_read_is_named_with_line_and_fix(folder: Path, content: bytes, says: str) -> None:
    """Too large, or no text: the next step all the same."""
    (folder / "organisation.yaml").write_bytes(content)
    assert says in problems(folder).splitlines()[0]
