"""What people type during an incident, against the real workflow, worker, server and sandbox agent."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


def test_up_says_where_everything_is_before_it_says_ready(house: Any) -> None:
    """The front door, Temporal's UI, the tokens, where pages go and a call to try stand above the one ready line."""
    heads = [line.partition(":")[0] for line in house.said]
    assert heads[0] == "halon"
    assert heads[-1] == "ready"
    assert {"front door", "temporal", "tokens", "pages go to", "try"} <= set(heads)
    assert (house.home / "tokens.env").stat().st_mode & 0o077 == 0
    assert not any(
        "TOKEN" in line and "=" in line.partition(";")[0] and "tokens.env" not in line for line in house.said
    )


def test_the_list_shows_who_is_waited_for(house: Any, incident: str) -> None:
    """``incidents`` lists the open one by its mirrored state; ``--waiting-on`` keeps what waits for that role alone."""
    assert incident in house.type("incidents").out
    rows = house.until(lambda: house.type("incidents", "--waiting-on", "privacy_officer", "--json").value)
    assert [row["reference"] for row in rows] == [incident]
    assert rows[0]["open"]
    assert rows[0]["agent"] == "support-bot"
    assert rows[0]["severity"].startswith("SEV")
    assert house.type("incidents", "--waiting-on", "nobody_of_this_name", "--json").value == []


def test_an_incident_is_found_by_every_name_that_it_has(house: Any, incident: str) -> None:
    """Short reference (also misheard or in lower case), workflow id, and a dot for the only open one."""
    names = (incident, incident.lower(), incident.removeprefix("INC-"), "incident-support-bot.data_leak", ".")
    assert {house.type("status", name, "--json").value["reference"] for name in names} == {incident}


def test_status_begins_with_the_headline_and_ends_with_what_to_type(house: Any, incident: str) -> None:
    """The sentence first, what is asked of whom with the command that answers it, and the next command last."""
    lines = house.type("status", incident).out.splitlines()
    assert "support-bot" in lines[0]
    assert lines[0].startswith("SEV")
    assert any("halon approve" in line for line in lines)
    assert lines[-1].startswith("Next: halon ")
    told = house.type("status", incident, "--json").value
    assert told["live"] is True
    assert told["headline"] == lines[0]


def test_an_unknown_name_lists_the_open_incidents(house: Any, incident: str) -> None:
    """Nobody has to look up how the incident is called: the refusal says it, and the exit code is 1."""
    gone = house.type("status", "INC-0000")
    assert gone.code == 1
    assert incident in gone.err
    assert "halon incidents --all" in gone.err
    assert gone.err.count("\n") == 1


def test_a_command_is_answered_and_a_refusal_says_why(house: Any, incident: str) -> None:
    """Done is exit 0 with the sentence; refused is exit 1 with the reason and its type; nobody's word counts."""
    first = house.type("ack", incident, "--by", "ann")
    assert first.code == 0
    assert "Acknowledged by ann" in first.out
    again = house.type("ack", incident, "--by", "ann", "--json")
    assert again.code == 1
    assert again.value["error"]["type"] == "AlreadyAcknowledged"
    stranger = house.type("note", incident, "hello", "--by", "mallory")
    assert stranger.code == 1
    assert "mallory" in stranger.err


def test_who_speaks_comes_from_by_or_from_the_environment(house: Any, incident: str) -> None:
    """Without either, the command was typed wrongly: exit 2, and nothing is said."""
    silent = house.type("note", incident, "x")
    assert silent.code == 2
    assert "--by NAME" in silent.err
    spoken = house.type("note", incident, "looked at the mails", HALON_USER="tom")
    assert spoken.code == 0
    assert any(
        one["actor"] == "tom" and one["text"] == "looked at the mails"
        for one in house.type("timeline", incident, "--json").value
    )


def test_a_value_is_json_where_it_parses_and_text_where_not(house: Any, incident: str) -> None:
    """``fact`` takes true, numbers, null and lists as such, and a bare word as text."""
    assert house.type("fact", incident, "personal_data_involved", "true", "--by", "pat").code == 0
    assert house.type("fact", incident, "affected_individuals", "12", "--by", "pat").code == 0
    assert house.type("fact", incident, "risk_to_individuals", "risk", "--by", "pat").code == 0
    wrong = house.type("fact", incident, "affected_individuals", "many", "--by", "pat")
    assert wrong.code == 1
    told = [one["text"] for one in house.type("timeline", incident, "--json").value]
    assert any("personal_data_involved = True" in text for text in told)
    assert any("affected_individuals = 12" in text for text in told)


def test_a_gate_is_answered_by_its_id_and_never_by_who_asked(house: Any, incident: str) -> None:
    """An approval without a gate lists the open ones; who proposed it is refused; somebody else's yes counts."""
    assert house.type("undo", incident, "read-only", "--reason", "needed again", "--by", "ann").code == 0

    def asked() -> list[dict[str, Any]]:
        gates = house.type("show", incident, "--json").value["gates"]
        return [gate for gate in gates if gate["kind"] == "restore" and gate["status"] == "open"]

    gate = house.until(asked)[0]["id"]
    unnamed = house.type("approve", incident, "--by", "tom")
    assert unnamed.code == 2
    assert gate in unnamed.err
    unasked = house.type("approve", incident, gate, "--by", "tom")
    assert (unasked.code, "--yes" in unasked.err) == (2, True)
    own = house.type("approve", incident, gate, "--by", "ann", "--json", "--yes")
    assert own.code == 1
    assert own.value["error"]["type"] == "SelfApproval"
    agreed = house.type("approve", incident, gate, "--by", "tom", "--reason", "the template is fixed", "--yes")
    assert agreed.code == 0
    assert agreed.out.startswith(incident)


def test_corrective_actions_are_added_and_done_with_a_word_each(house: Any, incident: str) -> None:
    """``corrective add`` and ``corrective done`` are two words of one command."""
    added = house.type(
        "corrective",
        "add",
        incident,
        "Filter recipients",
        "--owner",
        "tom",
        "--deadline",
        "2030-01-01T00:00:00Z",
        "--by",
        "tom",
    )
    assert added.code == 0, added
    found = house.type("show", incident, "--json").value["rca"]["correctives"]
    mine = next(one["id"] for one in found if one["title"] == "Filter recipients")
    done = house.type("corrective", "done", incident, mine, "--text", "allow-list deployed", "--by", "tom")
    assert done.code == 0, done


def test_clocks_run_for_duties_that_may_apply(house: Any, incident: str) -> None:
    """``clocks`` shows every running clock, soonest first, with who must decide."""
    found = house.type("clocks", "--json").value
    assert [one["due"] for one in found] == sorted(one["due"] for one in found)
    assert any(one["what"].startswith("eu-gdpr-33/") and one["of"] == ["privacy_officer"] for one in found)
    assert incident in house.type("clocks").out


def test_watch_follows_the_log(house: Any, incident: str) -> None:
    """Each line of the log is one JSON object in a pipe."""
    lines = [json.loads(line) for line in house.type("watch", incident, "--for", "1", "--json").out.splitlines()]
    assert [one["seq"] for one in lines] == sorted({one["seq"] for one in lines})
    assert any("confirmed" in one["text"] for one in lines)
    assert [one["seq"] for one in lines] == list(range(lines[0]["seq"], lines[0]["seq"] + len(lines)))


def test_the_exported_record_is_checked_without_anything_running(house: Any, incident: str, tmp_path: Path) -> None:
    """``verify`` needs no server: it holds as written (0), shows an alteration (1), and knows what is no bundle (2)."""
    written = house.type("export", incident, "--to", str(tmp_path / "bundle"), "--json")
    assert written.code == 0, written
    head = written.value["head"]
    alone = {"TEMPORAL_ADDRESS": "127.0.0.1:1"}
    assert house.type("verify", str(tmp_path / "bundle"), "--head", head[:12], "--json", **alone).value["ok"] is True
    record = tmp_path / "bundle" / "record.jsonl"
    record.write_bytes(record.read_bytes().replace(b"opened", b"closed", 1))
    altered = house.type("verify", str(tmp_path / "bundle"), "--json", **alone)
    assert altered.code == 1
    assert altered.value["problems"]
    assert house.type("verify", str(tmp_path), **alone).code == 2
    again = house.type("export", incident, "--to", str(tmp_path / "bundle"))
    assert again.code == 1
    assert "not empty" in again.err


def test_a_dot_is_refused_while_two_are_open(house: Any, incident: str) -> None:
    """A second incident makes ``.`` ambiguous: both are named."""
    other = house.type(
        "report",
        "It wrote a wrong invoice.",
        "--agent",
        "billing-bot",
        "--what",
        "wrong_decision",
        "--by",
        "tom",
        "--json",
    )
    second = other.value["incidents"][0]["incident"]

    def both() -> bool:
        found = house.type("status", ".")
        return found.code == 1 and incident in found.err and second in found.err

    assert house.until(both)


def test_a_kind_of_harm_that_is_none_lists_all(house: Any) -> None:
    """``report --what`` with a misspelt word opens nothing and names what is known."""
    wrong = house.type("report", "x", "--agent", "support-bot", "--what", "data_leek", "--by", "ann")
    assert wrong.code == 2
    assert "data_leak" in wrong.err
