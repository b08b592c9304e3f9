"""What the reports say: the decision sheet, open questions and what each answer changes, times, and Markdown that renders."""

from __future__ import annotations

import html
import re
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from halon import reports_words as words
from halon.incident.assessment import Obligation, Severity, Stage
from halon.incident.chain import Chain
from halon.rendering import TemplateFailed, environment, render
from halon.reports import REPORTS, text, to_seal, with_record
from halon.reports_context import reading

STAGE = Stage("notification", "aware_at", "2026-11-25T13:37:11.973Z", "2026-11-25T14:37:11+01:00[Europe/Berlin]",
              "2026-11-25T09:37:11.973Z", provisional=True)  # fmt: skip
MAY = Obligation("eu-gdpr-33", "Notice of a breach", "acme-eu", "the authority of Berlin", "regulator", "undetermined",
                 "privacy_officer", ("gdpr_applies is not known yet",), ("gdpr_applies", "aware_at"), stages=(STAGE,),
                 contents=("nature of the breach",))  # fmt: skip
APPLIES = replace(MAY, id="contract", title="Notice to the customer", authority="Example Ltd", audience="customers",
                  status="applies", because=("personal_data_involved is true",), needs=("aware_at",))  # fmt: skip
NOT = replace(
    MAY,
    id="other",
    title="Another duty",
    status="does_not_apply",
    because=("gdpr_applies is false",),
    needs=(),
    stages=(),
)


@pytest.fixture
def sheet(told: SimpleNamespace) -> Any:
    """An incident with a duty that applies, one that may, and one that does not."""
    judged = told.room.judged(
        severity=Severity("SEV3", ("r",), ("SEV1 if data: much (needs gdpr_applies)",)), unknown=("spend_eur",)
    )
    state = replace(told.room.assessed(judged), obligations=(MAY, NOT, APPLIES))
    return told.about(state)


def section(page: str, heading: str) -> str:
    """The text below a heading of Markdown, up to the next one of its depth."""
    mark = heading.partition(" ")[0]
    return page.split(f"\n{heading}\n")[1].split(f"\n{mark} ")[0]


def test_the_sheet_says_who_must_be_told_by_when_in_which_zone(sheet: dict[str, Any]) -> None:
    """Local time with its zone, UTC, what is left of it, and when to decide, for what applies and for what may."""
    page = text("decision", sheet, "md")
    may = section(page, "### Notice of a breach")
    assert "| Who must be told | the authority of Berlin (regulator) |" in may
    assert "**Wed 25 Nov 2026, 14:37 CET** (Europe/Berlin) = 13:37 UTC; 3 days 1 h left" in may
    assert "| Decide by | **Wed 25 Nov 2026, 10:37 CET** (Europe/Berlin) = 09:37 UTC; 2 days 21 h left |" in may
    assert "May apply: facts are missing, its clock runs in case it does." in may
    assert "- “the GDPR covers this processing” is not known yet" in may
    assert "- Does the GDPR cover this processing? (gdpr\\_applies)" in may
    assert "Applies on what is known." in section(page, "### Notice to the customer")
    assert "**Not legal advice; a named person decides.**" in page


def test_the_sheet_says_what_each_answer_changes(sheet: dict[str, Any]) -> None:
    """An answer decides whether a duty applies, moves a deadline, raises the severity, or changes no duty."""
    told = {one["name"]: one for one in reading(sheet)["questions"]}
    assert told["gdpr_applies"]["changes"] == [
        "It helps to decide whether this applies: Notice of a breach.",
        "It may raise the severity: SEV1 if data: much (needs “the GDPR covers this processing”).",
    ]
    assert told["aware_at"]["changes"] == [
        "It fixes the deadline, should it apply, of: Notice of a breach.",
        "It fixes the deadline of: Notice to the customer.",
    ]
    assert told["spend_eur"]["changes"] == []
    assert told["gdpr_applies"]["choices"] == ["yes", "no"]
    assert "the description of the incident, no duty" in section(
        text("decision", sheet, "md"), "## Open questions, and what each answer changes"
    )


def test_the_sheet_says_what_happens_if_nobody_decides(sheet: dict[str, Any]) -> None:
    """Nothing is sent, the clock runs on, and a miss stays in the record."""
    may = section(text("decision", sheet, "md"), "### Notice of a breach")
    assert (
        "| If nobody decides | Nothing is sent. The clock runs on. A stage that falls due without a filing is recorded as missed"
        in may
    )
    told = {**sheet, "obligations": [{**sheet["obligations"][0], "otherwise": "Nobody is told."}]}
    assert reading(told)["duties"][0]["otherwise"].startswith("Nobody is told. The clock runs on.")


def test_a_declined_duty_stays_on_the_sheet_with_name_and_reason(sheet: dict[str, Any]) -> None:
    """The written decision against notifying; its clock no longer runs."""
    said = {
        "obligation": "eu-gdpr-33",
        "word": "declined",
        "by": "pat",
        "at": sheet["now"],
        "reason": "encrypted",
        "status_then": "undetermined",
    }
    duties = [{**one, "decided": "declined" if one["id"] == "eu-gdpr-33" else ""} for one in sheet["obligations"]]
    page = text("decision", {**sheet, "decisions": [said], "obligations": duties}, "md")
    may = section(page, "### Notice of a breach")
    assert "Declined by a person: no clock runs." in may
    assert "| Decided | Declined by pat (name unverified)" in may
    assert ": encrypted |" in may
    assert "Nothing: no clock of this duty runs." in may
    assert "Notice of a breach: notification" not in section(page, "## At a glance")


def test_what_is_not_owed_is_said_with_the_reason(sheet: dict[str, Any]) -> None:
    """Why nobody was told is a question that comes years later."""
    assert "- **Another duty** does not apply: “the GDPR covers this processing” is false." in section(
        text("decision", sheet, "md"), "## Looked at, and not owed"
    )


def test_facts_come_with_source_and_certainty_and_claims_apart(told: SimpleNamespace) -> None:
    """What a person said, what Halon saw, what only the agent says of itself."""
    page = text("decision", told.full, "md")
    known = section(page, "## What is known, from where, how surely")
    assert (
        "| people whose data or affairs are hit (affected\\_individuals) | at least 6 | a person, pat; said by a person, name unverified |"
        in known
    )
    claims = known.split("Said by the agent about itself: no facts, they decide nothing.")[1]
    assert "| sent | no |" in claims
    assert "| sent | no |" not in known.split("Said by the agent")[0]


def test_an_overdue_stage_says_so(told: SimpleNamespace, sheet: dict[str, Any]) -> None:
    """In words, on paper as on a screen."""
    late = {**sheet, "now": "2026-11-26T13:37:12.000Z"}
    assert "**OVERDUE**, 1 day over" in text("decision", late, "md")
    assert "OVERDUE: 1 day over" in text("decision", late, "html")


def test_the_sheet_has_lines_to_sign_and_the_head(sheet: dict[str, Any]) -> None:
    """For each duty and for the whole: name, role, date, decision."""
    for form in ("md", "html"):
        page = text("decision", sheet, form)  # type: ignore[arg-type]
        assert page.count("Decision about this duty") == 2
        assert f"record head {sheet['record']['head']} at entry {sheet['record']['seq']}" in page
        assert f"record head: {sheet['record']['head']} at entry {sheet['record']['seq']}" in page


def test_harm_that_was_seen_to_stop_is_not_said_to_go_on(told: SimpleNamespace) -> None:
    """The fact says what was seen when somebody looked; a later look counts more."""
    window = {**told.full["window"], "ongoing": "yes", "recovered_at": "", "contained_at": "2026-11-22T10:01:00.000Z"}
    page = text("status", {**told.full, "window": window}, "md")
    assert "| Goes on | none was seen since Sun 22 Nov 2026, 10:01 UTC |" in page


def test_an_incident_that_knows_nothing_says_so(told: SimpleNamespace) -> None:
    """A report a second after the first alert has no empty place in it."""
    page = text("status", told.early, "md")
    assert "| People | not known yet |" in page
    assert "No clock runs." in page
    assert "- not judged yet" in page
    assert "No duty to notify applies or may apply on what is known." in text("decision", told.early, "md")
    assert "None was found yet." in text("postmortem", told.early, "md")
    assert "The last 0 of 0 entries" not in text("timeline", told.early, "md")


def test_a_mirrored_state_is_called_one(told: SimpleNamespace) -> None:
    """Who reads it must not take it for now."""
    stale = {**told.full, "stale": {"as_of": "2026-11-22T10:00:00.000Z", "why": "no worker answers"}}
    for form in ("md", "html"):
        page = text("status", stale, form)  # type: ignore[arg-type]
        assert (
            "Last known state, as of 2026-11-22 10:00 UTC: no worker answers. What happened since is not in here."
            in page
        )


@pytest.mark.parametrize("kind", ["early", "full", "evil"])
@pytest.mark.parametrize("report", REPORTS)
def test_markdown_renders_as_it_is_meant(told: SimpleNamespace, report: str, kind: str) -> None:
    """One title, blank lines around headings and tables, none in them, as many cells as the head has, no empty section."""
    page = text(report, getattr(told, kind), "md")  # type: ignore[arg-type]
    lines = page.splitlines()
    assert sum(line.startswith("# ") for line in lines) == 1
    assert "\n\n\n" not in page
    assert page.endswith("\n")
    for number, line in enumerate(lines):
        before = lines[number - 1] if number else ""
        after = lines[number + 1] if number + 1 < len(lines) else ""
        if line.startswith("#"):
            assert (before, after) == ("", ""), f"{line!r} stands between {before!r} and {after!r}"
        if line.startswith("|"):
            assert before == "" or before.startswith("|"), f"a table follows {before!r}"
            assert after == "" or after.startswith("|"), f"{after!r} follows a table"
            cells = len(re.findall(r"(?<!\\)\|", line))
            first = next(lines[at] for at in range(number, -1, -1) if not lines[at - 1].startswith("|"))
            assert cells == len(re.findall(r"(?<!\\)\|", first)), line[:200]
        if line.startswith("- "):
            assert before == "" or before.lstrip().startswith("- "), f"a list follows {before!r}"
    assert not re.search(r"\n##[^\n]*\n\n## ", page), "a section is empty"


@pytest.mark.parametrize("form", ["md", "html"])
@pytest.mark.parametrize("report", REPORTS)
def test_a_missing_name_is_an_error_and_never_an_empty_place(told: SimpleNamespace, report: str, form: str) -> None:
    """Whatever is taken away of what a report says, it fails by type and names what is missing."""
    for name in ("reference", "severity", "window", "record", "timeline"):
        told_less = {key: value for key, value in told.full.items() if key != name}
        with pytest.raises(TemplateFailed, match=name):
            render(f"reports/{report}.{form}.j2", told_less)


def test_every_template_is_strict_sandboxed_and_escapes_by_its_ending() -> None:
    """Forgetting a filter leaves no hole."""
    made = environment()
    assert made.undefined.__name__ == "StrictUndefined"
    assert type(made).__name__ == "SandboxedEnvironment"
    assert callable(made.autoescape)
    pages = [name for name in made.list_templates(extensions=["j2"]) if name.startswith("reports/") and ".html" in name]
    assert len(pages) >= len(REPORTS) + 3
    assert all(made.autoescape(name) is True for name in pages)


def test_the_close_seals_each_report_twice_and_the_decision_sheet_with_them(told: SimpleNamespace) -> None:
    """The request of old names three; a draft seals what it names."""
    at_close = to_seal(("status", "timeline", "postmortem"), "", told.full)
    assert sorted(at_close) == sorted(f"{report}.{form}" for report in REPORTS for form in ("md", "html"))
    assert sorted(to_seal(("postmortem",), "draft", told.full)) == ["postmortem-draft.html", "postmortem-draft.md"]
    assert to_seal((), "", told.full) == {}
    assert to_seal(("status", "timeline", "postmortem"), "", told.full) == at_close


def test_the_whole_record_stands_in_the_timeline_up_to_the_head(told: SimpleNamespace) -> None:
    """The tail is all that the state carries; entries after the head that the report prints are left out."""
    chain = Chain("incident-a.b:1")
    for number in range(1, 131):
        chain = chain.append(
            f"2026-11-22T10:{number % 60:02}:00.000Z", "note", "detect", "ann", f"entry {number} said", {}
        )
    short = {**told.full, "record": {"head": "abc", "seq": 120},
             "timeline": [{"seq": 120, "at": told.NOW, "phase": "notify", "actor": "halon", "text": "from the tail"}]}  # fmt: skip
    page = text("timeline", with_record(short, chain.pending), "md")
    assert "All 120 entries of the record." in page
    assert "entry 1 said" in page
    assert "entry 120 said" in page
    assert "entry 121 said" not in page
    tail = text("timeline", with_record(short, ()), "md")
    assert "The last 1 of 120 entries" in tail
    assert "from the tail" in tail


def test_a_long_record_is_not_cut(told: SimpleNamespace) -> None:
    """Neither as Markdown nor as HTML, of which half a page would be none."""
    line = {"at": told.NOW, "phase": "detect", "actor": "halon", "text": "x" * 1_500}
    long = {
        **told.full,
        "timeline": [{"seq": number, **line} for number in range(1, 601)],
        "record": {"head": "abc", "seq": 600},
    }
    for form in ("md", "html"):
        page = text("timeline", long, form)  # type: ignore[arg-type]
        assert len(page) > 900_000
        assert "(cut here" not in page
        assert page.rstrip().endswith("</html>") or "record head: abc at entry 600" in page[-900:]


def test_reasons_speak_of_meanings_and_leave_other_words_alone() -> None:
    """A fact's name becomes what it means; the same word in a sentence stays."""
    assert words.reason("personal_data_involved is true") == "“data about people are hit” is true"
    assert (
        words.reason("SEV1 by ongoing: it goes on (ongoing is true)")
        == "SEV1 by ongoing: it goes on (“the agent still does harm” is true)"
    )
    assert words.reason("its roles: controller") == "its roles: controller"
    assert words.reason("my_aware_at_x") == "my_aware_at_x"


def test_times_are_read_in_the_zone_that_counts() -> None:
    """A zone that nobody knows falls back to UTC and says nothing wrong."""
    point = words.point("2026-07-01T22:30:00Z", "2026-07-02T00:30:00+02:00[Europe/Berlin]", "2026-07-01T20:00:00Z")
    assert point == {"at": "2026-07-01T22:30:00Z", "utc": "Wed 01 Jul 2026, 22:30 UTC", "utc_short": "Wed 01 Jul 2026, 22:30 UTC",
                     "local": "Thu 02 Jul 2026, 00:30 CEST", "zone": "Europe/Berlin", "left": "2 h 30 min left", "over": False}  # fmt: skip
    odd = words.point("2026-07-01T22:30:00Z", "2026-07-02T00:30:00+02:00[No/Where]", "2026-07-01T22:30:00Z")
    assert odd is not None
    assert (odd["local"], odd["zone"], odd["over"], odd["left"]) == ("", "", True, "under a minute over")
    assert words.point("", "x", "2026-07-01T22:30:00Z") is None
    assert (words.utc("soon"), words.since("soon", "later")) == ("soon", "")


def test_the_postmortem_says_what_was_said_tried_and_answered(told: SimpleNamespace) -> None:
    """Who said that it is done and what came after; not tried is not "no"; a notice that went out, with its receipt."""
    state = told.state()
    done = replace(
        state.correctives[0],
        status="proved",
        done_by="tom",
        after="passed",
        after_at="2026-11-22T11:00:00.000Z",
        note="",
    )
    sent = replace(state.notices[0], status="sent", note="Sending n1.", receipt="<id-1@halon.example> (250 OK)")
    mute = replace(sent, id="n3", receipt="")
    state = replace(
        state, correctives=(done,), notices=(sent, mute), case=replace(state.case, reproduced=None, reproduced_without_culprit=None),
        reruns=(replace(state.reruns[0], passed=False, case_passed=False, case="never reproduced"),),
    )  # fmt: skip
    for form in ("md", "html"):
        page = text("postmortem", told.about(state), form)
        for wanted in ("said done by tom; rerun passed at Sun 22 Nov 2026, 11:00 UTC", "id-1@halon.example (250 OK)", "none given",
                       "decided nothing", "never reproduced"):  # fmt: skip
            assert wanted in page, (form, wanted)
        assert "Sending n1" not in page
        assert page.count("not tried") == 2
        assert "proved |" not in page


@pytest.mark.parametrize("report", ["status", "decision"])
def test_other_incidents_are_named_where_people_decide(told: SimpleNamespace, report: str) -> None:
    """Which, what they share, whom it told when: nobody is told twice by accident."""
    for form in ("md", "html"):
        page = text(report, told.full, form)
        assert (
            "INC-0001 (closed Sun 22 Nov 2026, 09:55 UTC as resolved; same traces; told outside: eu-gdpr-33 to the authority at Sun 22 Nov"
            in page
        )


@pytest.mark.parametrize("form", ["md", "html"])
@pytest.mark.parametrize("report", ["status", "postmortem"])
def test_a_report_names_the_incidents_that_it_was_merged_with_or_split_from(
    told: SimpleNamespace, report: Any, form: Any
) -> None:
    """Who reads one of them alone sees where the rest is; what is only related is not told twice."""
    links = [one["text"] for one in told.full["linked"] if one["kind"] != "related"]
    assert any("merged into" in one for one in links)
    page = re.sub(r"<[^>]+>|\\", "", html.unescape(text(report, told.full, form)))
    assert "Linked incidents" in page
    for one in links:
        assert one.split(":")[0] in page, one
    assert "Linked incidents" not in text(report, told.early, form)
