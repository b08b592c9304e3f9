"""``halon decide`` and ``halon register`` from what the record on this machine holds: no server runs."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter

from halon import decision
from halon.breaches import COLUMNS, as_csv, as_html, rows
from halon.cli import deciding, entry, listing
from halon.evidence.access import readings
from halon.evidence.store import EvidenceStore
from halon.incident.admission import Standing, admit
from halon.incident.alerts import Alert
from halon.incident.assessment import Addressee
from halon.incident.commands import parse
from halon.incident.facts import Fact
from halon.incident.gates import Proof
from halon.incident.judged import take_in
from halon.incident.learning import learn
from halon.incident.opening import Opening
from halon.incident.opening_state import first_state
from halon.incident.restriction import Restriction
from halon.incident.state import State
from halon.incident.times import after
from halon.judgement.assess import assess
from halon.judgement.what_if import Answer
from halon.kit import Kit, load, starter_path
from halon.record.store import RecordStore
from halon.settings import Settings
from halon.worker import keep_kit

T0 = "2026-11-22T10:00:00.000Z"
FORMULA = '=HYPERLINK("http://evil.example","click")'


@pytest.fixture(scope="module")
def kit() -> Kit:
    """The starter kit."""
    return load(starter_path(), os.environ)


def incident(kit: Kit, name: str = "leak", *, said: dict[str, Any] | None = None) -> State:
    """One incident that was judged once."""
    alert = Alert(source="alertmanager", agent="support-bot", group=name, rule="Leak", status="firing", fingerprint="fp",
                  started_at=T0, received_at=T0, summary="it leaks")  # fmt: skip
    state = first_state(Opening((alert,)), f"incident-support-bot.{name}", f"run-{name}", T0)
    values = {"personal_data_involved": True, "risk_to_individuals": "risk", "aware_at": T0, **(said or {})}
    state = learn(state, [Fact(name, value, "person", T0, "pat") for name, value in values.items()], T0)
    judged = assess(state.facts, kit.policy, after(T0, 60), agent="support-bot", group=name)
    return take_in(state, judged, state.facts_version, after(T0, 60))


def said(state: State, command: str, at: float, **fields: Any) -> State:
    """The privacy officer says it."""
    who = Standing("pat", True, ("privacy_officer", "customer_lead"), may=True)
    outcome = admit(state, parse(command, {"by": "pat", **fields}), who, Proof("run", "update", ""), after(T0, at))
    assert not outcome.refusal, outcome.text
    return outcome.state


def kept(home: Path, kit: Kit, *states: State) -> None:
    """The incidents on record, with their states mirrored, as a worker leaves them."""

    async def keep() -> None:
        settings = Settings.from_environ({**os.environ, "HALON_HOME": str(home)})
        store = EvidenceStore.open(settings.evidence)
        records = RecordStore(store)
        await keep_kit(store, kit)
        for state in states:
            entries = state.chain.pending
            await records.append(state.incident_id, entries)
            mirrored = replace(state, chain=state.chain.flushed(entries[-1].seq, entries[-1].hash))
            await records.put_checkpoint(
                state.incident_id, entries[-1].seq, entries[-1].hash, TypeAdapter(State).dump_json(mirrored)
            )

    asyncio.run(keep())


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TEMPORAL_ADDRESS", "127.0.0.1:1")
    monkeypatch.setenv("HALON_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("HALON_EVIDENCE", raising=False)
    monkeypatch.delenv("HALON_KIT", raising=False)


def typed(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    """The exit code and what stands on stdout."""
    code = entry.run(list(words))
    return code, capsys.readouterr().out


def test_the_sheet_says_what_each_answer_changes(kit: Kit, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Known with its source, the open question both ways, the due time where the authority is, and what to type."""
    state = incident(kit)
    kept(tmp_path / "home", kit, state)
    code, out = typed(capsys, "decide", state.reference, "eu-gdpr-33")
    assert code == 0
    text = " ".join(out.split())
    assert "Not legal advice; a named person decides." in text
    assert "Who decides: privacy officer" in text
    assert "notification: due Wed 25 Nov 2026, 11:00 CET" in text
    assert "yes: it applies; notification due Wed 25 Nov 2026, 11:00 CET" in text
    assert "no: it does not apply" in text
    assert "a person, pat, Sun 22 Nov 2026, 10:00 UTC" in text
    assert f"halon decline {state.reference} eu-gdpr-33 --reason WHY --by YOUR-NAME" in text
    assert "contract-dpa" not in text


def test_a_reversal_shows_both_decisions(kit: Kit, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Declined, then declared: the sheet keeps the history, on the terminal, in JSON and in the page."""
    state = said(incident(kit), "decline", 70, obligation="eu-gdpr-33", reason="nobody of the EU")
    state = said(state, "declare", 80, obligation="eu-gdpr-33", reason="two people of <b>Berlin</b>")
    kept(tmp_path / "home", kit, state)
    page = tmp_path / "sheet.html"
    code, out = typed(capsys, "decide", state.reference, "eu-gdpr-33", "--html", str(page), "--json")
    told = json.loads(out)
    assert code == 0
    assert [one["word"] for one in told["duties"][0]["history"]] == ["declined", "declared"]
    assert told["duties"][0]["decided"] == "declared"
    assert list(told["written"]) == [str(page)]
    text = page.read_text()
    assert "nobody of the EU" in text
    assert "two people of &lt;b&gt;Berlin&lt;/b&gt;" in text
    assert typed(capsys, "decide", state.reference, "--html", str(page))[0] == 1  # it is there already


def test_the_page_of_one_duty_holds_the_answers(kit: Kit, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The report that is sent to counsel says what each answer changes, too."""
    state = incident(kit)
    kept(tmp_path / "home", kit, state)
    page = tmp_path / "sheet.html"
    assert typed(capsys, "decide", state.reference, "eu-gdpr-33", "--html", str(page))[0] == 0
    text = page.read_text()
    assert "yes: Personal data breach, notification to the supervisory authority (GDPR Art. 33(1)): it applies" in text
    assert "contract-dpa" not in text


def test_what_is_held_back_filed_and_late_stands_on_the_sheet(
    kit: Kit, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With name, reference, receipt and reason."""
    state = incident(kit, said={"gdpr_applies": True})
    state = said(
        state,
        "hold",
        70,
        obligation="eu-gdpr-33",
        until=after(T0, 9000),
        by_whom="law_enforcement",
        reason="the police asks",
    )
    kept(tmp_path / "home", kit, state)
    assert "HELD BACK: it is held back by law enforcement" in " ".join(
        typed(capsys, "decide", state.reference)[1].split()
    )
    state = said(
        state, "filed", 300_000, obligation="eu-gdpr-33", reference="case 7", receipt="ev-1", reason="it was held back"
    )
    kept(tmp_path / "home", kit, state)
    out = " ".join(typed(capsys, "decide", state.reference, "eu-gdpr-33")[1].split())
    assert "by pat, reference case 7, receipt ev-1; late because: it was held back" in out


def test_a_wrong_name_is_answered_with_the_known_ones(
    kit: Kit, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit 2, and nothing is said to anybody."""
    state = incident(kit)
    kept(tmp_path / "home", kit, state)
    assert entry.run(["decide", state.reference, "eu-gdpr-3"]) == 2
    assert "did you mean 'eu-gdpr-33'" in capsys.readouterr().err
    assert entry.run(["decide", state.reference, "--ask", "aware_at", "--by", "pat"]) == 2
    capsys.readouterr()
    assert entry.run(["decide", state.reference, "eu-gdpr-33", "--ask", "aware_at", "--by", "pat"]) == 1
    assert "nothing can be said to it" in capsys.readouterr().err


def test_a_question_becomes_a_step_of_somebody(kit: Kit) -> None:
    """Due before the decider must decide; the title says what to type, and is never too long."""
    state = incident(kit)
    duty = next(one for one in state.obligations if one.name == "eu-gdpr-33")
    step = deciding._question(state, duty, "gdpr_applies", None, "pat", None)
    assert (step["owner"], step["do"], len(step["step"]) <= 300) == ("privacy_officer", "add", True)
    assert step["step"].endswith(f"(halon fact {state.reference} gdpr_applies VALUE)")
    late = replace(duty, stages=tuple(replace(one, decide_by="2099-01-01T00:00:00Z") for one in duty.stages))
    assert deciding._question(state, late, "gdpr_applies", "tom", "pat", "123456")["due"] == "2099-01-01T00:00:00Z"
    asked = said(state, "task", 70, **{name: value for name, value in step.items() if name not in ("by", "due")})
    assert step["step"] in [one.step.words for one in asked.tasks]


def test_a_clock_shows_hold_embargo_provisional_and_missed() -> None:
    """What scripts and people read of each; a miss whose due time has moved on runs again."""
    stage = {"id": "notification", "due": "2026-11-20T10:00:00Z", "due_local": "", "decide_by": "", "provisional": True,
             "filed_at": "", "not_before": "2026-11-25T10:00:00Z"}  # fmt: skip
    duty = {"id": "eu-gdpr-33", "status": "applies", "decided": None, "needs": [], "missed": ["eu-gdpr-33/notification"],
            "hold": {"until": "2026-12-01T10:00:00Z", "by_whom": "law_enforcement"}}  # fmt: skip
    assert listing._state(duty, stage) == ("MISSED; held back until 2026-12-01T10:00:00Z by law enforcement; not before "
                                           "2026-11-25T10:00:00Z; may still move")  # fmt: skip
    later = stage | {"due": "2999-01-01T00:00:00Z", "provisional": False, "not_before": "?"}
    assert listing._state(duty | {"hold": None}, later) == "applies; not before something else is filed"
    assert listing._clock(duty, stage)["held_until"] == "2026-12-01T10:00:00Z"
    assert (listing._clock(duty, stage)["missed"], listing._clock(duty, later)["missed"]) == (True, False)


def test_the_register_holds_what_was_declined_and_why(
    kit: Kit, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Facts, effects and remedial action of each breach, notified or not; drills are left out and counted."""
    declined = said(incident(kit), "decline", 70, obligation="eu-gdpr-33", reason=FORMULA)
    filed = said(
        incident(kit, "mail", said={"gdpr_applies": True}), "filed", 90, obligation="eu-gdpr-33", reference="case 7"
    )
    drill = replace(incident(kit, "drill"), drill=True)
    kept(tmp_path / "home", kit, declined, filed, drill)
    sheet, page = tmp_path / "register.csv", tmp_path / "register.html"
    code, out = typed(capsys, "register", "--csv", str(sheet), "--html", str(page), "--json")
    told = json.loads(out)
    assert (code, told["unread"], told["drills_left_out"]) == (0, [], 1)
    found = {(one["incident"], one["obligation"]): one for one in told["rows"]}
    negative = found[declined.reference, "eu-gdpr-33"]
    assert (negative["decision"], negative["decided_by"], negative["reason"]) == ("declined", "pat", FORMULA)
    assert negative["facts"]
    assert negative["effects"]
    assert negative["remedial_action"]
    assert "reference case 7" in found[filed.reference, "eu-gdpr-33"]["filings"]
    read = list(csv.DictReader(io.StringIO(sheet.read_text())))
    assert [one["Reason"] for one in read if one["Decision"] == "declined"] == [f"'{FORMULA}"]
    assert len(read) == len(told["rows"])
    assert "HYPERLINK(&#34;http" in page.read_text()


def test_of_a_restricted_incident_nothing_but_its_reference_is_shown(
    kit: Kit, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The register names what it leaves out, the roll-up has one bare line, and the decision sheet is refused."""
    word = "xylophone-17"
    state = replace(incident(kit, word), restriction=Restriction(("pat",), "pat", f"{word} did it", T0))
    kept(tmp_path / "home", kit, state)
    code, out = typed(capsys, "register", "--json")
    told = json.loads(out)
    assert (code, told["rows"], told["restricted_left_out"]) == (0, [], [state.reference])
    assert state.reference in typed(capsys, "register")[1]
    code, out = typed(capsys, "rollup")
    assert (code, f"{state.reference}, open since" in out, "restricted to named people" in out) == (0, True, True)
    assert not any(one in out for one in (word, "support-bot", "SEV"))
    assert entry.run(["decide", state.reference, "--by", "pat"]) == 1
    printed = capsys.readouterr()
    assert "restricted" in printed.err
    assert word not in printed.out + printed.err


def test_a_breach_that_nobody_had_to_be_told_of_stands_there_beside_what_others_are_told(
    kit: Kit, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """GDPR Art. 33(5): ruled out by the facts, with the reasons. A rule for roles that the entity lacks has no row."""
    state = incident(kit, said={"risk_to_individuals": "unlikely"})
    ruled_out = next(one for one in state.obligations if one.name == "eu-gdpr-33")
    foreign = replace(ruled_out, id="eu-nis2-23", foreign=True)
    state = replace(state, obligations=(*state.obligations, foreign))
    kept(tmp_path / "home", kit, state)
    rows_of = {one["obligation"]: one for one in json.loads(typed(capsys, "register", "--json")[1])["rows"]}
    assert set(rows_of) == {"contract-dpa", "eu-gdpr-33"}
    one = rows_of["eu-gdpr-33"]
    assert (one["standing"], one["decision"]) == ("does not apply", "not owed by the facts")
    assert "unlikely" in one["because"]
    no_data = incident(kit, "none", said={"personal_data_involved": False, "risk_to_individuals": "unlikely"})
    assert rows(no_data, T0) == []


def test_an_answer_that_would_raise_the_severity_says_so(kit: Kit) -> None:
    """On the sheet, beside what it does to the duty; one that raises nothing says nothing of it."""
    state = replace(incident(kit), level="SEV2")
    duty = next(one for one in state.obligations if one.name == "eu-gdpr-33")
    assert "the severity rises to SEV1" in decision._follows(duty, Answer("yes", duty, "SEV1"), state)
    assert "severity" not in decision._follows(duty, Answer("yes", duty, "SEV2"), state)


def test_the_roll_up_has_the_worst_first_and_no_drill(
    kit: Kit, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """By severity, then by age; duties stand there, so it says who decides."""
    older = replace(incident(kit, "older"), level="SEV3", opened_at=after(T0, -9000))
    worst = replace(incident(kit, "worst"), level="SEV1")
    drill = replace(incident(kit, "drill"), level="SEV1", drill=True)
    kept(tmp_path / "home", kit, older, worst, drill)
    code, out = typed(capsys, "rollup")
    assert code == 0
    assert out.index(worst.reference) < out.index(older.reference)
    assert drill.reference not in out
    assert "Not legal advice; a named person decides." in out


def test_who_is_named_makes_a_whole_register(kit: Kit, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A closed restricted incident is in it, and the look on record; for others it is left out, as an open one is whose
    worker can't be asked who looks."""
    word = "xylophone-17"
    limited = replace(incident(kit, word), restriction=Restriction(("pat",), "pat", f"{word} did it", T0))
    over = replace(limited, closed_at=after(T0, 9000))
    still = replace(incident(kit, "open"), restriction=Restriction(("pat",), "pat", "an insider", T0))
    kept(tmp_path / "home", kit, over, still)
    told = json.loads(typed(capsys, "register", "--by", "tom", "--json")[1])
    assert (told["rows"], len(told["restricted_left_out"])) == ([], 2)
    assert told["restricted_left_out"][0].endswith("(tom is not named)")
    told = json.loads(typed(capsys, "register", "--by", "pat", "--json")[1])
    assert {one["incident"] for one in told["rows"]} == {over.reference}
    assert len(told["restricted_left_out"]) == 1
    assert told["restricted_left_out"][0].startswith(f"{still.reference} (no connection to Temporal")
    store = EvidenceStore.open(Settings.from_environ(dict(os.environ)).evidence)
    read = asyncio.run(readings(store, over.incident_id))
    assert [(one.by, one.reason) for one in read] == [("pat", "for the register of breaches")]


def test_an_incident_that_can_not_be_read_makes_the_register_fail_aloud(
    kit: Kit, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is written with what there is, and says what is missing; exit 1."""
    state = incident(kit)
    kept(tmp_path / "home", kit, state)
    settings = Settings.from_environ(dict(os.environ))

    async def bare() -> None:
        store = RecordStore(EvidenceStore.open(settings.evidence))
        other = incident(kit, "bare")
        await store.append(other.incident_id, other.chain.pending)

    asyncio.run(bare())
    code = entry.run(["register"])
    printed = capsys.readouterr()
    assert code == 1
    assert "no state of it is mirrored" in printed.out
    assert "the register is not whole" in printed.err


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "  =1+1", "＝1+1", "－1"])
def test_no_cell_is_a_formula(kit: Kit, text: str) -> None:
    """Whatever somebody wrote, whatever stands before it."""
    row = dict.fromkeys(COLUMNS, "") | {"reason": text}
    read = list(csv.reader(io.StringIO(as_csv([row]), newline="")))
    cell = read[1][list(COLUMNS).index("reason")]
    assert cell == f"'{text}"


def test_personal_data_without_a_duty_is_on_the_register(kit: Kit) -> None:
    """The reasons of the duties that were looked at are the written negative decision."""
    state = incident(kit, said={"gdpr_applies": False, "roles": []})
    found = rows(state, after(T0, 100))
    assert [one["decision"] for one in found if not one["obligation"]] == ["no duty to notify applies"]
    assert "eu-gdpr-33" in found[-1]["because"]
    assert "<script>" not in as_html([found[-1] | {"facts": "<script>x</script>"}], T0)


def test_the_register_names_everybody_who_is_to_be_told(kit: Kit) -> None:
    """A duty with a stage for another authority than its own names both, each once."""
    state = incident(kit)
    assert state.assessment is not None
    duty = next(one for one in state.assessment.obligations if one.id == "eu-gdpr-33")
    other = replace(duty.stages[0], id="other", told=Addressee("the Attorney General", "regulator"))
    duty = replace(duty, stages=(*duty.stages, other))
    state = replace(state, assessment=replace(state.assessment, obligations=(duty,)), obligations=(duty,))
    assert [one["authority"] for one in rows(state, after(T0, 100))] == [f"{duty.authority}; the Attorney General"]
