"""Text is data: nothing from outside is executed, templated or rendered as markup."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from halon.incident.about import about
from halon.incident.alerts import AlertCount
from halon.incident.assessment import Assessment, Obligation, Person, Roster, Severity, Stage
from halon.incident.facts import Fact
from halon.incident.gates import Answer, Gate, Proof
from halon.incident.notices import Notice
from halon.incident.orders import Action, Call, GatePolicy, Order
from halon.incident.remedies import Corrective, Finding, MinimalCase, Rerun, Waiver
from halon.incident.state import LevelChange, Sealed, State
from halon.incident.timeline import note
from halon.rendering import TemplateFailed, environment, find, markdown, plain, render, when

AT = "2026-11-22T08:00:00.000Z"
NOW = "2026-11-22T09:00:00.000Z"
EVIL = (
    "# Approved {{ 7*7 }} {% include 'x' %} <b onclick=x>bold</b> <script>alert(1)</script> [click](http://evil.example)"
    " ![i](//e) `code` | cell |\n- item\n1. one\r\n\x1b[31mred\x00\u202egnp www.evil.example *em* _em_ ~~x~~ $x^2$"
)
CALL = Call("POST", "https://api.example/x", ("api.example",), secret="A_SECRET")


def full_state(text: str) -> State:
    """A state in which everything that a person, an alert or an agent can write is ``text``."""
    policy = GatePolicy(("privacy_officer",))
    order = Order("revoke", "revoke", text, "support-bot", text, False, "once", CALL, CALL, way_back=text, gate=policy)
    stage = Stage("notification", "aware_at", AT, "local", AT)
    duty = Obligation("eu-gdpr-33", text, "acme", text, "regulator", "applies", "privacy_officer", (text,), (text,),
                      stages=(stage,), contents=(text,))  # fmt: skip
    assessment = Assessment(Severity("SEV1", (text,)), "privacy", ("privacy",), "act", text, obligations=(duty,),
                            roster=Roster(people=(Person("pat", text, ("privacy_officer",)),)), unknown=(text,),
                            blast_radius={"people": text})  # fmt: skip
    facts = (Fact("confirmed", True, "trace", AT), Fact("unauthorised_tool_actions", [text], "trace", AT),
             Fact("agent_reply", text, "agent", AT, claim=True), Fact("data_categories", [text], "person", AT))  # fmt: skip
    gate = Gate("revoke-12345678", "contain", "revoke", "d", text, (text,), policy, AT, NOW, NOW,
                answers=(Answer("pat", True, text, AT, ("privacy_officer",), Proof("r", "update")),), status="granted")  # fmt: skip
    state = State(
        "incident-a.b:1", "incident-a.b", "INC-7F3A", "support-bot", "g", AT, facts=facts, assessment=assessment,
        level="SEV1", level_changes=(LevelChange("SEV2", "ann", text, AT),), commander="ann",
        actions=(Action(order, "applied", applied_at=AT, note=text),), gates=(gate, replace(gate, id="x-1", status="open")),
        obligations=(duty,), notices=(Notice("n", "regulator", "eu-gdpr-33", "notification", recipient=text, note=text),),
        decisions=({"obligation": "eu-gdpr-33", "word": "declined", "by": "pat", "at": AT, "reason": text,
                    "status_then": "applies"}, {"obligation": "eu-gdpr-33", "word": "declared", "by": "pat", "at": AT,
                    "reason": text}),
        evidence=(Sealed("ev-1", "p", "aa", 1, "halon", AT, text),), missed=(text,), whys=(text,),
        findings=(Finding("f1", "retrieval", text, "halon", AT),), counts=(AlertCount(text, 1),),
        case=MinimalCase(text, documents=(text,), culprit=text, reproduced=True, reproduced_without_culprit=False),
        correctives=(Corrective("c1", text, text, AT, "halon", AT, note=text),),
        reruns=(Rerun(AT, True, True, 8, 0, (text,)),), waivers=(Waiver("proof", "ann", text, AT),), next_update_at=NOW,
    )  # fmt: skip
    return note(state, AT, "alert", "detect", text, actor=text)


def values(text: str) -> dict[str, Any]:
    told = about(full_state(text), NOW)
    notice = {
        "id": "n",
        "audience": "regulator",
        "obligation": "eu-gdpr-33",
        "stage": "notification",
        "recipient": text,
    }
    return {**told, "notice": notice, "obligation": told["obligations"][0], "late": {"due": AT, "reason": text}}


def templates() -> list[str]:
    """All about one incident that are rendered by themselves; a name with an underscore is a part of others."""
    found = environment().list_templates(extensions=["j2"])
    return [
        name
        for name in found
        if not name.startswith(("kit/", "pages/", "weekly/", "rollup/", "register/")) and "/_" not in name
    ]


@pytest.mark.parametrize("template", templates())
def test_no_template_lets_text_from_outside_become_markup(template: str) -> None:
    """Every value of a full incident is hostile; nothing of it is executed, rendered or begins a line."""
    text = render(template, values(EVIL))
    assert "49" not in text
    assert "<b onclick" not in text
    assert "<script" not in text
    assert "://evil" not in text
    assert "www.evil" not in text
    assert "\x1b" not in text
    assert "\u202e" not in text
    if template.endswith(".md.j2"):
        assert not any(line.startswith(("# Approved", "1. one")) for line in text.splitlines())
        assert "[click]" not in text
        assert "`code`" not in text
        assert "| cell |" not in text


@pytest.mark.parametrize("template", templates())
def test_every_template_prints_the_records_head(template: str) -> None:
    """A cut tail shows later: number and first 12 digits of the record's last entry."""
    state = full_state("text")
    assert f"record head: {state.chain.head[:12]} at entry 1" in render(template, values("text"))


def test_the_context_is_plain_json_and_the_same_every_time() -> None:
    """Workflow code makes it, so it may depend on nothing but its arguments."""
    first, second = about(full_state(EVIL), NOW), about(full_state(EVIL), NOW)
    assert json.dumps(first, sort_keys=True) == json.dumps(second, sort_keys=True)
    assert json.loads(json.dumps(first)) == first


def test_a_state_that_knows_nothing_says_so() -> None:
    """An incident a second old renders too, and says what is not known."""
    bare = State("incident-a.b:1", "incident-a.b", "INC-7F3A", "support-bot", "g", AT)
    told = {**about(bare, NOW), "notice": {"stage": "", "recipient": ""}, "obligation": None, "late": None}
    for template in templates():
        assert "INC-7F3A" in render(template, told)
    assert "People: not known yet" in render("notices/customers.txt.j2", told)


def test_customers_are_not_promised_what_is_not_verified() -> None:
    """Done and checked are told apart; it is fixed only once that was proved and the incident closed."""
    told = values("text")
    assert "done, not yet checked" in render("customers", told)
    assert "we only call it fixed once we have tested it" in render("customers", told)
    assert "tested that it does not happen again" in render("customers", {**told, "closed_at": NOW})


def test_the_report_shows_what_cannot_be_undone_and_negative_decisions() -> None:
    """Guide section 5 and the written negative decision."""
    text = render("reports/postmortem.md.j2", values("text"))
    irreversible = text.split("## What can't be undone")[1].split("##")[0]
    assert "the way back: text" in irreversible
    assert (
        "| Declined the duty eu-gdpr-33: text (Halon had said: applies on what is known) | pat (name unverified) |"
        in text
    )
    assert "(name unverified)" in text


def test_a_template_that_asks_for_what_there_is_not_fails_by_type() -> None:
    """A missing value is an error, never an empty place in a notice."""
    told = values("text")
    del told["impact"]
    with pytest.raises(TemplateFailed, match="impact"):
        render("notices/regulator.txt.j2", told)


@pytest.mark.parametrize(
    "name", ["../secrets", "notices/none", "/etc/passwd", "reports/status.md.j2.j2", "", "{{ x }}"]
)
def test_only_known_templates_are_found(name: str) -> None:
    """The error lists them."""
    with pytest.raises(TemplateFailed, match=r"notices/regulator\.txt\.j2"):
        find(name)


def test_values_are_bounded_and_on_one_line() -> None:
    """A value of any size prints as one line of at most 2,000 characters."""
    assert plain("a\n b\t c") == "a b c"
    assert len(plain("x" * 100_000)) < 2100
    assert markdown(markdown("*a*")) == "\\*a\\*"
    assert when("2026-11-22T08:16:15Z") == "2026-11-22 08:16 UTC"
    assert (when(""), when("soon")) == ("not yet", "soon")


def test_templates_cannot_reach_python() -> None:
    """Even a template of ours is sandboxed: attributes of objects are out of reach."""
    from jinja2.exceptions import SecurityError

    with pytest.raises(SecurityError):
        environment().from_string("{{ ''.__class__.__mro__ }}").render()
