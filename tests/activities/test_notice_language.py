"""Notices by language: which template is taken, in which words, what the question and `kit check` say, and the shipped texts
against the checks and against what each shipped law asks for."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from types import SimpleNamespace
from typing import Any

import pytest
import yaml

from halon.incident.about import about
from halon.incident.assessment import Assessment, Obligation, Person, Roster, Severity, Stage, Wanted
from halon.incident.facts import Fact
from halon.incident.learning import learn
from halon.incident.notices import Notice
from halon.incident.state import State
from halon.judgement.communication.checks import check
from halon.judgement.communication.contents import completeness, wanted
from halon.kit.files.regimes import RegimeFile
from halon.kit.starter import starter_path
from halon.kit.wordings import unwritten, wording
from halon.redaction import redact
from halon_activities import checking
from halon_activities import wording as words
from halon_workflows.notice_words import question

NOW, PROMISE = "2026-11-22T09:00:00Z", "2026-11-23T09:00:00Z"
FACTS: dict[str, Any] = {
    "confirmed": True, "affected_individuals": 1204, "records_count": 40, "data_categories": ["health", "credentials"],
    "personal_data_involved": True, "ongoing": False, "window_from": "2026-11-21T08:00:00Z", "window_to": "2026-11-21T09:00:00Z",
    "discovered_at": "2026-11-21T10:00:00Z", "unauthorised_tool_actions": ["send_email"], "risk_to_individuals": "risk",
    "affected_by_jurisdiction": {"DE": 1200, "US-CA": 4}, "causal_link": "suspected", "incident_member_states": ["DE", "FR"],
    "serious_incident_limbs": ["serious_health_harm"], "agent_version": "4.2", "clients_affected": 12, "economic_impact_eur": 4000,
    "classified_major_at": "2026-11-21T11:00:00Z", "incident_handled_at": "2026-11-22T08:00:00Z",
    "extortion_payment_made_at": "2026-11-21T12:00:00Z", "measure_available_at": "2026-11-22T07:00:00Z",
    "individuals_notified_at": "2026-11-22T06:00:00Z", "determined_breach_at": "2026-11-21T13:00:00Z", "external_recipient": True,
    "detected_at": "2026-11-21T08:10:00Z",
}  # fmt: skip


def told(duty: Obligation | None = None, **facts: Any) -> dict[str, Any]:
    state = State("incident-a.b:run-1", "incident-a.b", "INC-7F3A", "support-bot", "g", "2026-11-21T08:10:00Z")
    state = learn(state, [Fact(name, value, "person", NOW, by="pat") for name, value in (FACTS | facts).items()], NOW)
    people = (Person("pat", "Pat Privacy", ("privacy_officer",)),)
    judged = Assessment(
        Severity("SEV2"),
        "privacy",
        ("privacy",),
        "act",
        "acme-eu",
        obligations=(duty,) if duty else (),
        roster=Roster(people=people),
    )
    return about(replace(state, assessment=judged, obligations=(duty,) if duty else ()), NOW)


def hands(**own: str) -> Any:
    return SimpleNamespace(kit=SimpleNamespace(notices=own))


def drafted(one: Notice, asked: str, known: dict[str, Any]) -> Notice:
    """As ``notify.draft`` renders it, with what Halon ships."""
    text = words.chosen(hands(), one, asked)
    duty = next(iter(known["obligations"]), None)
    values = words.in_language(one, known, text.language, ())
    more = {
        "notice": {"stage": one.stage, "recipient": "r"},
        "obligation": duty,
        "late": None,
        "next_update": one.promise,
    }
    first, _, body = text.rendered({**values, **more, **checking.phases(one, known, text.language)}).partition("\n")
    return replace(one, subject=first.removeprefix("Subject: "), body=body, written=text.language, language=asked)


def objections(one: Notice, known: dict[str, Any]) -> list[tuple[str, str, str]]:
    found = check(one, known, lambda text: redact(text).counts)
    return [(each.rule, each.sentence, each.why) for each in found]


@pytest.mark.parametrize(("own", "asked", "name", "language"), [
    ((), "de", "customers.de", "de"), ((), "", "customers", "en"), ((), "en", "customers", "en"), ((), "fr", "customers", "en"),
    (("customers.fr",), "fr", "customers.fr", "fr"), (("customers",), "de", "customers.de", "de"), (("customers",), "fr", "customers", "en"),
])  # fmt: skip
def test_the_template_of_the_language_comes_first(own: tuple[str, ...], asked: str, name: str, language: str) -> None:
    """One's own or Halon's; where nobody has written it, the plain one is taken."""
    assert wording("customers", asked, dict.fromkeys(own, "Subject: s\n")) == (name, language)


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("facts", [{}, {"affected_individuals": {"low": 100, "high": 5000}}, {"affected_individuals": None, "data_categories": None}])  # fmt: skip
@pytest.mark.parametrize(("template", "audience"), [("customers", "customers"), ("customers-update", "customers"), ("regulator", "regulator")])  # fmt: skip
def test_the_shipped_texts_pass_the_checks(template: str, audience: Any, facts: dict[str, Any], language: str) -> None:
    """In both languages, whatever is known: no part is missing, no number is off, nothing is promised."""
    known = told(**facts)
    promise = PROMISE if audience == "customers" else ""
    one = drafted(Notice("n", audience, template=template, promise=promise), language, known)
    assert one.written == language
    assert objections(one, known) == []


@pytest.mark.parametrize("language", ["en", "de"])
def test_a_first_word_passes_the_checks_while_nothing_is_known(language: str) -> None:
    """Its headings are enough where somebody approved it ahead; else what is known by now must stand there."""
    one, known = (
        Notice("n", "customers", template="customers-first", promise=PROMISE),
        told(affected_individuals=None, data_categories=None),
    )
    assert objections(drafted(one, language, known), known) == []
    later = drafted(one, language, told())
    assert {rule for rule, *_ in objections(later, told())} == {"says-who", "says-which-data"}
    assert check(later, told(), lambda text: redact(text).counts, ahead=True) == ()
    bare = replace(later, body=later.body.replace("Who is affected", "…").replace("Wer betroffen ist", "…"))
    assert [each.rule for each in check(bare, told(), lambda text: redact(text).counts, ahead=True)] == ["says-who"]


def test_a_german_notice_holds_german_words_and_the_same_facts() -> None:
    """Sentences, numbers and advice are Halon's own in that language; nothing English is left of them."""
    body = drafted(Notice("n", "customers", template="customers", promise=PROMISE), "de", told()).body
    for words_ in (
        "Was passiert ist",
        "hat getan, was er nicht durfte",
        "Personen: 1.204",
        "Gesundheitsdaten",
        "Ändern Sie Ihr Passwort",
    ):
        assert words_ in body
    assert not any(word in body for word in ("What happened", "not known", "Change your", "people", "did what"))


@pytest.mark.parametrize(("language", "words_"), [("en", "People: 1,204"), ("de", "Personen: 1.204")])
def test_the_number_of_the_reviewed_list_is_printed(language: str, words_: str) -> None:
    """Not the range of the fact that it lies in; of those to whom this notice goes."""
    known = told(affected_individuals={"low": 100, "high": 5000})
    known["affected"] = {"sha256": "ab", "count": 1204, "places": {"DE": 1200, "US-CA": 4}, "reviewed_by": "sue"}
    one = drafted(Notice("n", "customers", template="customers", promise=PROMISE), language, known)
    assert words_ in one.body
    assert objections(one, known) == []
    assert words.in_language(one, known, "en", ("US-CA",))["impact"]["individuals"] == "4"
    known["affected"]["reviewed_by"] = ""
    assert "between 100 and 5,000" in words.in_language(one, known, "en", ())["impact"]["individuals"]


@pytest.mark.parametrize(("sentence", "rule"), [
    ("Das Problem ist behoben.", "overpromise"), ("Es besteht kein Risiko.", "overpromise"), ("Es sind 1.205 Kunden betroffen.", "numbers-agree"),
    ("Der Vorfall begann am 21.11.2025.", "moments-agree"),
])  # fmt: skip
def test_the_checks_read_german(sentence: str, rule: str) -> None:
    """What it promises, its numbers and its days."""
    known = told()
    one = drafted(Notice("n", "customers", template="customers", promise=PROMISE), "de", known)
    found = objections(replace(one, body=f"{one.body}\n{sentence}\n"), known)
    assert [(each[0], each[1]) for each in found] == [(rule, sentence)]


def test_the_parts_of_a_german_text_are_looked_for() -> None:
    """A part that is left out is named as in English."""
    known = told()
    one = drafted(Notice("n", "customers", template="customers", promise=PROMISE), "de", known)
    for words_, rule in (
        ("Was Sie tun können", "says-what-to-do"),
        ("tun uns leid. Wir bitten um Entschuldigung", "acknowledges-harm"),
    ):
        assert rule in [each[0] for each in objections(replace(one, body=one.body.replace(words_, "…")), known)]


def _duty(language: str = "", stage: str = "") -> Obligation:
    return Obligation("x", "t", "acme-eu", "the office", "customers", "applies", "pat", stages=(Stage("s", language=stage),), template="customers",
                      language=language)  # fmt: skip


@pytest.mark.parametrize(
    ("duty", "stage", "asked"), [("", "", ""), ("de", "", "de"), ("de", "fr", "fr"), ("", "de", "de")]
)
def test_the_stage_asks_before_the_duty(duty: str, stage: str, asked: str) -> None:
    """Without any it is English, and nothing is said of it."""
    known = told(_duty(duty, stage))
    assert words.language_of(Notice("n", "customers", obligation="x", stage="s"), known) == asked


@pytest.mark.parametrize(("status", "asked"), [("sent", "de"), ("waiting", "fr"), ("", "fr")])
def test_an_update_speaks_the_language_of_the_notice_before_it(status: str, asked: str) -> None:
    """Whoever was told in German reads the next message in German too; before anything is sent, the duty's counts."""
    known = told(_duty("fr", "de"))
    known["notices"] = (
        [{"id": "x-s", "obligation": "x", "stage": "s", "audience": "customers", "status": status}] if status else []
    )
    update = Notice(
        "x-update-1", "customers", obligation="x", stage="update", template="customers-update", promise=PROMISE
    )
    assert words.language_of(update, known) == asked


def test_the_question_says_the_language_and_what_is_missing_of_it() -> None:
    """Which was asked for and which it is; and that no words are checked in one that Halon does not read."""
    state = State("incident-a.b:run-1", "incident-a.b", "INC-7F3A", "support-bot", "g", NOW)
    one = Notice("n", "customers", template="customers", body="b")
    lines = {tags: "\n".join(question(state, replace(one, language=tags[0], written=tags[1]), _duty(), Stage("s")))
             for tags in (("", ""), ("de", "de"), ("fr", "en"), ("fr", "fr"))}  # fmt: skip
    assert "Language" not in lines["", ""]
    assert "Language: German (de)" in lines["de", "de"]
    assert (
        "the language fr is asked for, and no template customers.fr is written: this is the plain one"
        in lines["fr", "en"]
    )
    assert "No words are checked in the language fr" in lines["fr", "fr"]


def test_kit_check_names_what_nobody_has_written() -> None:
    """Stage by stage, so that it is found before the night on which it is needed."""
    law = SimpleNamespace(
        stages=[SimpleNamespace(id="s", language="fr", template=None)], language="de", template="customers"
    )
    assert list(unwritten(law, SimpleNamespace(notices={}))) == [("s", "fr", "customers")]  # type: ignore[arg-type]
    assert list(unwritten(law, SimpleNamespace(notices={"customers.fr": ""}))) == []  # type: ignore[arg-type]


def test_the_digest_of_what_is_sent_counts_the_language() -> None:
    """Whoever approved the German text approved no other; without one the digest is that of before."""
    one = Notice("n", "customers", subject="s", body="b")
    assert replace(one, language="de", written="de").digest_for("i") != one.digest_for("i")
    assert replace(one, language="", written="").digest_for("i") == one.digest_for("i")


def _plain(value: Any) -> Any:
    """With days as they stand in the file."""
    if isinstance(value, dict):
        return {"on" if name is True else name: _plain(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_plain(one) for one in value]
    return value.isoformat() if isinstance(value, date) else value


def _laws() -> list[tuple[RegimeFile, str]]:
    files = sorted(starter_path().glob("**/regimes/*.yaml"))
    laws = [
        RegimeFile.model_validate(_plain(yaml.load(file.read_text("utf-8"), Loader=yaml.CSafeLoader))) for file in files
    ]
    return [(law, stage.id) for law in laws for stage in law.stages]


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize(("law", "stage"), _laws(), ids=lambda one: getattr(one, "id", one))
def test_what_a_law_asks_for_and_is_known_stands_in_the_shipped_text(
    law: RegimeFile, stage: str, language: str
) -> None:
    """Of every shipped law and stage, in both languages: nothing that is known is left out, so nothing is objected to."""
    own = next(one for one in law.stages if one.id == stage)
    asked = [one for one in (own.contents or law.contents) if not isinstance(one, str)]
    made = tuple(Wanted(one.what, tuple(one.facts), tuple(one.stages)) for one in asked)
    audience, template = own.audience or law.audience, own.template or law.template
    duty = Obligation(
        law.id, law.title, "acme-eu", "the office", audience, "applies", "pat", stages=(Stage(stage),), wanted=made
    )
    known = told(duty)
    known["findings"] = [{"text": "the tool had no limit", "layer": "tools", "certainty": "certain"}]
    known["correctives"] = [{"title": "Limit the tool", "status": "open", "deadline": PROMISE}]
    known["window"] |= {"recovered_at": "2026-11-22T05:00:00Z"}
    promise = PROMISE if audience == "customers" else ""
    one = drafted(
        Notice("n", audience, obligation=law.id, stage=stage, template=template, promise=promise), language, known
    )
    for content in completeness(wanted(known["obligations"][0], stage), known, one.body):
        assert content.unsaid == (), content
