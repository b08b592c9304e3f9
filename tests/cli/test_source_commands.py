"""``halon source``: what is there, a file to begin with, and what a payload becomes without an incident."""

from __future__ import annotations

import io
import json
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from halon.cli.entry import run
from halon.kit import starter_path
from halon.kit.shipped import shipped
from halon.redaction import mask_also

Type = Callable[..., tuple[int, str, str]]


@pytest.fixture
def typed(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Type]:
    """Types a command line in a home of its own; gives the exit code, what it printed and what it said beside that."""
    monkeypatch.setenv("HALON_HOME", str(tmp_path / "home"))
    for name in ("HALON_KIT", "TEMPORAL_ADDRESS"):
        monkeypatch.delenv(name, raising=False)

    def call(*words: str) -> tuple[int, str, str]:
        code = run(list(words))
        told = capsys.readouterr()
        return code, told.out, told.err

    yield call
    mask_also({})  # the rules of the last kit are the process's


@pytest.fixture
def payload(tmp_path: Path) -> Callable[[str], str]:
    """The shipped sample of a source as a file."""

    def write(name: str) -> str:
        path = tmp_path / f"{name}.json"
        path.write_text(shipped()[name].sample, "utf-8")
        return str(path)

    return write


def test_the_list_names_sources_shipped_files_and_kinds(typed: Type) -> None:
    """A newcomer finds what there is without reading a page."""
    code, out, _ = typed("source", "list")
    assert code == 0
    for word in ("alertmanager", "langfuse", "cloudwatch", "opsgenie", "may act alone"):
        assert word in out
    code, out, _ = typed("source", "list", "--json")
    told = json.loads(out)
    assert {one["name"] for one in told["shipped"]} == set(shipped())
    assert {"name", "kind", "trust", "auth", "token_env", "token_set"} == set(told["sources"][0])


@pytest.mark.parametrize("name", sorted(shipped()))
def test_a_shipped_file_is_printed_as_it_is(typed: Type, name: str) -> None:
    """What goes into the kit's folder is byte for byte what was tested."""
    assert typed("source", "show", name) == (0, shipped()[name].text, "")
    assert typed("source", "show", name, "--sample")[1] == shipped()[name].sample


def test_only_who_sends_a_body_of_ones_own_has_a_template(typed: Type) -> None:
    """Elastic's body is pasted; Langfuse's is Langfuse's."""
    assert json.loads(typed("source", "show", "elastic", "--template")[1])["rule"] == "{{rule.name}}"
    code, _, err = typed("source", "show", "langfuse", "--template")
    assert code == 1
    assert "so there is none to paste" in err
    code, _, err = typed("source", "show", "langfuze")
    assert code == 1
    assert "no file 'langfuze' is shipped" in err


def test_a_payload_is_explained_line_by_line(typed: Type, payload: Callable[[str], str]) -> None:
    """Agent, group and how it was found, severity, times, incident, trust, and that nothing happened."""
    code, out, err = typed("source", "test", "cloudwatch", payload("cloudwatch"))
    assert (code, err) == (0, "")
    for words in (
        "cloudwatch, read by sources/cloudwatch.yaml as it is shipped (not in the kit yet): 1 alert.",
        "1. firing: AgentSpendSpike",
        "support-bot, known to the kit",
        "runaway_spend, from detections.yaml, which knows the rule AgentSpendSpike",
        "2026-11-22T08:16:15.123Z",
        "incident-support-bot.runaway_spend (opened, or joined if it is open)",
        "What follows: cloudwatch may act alone whatever the severity.",
        "Nothing was sent, and no incident was opened.",
    ):
        assert words in out
    assert "/Subject" in out
    assert "/Message/AlarmName" not in out


def test_a_script_gets_one_object(typed: Type, payload: Callable[[str], str]) -> None:
    """The same as JSON, with the same words for the same things."""
    code, out, _ = typed("source", "test", "langfuse", payload("langfuse"), "--json")
    told: dict[str, Any] = json.loads(out)
    assert code == 0
    assert told["ok"] is True
    [alert] = told["alerts"]
    assert alert["agent_known"] is False
    assert alert["correlation_key"] == "proj_xyz789.monitor_abc123"
    assert any("map its name to one of yours" in note for note in alert["notes"])
    assert any("no detection knows the rule monitor_abc123" in note for note in alert["notes"])


def test_what_is_masked_is_counted_and_never_shown(typed: Type, tmp_path: Path) -> None:
    """The secret is in the payload and in nothing that is printed."""
    body = json.loads(shipped()["splunk"].sample)
    body["result"] |= {"summary": "mail of ann@acme.example", "password": "hunter2"}
    (tmp_path / "s.json").write_text(json.dumps(body), "utf-8")
    code, out, err = typed("source", "test", "splunk", str(tmp_path / "s.json"))
    assert code == 0
    assert "1 email" in out
    assert "[secret]" in out
    assert "ann@acme" not in out + err
    assert "hunter2" not in out + err


def test_the_rules_and_mutes_of_the_kit_count(typed: Type, payload: Callable[[str], str], tmp_path: Path) -> None:
    """What the kit masks beside the usual is masked here too, and a mute that would keep people asleep is told."""
    kit = shutil.copytree(starter_path(), tmp_path / "kit")
    (kit / "redaction.yaml").write_text("rules:\n  stage: {pattern: production, why: nobody's business}\n", "utf-8")
    start, end = (f"{datetime.now(UTC) + timedelta(days=days):%Y-%m-%dT%H:%M}+00:00" for days in (-1, 1))
    mute = f"{{agents: [support-bot], from: {start}, until: {end}, reason: We move, by: tom}}"
    (kit / "mutes.yaml").write_text(f"mutes:\n  move: {mute}\n", "utf-8")
    code, out, err = typed("source", "test", "cloudwatch", payload("cloudwatch"), "--kit", str(kit))
    assert (code, err) == (0, "")
    assert "label stage   [stage]" in out
    assert "1 stage" in out
    assert "by move until" in out


def test_what_is_of_no_concern_says_why(typed: Type, tmp_path: Path) -> None:
    """A subscription to confirm is taken, ignored, and no link of it is followed."""
    (tmp_path / "c.json").write_text(
        '{"Type": "SubscriptionConfirmation", "SubscribeURL": "http://127.0.0.1:1/"}', "utf-8"
    )
    code, out, _ = typed("source", "test", "cloudwatch", str(tmp_path / "c.json"))
    assert code == 0
    assert "no alerts" in out
    assert "Ignored: /Type is not Notification" in out


@pytest.mark.parametrize(
    ("content", "told"),
    [("{}", "would be refused with 422: /Message/AlarmName: nothing is there"), ("{", "not JSON in UTF-8"),
     ('{"Type": "Notification", "Message": "plain"}', "(the text at /Message is no JSON)")],
)  # fmt: skip
def test_a_refusal_names_the_pointer_and_the_file(typed: Type, tmp_path: Path, content: str, told: str) -> None:
    """Exit 1, the pointer, the file to correct; with --json the same as an object."""
    kit = shutil.copytree(starter_path(), tmp_path / "kit")
    (kit / "sources").mkdir(exist_ok=True)
    (kit / "sources" / "aws.yaml").write_text(
        shipped()["cloudwatch"].text.replace("when: {/Type: Notification}", ""), "utf-8"
    )
    (tmp_path / "p.json").write_text(content, "utf-8")
    code, out, err = typed("source", "test", "aws", str(tmp_path / "p.json"), "--kit", str(kit), "--json")
    assert code == 1
    assert told in err
    assert "correct sources/aws.yaml" in json.loads(out)["error"]["next_step"]


def test_a_payload_comes_from_stdin_and_a_kind_needs_no_source(typed: Type, monkeypatch: pytest.MonkeyPatch) -> None:
    """``-`` reads stdin; a kind that the kit has no source of is tried under its own name."""
    alert = {
        "status": "firing",
        "labels": {"alertname": "AgentPiiInOutput", "agent": "billing-bot"},
        "startsAt": "2026-11-22T08:16:15Z",
    }
    content = json.dumps({"version": "4", "alerts": [alert]}).encode()
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(content)))
    code, out, _ = typed("source", "test", "alertmanager", "-", "--json")
    assert code == 0
    [told] = json.loads(out)["alerts"]
    assert (told["agent"], told["group"], told["agent_known"]) == ("billing-bot", "data_leak", True)
    event = {"action": "Create", "alert": {"alertId": "a-1", "message": "Latency is high", "entity": "billing-bot"}}
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(json.dumps(event).encode())))
    code, out, _ = typed("source", "test", "opsgenie", "-")
    assert code == 0
    assert "the kind opsgenie (no source of the kit has this name)" in out


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [(("nobody", "x.json"), 1, "x.json can't be read"), (("langfuse", "x.json", "--header", "no colon"), 2, "is no header")],
)  # fmt: skip
def test_what_is_typed_wrongly_is_said(typed: Type, words: tuple[str, ...], code: int, told: str) -> None:
    """A file that is not there is 1, a header that is none is 2."""
    got, _, err = typed("source", "test", *words)
    assert got == code
    assert told in err


def test_a_source_that_nobody_knows_is_answered_with_those_there_are(
    typed: Type, payload: Callable[[str], str]
) -> None:
    """The names of the kit, of the shipped files and of the kinds."""
    code, _, err = typed("source", "test", "langfuze", payload("langfuse"))
    assert code == 1
    assert "there is no source 'langfuze'" in err
    assert "langfuse" in err
