"""Facts that triage asks about: is it real, how far, still going, what was done, with what."""

from __future__ import annotations

from halon.judgement.terms import Cautious, Kind, Term

DATA_CATEGORIES = (
    "basic_contact", "government_id", "financial_account", "credentials", "health", "biometric", "genetic",
    "special_category", "children", "cpni", "phi", "minors_or_elderly", "professional_secrecy",
)  # fmt: skip
WHAT_HAPPENED = ("accessed", "unavailable", "altered", "lost", "acquired", "disclosed")
"""What can happen to data, least grave first. Loss and unavailability are breaches of personal data too."""
HOW_STOPPED = ("guardrail", "person", "late", "not_stoppable")
"""How the agent was stopped, least grave first."""


def _flag(name: str, cautious: Cautious, meaning: str, question: str, help: str) -> Term:
    return Term(name, "flag", meaning, question, help=help, cautious=cautious)


def _amount(name: str, kind: Kind, unit: str, meaning: str, question: str, help: str) -> Term:
    return Term(name, kind, meaning, question, unit=unit, help=help, cautious="high")


_REAL = (
    _flag("confirmed", "true", "the incident is real: reproduced, or seen in traces or logs",
          "Is it real: could you reproduce it, or see it in the logs?",
          "Look for the action itself in the traces or the action log. What the agent says of itself is no proof."),
    _flag("ongoing", "true", "the agent still does harm", "Is the agent still doing it?",
          "Say no only when you have seen that it stopped: no new action since, or the agent is switched off."),
    _flag("silent_failure", "true", "it failed without an error that anybody would have seen",
          "Did it fail silently, without an error?", "For example: a task reported as done that was never done."),
)  # fmt: skip

_REACH = (
    _amount("affected_individuals", "count", "people", "people whose data or affairs are hit",
            "How many people are affected? A range will do.",
            "Count people, not records, tokens or sessions. Give a low and a high estimate while you are not sure."),
    _amount("affected_users", "count", "users", "users of the agent who are hit",
            "How many users of the agent are affected? A range will do.",
            "Accounts or customers who used the agent. People whose data is hit are asked for separately."),
    _amount("affected_sessions", "count", "sessions", "sessions of the agent that are hit",
            "How many sessions are affected?", "A session is one conversation or run of the agent."),
    _amount("affected_systems", "count", "systems", "systems that are hit",
            "How many systems are affected?", "Databases, mailboxes, services, repositories that the agent reached."),
    _amount("affected_agents", "count", "agents", "agents that do the same", "How many agents are affected?",
            "The same fault can sit in every agent that shares a prompt, a tool or a model."),
    _amount("records_count", "count", "records", "records that are hit", "How many records are affected?",
            "Rows, files or messages. People are counted separately; never derive one from the other."),
    _flag("cross_tenant", "true", "data or actions of one customer reached another",
          "Did anything cross from one customer to another?",
          "For example an answer that showed another customer's data."),
    _flag("supply_chain", "true", "it was shipped to others in a product, package or update",
          "Did it reach others through something that you ship?",
          "A package, an extension, an update, a shared template. Receiving one from somebody else is not meant."),
)  # fmt: skip

_DATA = (
    _flag("personal_data_involved", "true", "data about people are hit", "Is data about people involved?",
          "Names, addresses, numbers, messages: anything that belongs to a person. Data that got lost counts too."),
    _flag("sensitive_data_involved", "true", "data are hit that must not get out",
          "Is data involved that must not get out: about people, secrets, or of the business?",
          "Personal data, passwords and keys, trade secrets, anything under a duty of secrecy."),
    Term("data_categories", "choices", "kinds of data that are hit", "What kinds of data are involved?",
         DATA_CATEGORIES, help="Name all that you have seen. Health data and identity numbers change who must be told.",
         cautious="union"),
    Term("acquired_vs_accessed", "choice", "what happened to the data",
         "What happened to the data: only looked at, taken, disclosed, altered, lost or unavailable?", WHAT_HAPPENED,
         help="Take the worst that you have seen. Deleted or unreachable data counts, also if nobody saw it.",
         cautious="choices"),
    _flag("external_recipient", "true", "something reached a recipient outside the organisation",
          "Did anything reach somebody outside the organisation?", "Mail, web requests, uploads, answers to customers."),
    _flag("consent_missing", "true", "people's consent was needed and is missing",
          "Was consent needed that nobody gave?", "For example: a recording, a profile, a message without permission."),
)  # fmt: skip

_DEEDS = (
    Term("unauthorised_tool_actions", "texts", "tools that the agent used without permission",
         "Which tools did the agent use that it should not have used?", unit="tools",
         help="Names of tools as the action log has them. An empty list means: none, and you looked.",
         cautious="union"),
    _flag("irreversible_tool_action", "true", "one of these actions can't be taken back",
          "Did the agent do something that can't be taken back, such as deleting or paying?",
          "A mail that was sent, a payment, a deletion without a backup."),
    _flag("production_changed", "true", "something in production was changed or deleted without permission",
          "Did the agent change or delete something in production without permission?",
          "Databases, infrastructure, code, settings, customers' accounts."),
    _flag("funds_moved", "true", "money was moved without permission", "Did money move that should not have moved?",
          "Payments, transfers, refunds, orders. Cost of tokens is asked for separately."),
    _flag("attempted_and_blocked", "true", "it was tried and something stopped it before it took effect",
          "Did the agent try something that was blocked?", "By a guardrail, a missing permission, an error."),
    _flag("untrusted_instruction", "true", "the agent followed an instruction from content that it should not trust",
          "Did the agent follow an instruction hidden in a document, page or message?",
          "Look at what it had read just before. A user who asks for something openly is not meant."),
    _flag("credential_exposed", "true", "a secret of the agent may be in other hands",
          "Could a password, key or token of the agent be in other hands?",
          "If it was in a prompt, an answer, a log or a file that others can read, say yes."),
    Term("exposed_credentials", "texts", "secrets of the agent that may be in other hands",
         "Which passwords, keys or tokens could be in other hands?", unit="credentials",
         help="Their names, as the agent's file lists them, never their values. Until it is said, all of the agent's count.",
         cautious="union"),
    Term("untrusted_sources", "texts", "where the content came from whose instruction the agent followed",
         "Where did the instruction come from that the agent followed?", unit="sources",
         help="The document store, web site, mailbox or feed, as the agent's file lists it.", cautious="union"),
    Term("output_channels", "texts", "outputs through which it got out", "Through which outputs did it get out?",
         unit="outputs", help="Mail, chat, web requests, links, as the agent's file lists them.", cautious="union"),
    _flag("weakness_disclosed", "true", "somebody reported a weakness, used or not",
          "Did somebody report a weakness of the agent?",
          "A researcher, a vendor, an advisory. Whether it was used is asked for separately."),
    _flag("harmful_content", "true", "the agent said something unsafe, hateful or offensive",
          "Did the agent say something unsafe, hateful or offensive?", "Threats, insults, dangerous advice."),
    _flag("wrong_decision", "true", "the agent decided or promised something wrong, and somebody relied on it",
          "Did somebody rely on a wrong decision or promise of the agent?",
          "A wrong approval or refusal, invented terms or sources. No bad intent is needed."),
    _flag("insider_suspected", "true", "one of the organisation's own people may be behind it",
          "Could one of your own people be behind it?",
          "Somebody who has access by right and used it for this. Say it early: a kit may keep it to named people then."),
    _flag("policy_violation", "true", "an internal rule on the use of AI was broken",
          "Was one of your own rules on the use of AI broken?", "An unapproved model or tool, a forbidden purpose."),
)  # fmt: skip

_CONTROL = (
    Term("how_stopped", "choice", "how the agent was stopped", "How was the agent stopped?", HOW_STOPPED,
         help="By a guardrail by itself; by a person at once; by a person, late; or it could not be stopped.",
         cautious="choices"),
    _flag("evaded_or_concealed", "true", "the agent worked around a stop or hid what it did",
          "Did the agent work around a stop, or hide what it did?",
          "For example a changed log, a second session, a disabled check."),
    _flag("agent_deceived", "true", "what the agent said about what it did was found to be false",
          "Was what the agent said about itself found to be false?",
          "Compare its account with the logs: made-up results, denied actions."),
)  # fmt: skip

_MONEY = (
    _amount("spend_eur", "number", "EUR", "money lost or spent because of it, in EUR",
            "How much money did it cost, in EUR?", "What was paid, refunded, or used up by calls. A range will do."),
    _amount("spend_times_budget", "number", "times the daily budget", "spend as a multiple of the agent's daily budget",
            "How many times its daily budget did the agent spend?", "40 means: forty days' budget in one day."),
)  # fmt: skip

_WITH = (
    Term("agent_version", "text", "version of the agent while it happened", "Which version of the agent was running?",
         help="As your deployment names it; the traces often carry it."),
    Term("model_version", "text", "model and its version while it happened", "Which model, in which version, was used?",
         help="As the provider names it, with the date if it has one."),
    Term("config_hash", "text", "hash of prompt and configuration", "Which prompt and configuration hash was it?",
         help="So that later nobody has to guess which prompt was in use."),
    Term("toolset", "texts", "tools that the agent could use", "Which tools could the agent use?", unit="tools",
         help="All that were enabled then, not only those that it used."),
    Term("window_from", "time", "when it began", "When did it begin?", cautious="earlier",
         help="The first bad action that you can see. Earlier is safer while you are not sure."),
    Term("window_to", "time", "when it ended", "When did it end?", help="The last bad action that you can see."),
    Term("trace_ids", "texts", "correlation ids of the traces that show it", "Which traces show it?", unit="ids",
         help="Trace, session or request ids. With them logs can be kept before they are purged.", cautious="union"),
    Term("entities_involved", "texts", "legal entities that the incident touches",
         "Which of your legal entities are touched?", unit="ids of the kit",
         help="The agent's own entity is looked at anyway. Name others whose customers, data or systems are hit.",
         cautious="union"),
)  # fmt: skip

_DERIVED = (
    Term("alert_group", "text", "rule group of the alert that opened the incident", "", derived=True),
    Term("alert_rules", "texts", "rules that have fired", "", derived=True),
    Term("evidence_sealed", "flag", "evidence of the incident is sealed", "", derived=True),
)

TRIAGE_TERMS: tuple[Term, ...] = (*_REAL, *_REACH, *_DATA, *_DEEDS, *_CONTROL, *_MONEY, *_WITH, *_DERIVED)
