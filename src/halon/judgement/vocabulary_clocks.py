"""Facts that are times or holds: what starts a clock, and what suspends one.

Names from the law are never derived from one another: each is a moment of its own, with who set it and why.
"""

from __future__ import annotations

from halon.judgement.terms import Term

DECIDERS = ("privacy_officer", "legal_counsel", "security_lead", "commander")
"""Roles that may say what the law makes somebody determine. A kit in which nobody holds any of them lets everybody."""

KNOWING = (
    "aware_at",
    "discovered_at",
    "determined_incident_at",
    "determined_breach_at",
    "assessed_notifiable_at",
    "classified_major_at",
    "materiality_determined_at",
    "reasonable_belief_at",
)
"""Anchors that are somebody's knowledge: none can be earlier than the detection, which stands in for them. Anchors
that are events in the world (a payment, a fix that became available) have no stand-in: their clocks don't run yet."""

DECISIONS = (
    "determined_incident_at",
    "determined_breach_at",
    "assessed_notifiable_at",
    "classified_major_at",
    "materiality_determined_at",
)
"""Those of them that are somebody's decision. Before it is taken the law does not count, however long it takes: what runs
out meanwhile is told and no miss. What somebody merely knew (was aware of, discovered, believed) had begun all the same."""

OVER = ("incident_handled_at", "incident_ongoing")
"""A moment that is an end, and the flag that says whether it goes on: whoever says that it does not proves that it had ended
by then."""

PROVED_BY: dict[str, tuple[str, bool | str]] = {
    "classified_major_at": ("major_ict_incident", True),
    "materiality_determined_at": ("material_to_investors", "yes"),
}
"""Determinations that a person makes by an answer: whoever gave it without saying when had determined it by then."""


def _time(name: str, meaning: str, question: str, help: str, *, says: tuple[str, ...] = ()) -> Term:
    return Term(name, "time", meaning, question, help=help, cautious="earlier", says=says)


CLOCK_TERMS: tuple[Term, ...] = (
    _time("detected_at", "when a machine or person first noticed", "When was it first noticed?",
          "The first alert, complaint or message, whether or not anybody understood it."),
    _time("occurred_at", "when it happened", "When did it happen?",
          "The deed itself, not its discovery. If sources differ, take the earlier one."),
    _time("aware_at", "when the organisation was reasonably certain",
          "When were you reasonably certain that it happened?",
          "Not the first suspicion: the moment when it was more than that. A message of your vendor can be it.",
          says=DECIDERS),
    _time("discovered_at", "when it was discovered, or would have been with reasonable care",
          "When was it discovered, or when should it have been?",
          "The first day on which anybody of yours knew, or would have known with reasonable care. An alert nobody "
          "read can count.", says=DECIDERS),
    _time("determined_incident_at", "when you determined that an incident occurred",
          "When did you determine that it is an incident?", "The moment of the decision, by whoever may take it.",
          says=DECIDERS),
    _time("determined_breach_at", "when you determined that it is a breach", "When did you determine that it is a breach?",
          "The moment of the decision that data of people was breached.", says=DECIDERS),
    _time("assessed_notifiable_at", "when you determined that it must be notified",
          "When did you determine that it must be notified?", "The moment at which your own assessment ended with yes.",
          says=DECIDERS),
    _time("classified_major_at", "when it was classified as major", "When was it classified as major?",
          "Financial entities classify by fixed criteria; four hours run from then.", says=DECIDERS),
    _time("materiality_determined_at", "when you determined that it is material to investors",
          "When did you determine that it is material to investors?",
          "Decided without unreasonable delay, usually with legal counsel.", says=DECIDERS),
    _time("reasonable_belief_at", "when you had reason to believe it", "When did you first have reason to believe it?",
          "Facts that make it likely, before anybody was sure.", says=DECIDERS),
    _time("measure_available_at", "when a fix or workaround became available",
          "When did a fix or workaround become available?", "A documented workaround is enough."),
    _time("individuals_notified_at", "when the people affected were told", "When were the people affected told?",
          "The day on which the messages went out."),
    _time("law_enforcement_notified_at", "when law enforcement was told", "When was law enforcement told?",
          "Some rules forbid telling customers for days after it."),
    _time("payment_made_at", "when the payment was made", "When was the payment made?", "A payment caused by the incident."),
    _time("extortion_payment_made_at", "when an extortion payment was made", "When was an extortion payment made?",
          "Twenty-four hours can run from it."),
    _time("incident_handled_at", "when the incident had been handled", "When had the incident been handled?",
          "Normal operation is back and the cause is dealt with."),
    Term("law_enforcement_hold", "hold", "a law-enforcement hold: agency, from, to, written",
         "Has a law-enforcement agency asked you to wait?", cautious="false", says=DECIDERS,
         help="Which agency, from when to when, and whether it is in writing. It moves no deadline by itself yet: counsel decides."),
    Term("ag_national_security_delay", "flag", "the Attorney General asked for a delay in writing",
         "Has the US Attorney General asked for a delay in writing?", cautious="false", says=DECIDERS,
         help="Only a written determination counts."),
)  # fmt: skip
