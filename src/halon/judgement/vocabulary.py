"""The facts that can be held, as data: name, kind, meaning, and the question in plain words."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Any

from halon.judgement.terms import Term, misfit
from halon.judgement.vocabulary_law import LAW_TERMS

_AGENT_TERMS = (
    Term("confirmed", "flag", "the incident is real: reproduced, or seen in traces or logs",
         "Is it real: could you reproduce it, or see it in the logs?"),
    Term("ongoing", "flag", "the agent still does harm", "Is the agent still doing it?"),
    Term("unauthorised_tool_actions", "texts", "tools that the agent used without permission",
         "Which tools did the agent use that it should not have used?"),
    Term("irreversible_tool_action", "flag", "one of these actions can't be taken back",
         "Did the agent do something that can't be taken back, such as deleting or paying?"),
    Term("affected_individuals", "count", "people whose data or affairs are hit",
         "How many people are affected? A range will do."),
    Term("affected_sessions", "count", "sessions of the agent that are hit", "How many sessions are affected?"),
    Term("personal_data_involved", "flag", "data about people are hit", "Is data about people involved?"),
    Term("data_categories", "choices", "kinds of data that are hit", "What kinds of data are involved?",
         ("basic_contact", "government_id", "financial_account", "credentials", "health", "biometric", "genetic",
          "special_category", "children", "cpni", "phi", "minors_or_elderly", "professional_secrecy")),
    Term("acquired_vs_accessed", "choice", "what happened to the data",
         "What happened to the data: only looked at, taken, disclosed, altered, lost or unavailable?",
         ("accessed", "acquired", "disclosed", "altered", "lost", "unavailable")),
    Term("untrusted_instruction", "flag", "the agent followed an instruction from content that it should not trust",
         "Did the agent follow an instruction hidden in a document, page or message?"),
    Term("external_recipient", "flag", "something reached a recipient outside the organisation",
         "Did anything reach somebody outside the organisation?"),
    Term("credential_exposed", "flag", "a secret of the agent may be in other hands",
         "Could a password, key or token of the agent be in other hands?"),
    Term("agent_version", "text", "version of the agent while it happened", "Which version of the agent was running?"),
    Term("config_hash", "text", "hash of prompt and configuration", "Which prompt and configuration hash was it?"),
    Term("toolset", "texts", "tools that the agent could use", "Which tools could the agent use?"),
    Term("window_from", "time", "when it began", "When did it begin?"),
    Term("window_to", "time", "when it ended", "When did it end?"),
    Term("trace_ids", "texts", "correlation ids of the traces that show it", "Which traces show it?"),
    Term("spend_eur", "number", "money lost or spent because of it, in EUR", "How much money did it cost, in EUR?"),
    Term("detected_at", "time", "when a machine or person first noticed", "When was it first noticed?"),
    Term("aware_at", "time", "when the organisation was reasonably certain",
         "When were you reasonably certain that it happened?"),
    Term("risk_to_individuals", "choice", "risk to the rights and freedoms of people",
         "How bad can this get for the people affected: unlikely any risk, a risk, or a high risk?",
         ("unlikely", "risk", "high_risk")),
    Term("gdpr_applies", "flag", "the GDPR covers this processing", "Does the GDPR cover this processing?"),
    Term("records_count", "count", "records that are hit", "How many records are affected?"),
    Term("alert_group", "text", "rule group of the alert that opened the incident", "", derived=True),
    Term("alert_rules", "texts", "rules that have fired", "", derived=True),
)  # fmt: skip

VOCABULARY: dict[str, Term] = {term.name: term for term in (*_AGENT_TERMS, *LAW_TERMS)}


def check_fact(name: str, value: Any) -> str | None:
    """Why ``name`` can't be held with ``value``, as a sentence with the next step; None if it can.

    A misspelt name is answered with the names nearest to it.
    """
    term = VOCABULARY.get(name)
    if term is None:
        close = near(name, VOCABULARY)
        hint = f"did you mean {' or '.join(close)}?" if close else "the documentation lists the facts that can be held"
        return f"there is no fact {name[:80]!r}; {hint}"
    if term.derived:
        return f"{name} is set by Halon from the alerts and can't be said by hand; leave it out"
    wrong = misfit(term, value)
    return f"{name} ({term.meaning}) {wrong}" if wrong else None


def question(name: str) -> str:
    """The question in plain words for a fact; for a name without one, a sentence that asks for its value."""
    term = VOCABULARY.get(name)
    return term.question if term and term.question else f"What is {name}?"


def near(name: str, known: Iterable[str], most: int = 3) -> tuple[str, ...]:
    """The known names nearest to ``name``, best first."""
    return tuple(difflib.get_close_matches(name[:80].lower(), list(known), n=most, cutoff=0.6))
