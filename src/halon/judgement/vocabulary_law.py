"""Facts that only law asks about: roles, places, data and risk, services, AI systems, products, money."""

from __future__ import annotations

from halon.judgement.terms import Cautious, Term
from halon.judgement.vocabulary_clocks import CLOCK_TERMS, DECIDERS

ROLES = (
    "controller", "processor", "joint_controller", "ai_provider", "ai_deployer", "gpai_sr_provider",
    "frontier_developer", "large_frontier_developer", "financial_entity_dora", "ict_third_party", "nis2_essential",
    "nis2_important", "trust_service_provider", "manufacturer_pde", "hipaa_covered_entity",
    "hipaa_business_associate", "phr_vendor", "sec_registrant", "nydfs_covered_entity",
    "ftc_gl_financial_institution", "us_banking_organization", "us_bank_service_provider",
    "sec_regsp_institution", "telecom_carrier_us", "defense_contractor", "merchant_pci",
    "soci_responsible_entity", "cii_operator_cn", "network_operator_cn",
    "critical_entity_cer", "sec_regsp_service_provider",
)  # fmt: skip
"""Roles that a legal entity can hold in law. The same facts mean other duties in another role."""

_LIMBS = ("death", "serious_health_harm", "critical_infra_serious_irreversible", "fundamental_rights_infringement",
          "serious_property_harm", "serious_environment_harm")  # fmt: skip


def _flag(
    name: str, meaning: str, question: str, help: str, cautious: Cautious = "true", *, decided: bool = False
) -> Term:
    return Term(name, "flag", meaning, question, help=help, cautious=cautious, says=DECIDERS if decided else ())


def _count(name: str, unit: str, meaning: str, question: str, help: str) -> Term:
    return Term(name, "count", meaning, question, unit=unit, help=help, cautious="high")


def _number(name: str, unit: str, meaning: str, question: str, help: str) -> Term:
    return Term(name, "number", meaning, question, unit=unit, help=help, cautious="high")


_WHO = (
    Term("roles", "choices", "roles that the legal entity holds here", "Which roles does the entity hold here?", ROLES,
         help="Who decides why and how the data is used is the controller; who does it for somebody else is the "
              "processor. Until it is said, the roles of the kit count.", cautious="union", says=DECIDERS),
    Term("dora_entity_type", "text", "the kind of financial entity under DORA",
         "Which kind of financial entity is it under DORA?", help="Such as credit institution, insurer, payment institution."),
    Term("nis2_sector", "text", "the NIS2 sector", "In which NIS2 sector is the entity?",
         help="Such as digital infrastructure, health, energy."),
    _flag("is_large_or_small_br", "the entity counts as a small agent under Brazilian rules",
          "Is the entity a small agent under Brazilian rules?", "Small agents have twice the time.", "false", decided=True),
    Term("establishments", "texts", "countries where the entity is established",
         "In which countries is the entity established?", unit="ISO 3166", help="Two letters a country; US states as US-CA.",
         cautious="union"),
    Term("lead_authority", "text", "the lead supervisory authority", "Which is the lead supervisory authority?",
         help="Of the country of the main establishment in the EU, if there is one."),
    _flag("ai_system_in_eu_market", "the AI system is on the EU market", "Is the AI system on the EU market?",
          "Offered or used in the EU, also from outside."),
    Term("incident_member_states", "texts", "EU Member States where it happened",
         "In which EU Member States did it happen?", unit="ISO 3166", help="Where the people or the services hit are.",
         cautious="union"),
    Term("affected_residencies", "places", "affected people by place of residence",
         "Where do the people affected live, and how many in each place?", unit="people",
         help="Countries by two letters, US states as US-CA. Counts of people, as ranges if need be.", cautious="high"),
    Term("affected_by_jurisdiction", "places", "affected people by jurisdiction",
         "How many people are affected in each jurisdiction?", unit="people",
         help="Places where a rule of its own may hold: countries, US states as US-CA.", cautious="high"),
)  # fmt: skip

_RISK = (
    Term("risk_to_individuals", "choice", "risk to the rights and freedoms of people",
         "How bad can this get for the people affected: unlikely any risk, a risk, or a high risk?",
         ("unlikely", "risk", "high_risk"), cautious="choices", says=DECIDERS,
         help="Fraud, identity theft, loss of a job, shame, harm to health. If you waver between two, take the graver one."),
    _flag("gdpr_applies", "the GDPR covers this processing", "Does the GDPR cover this processing?",
          "An establishment in the EU, or people in the EU to whom you offer something or whom you observe.", decided=True),
    _flag("uk_gdpr_applies", "the UK GDPR covers this processing", "Does the UK GDPR cover this processing?",
          "An establishment in the UK, or people in the UK to whom you offer something or whom you observe.", decided=True),
    _flag("data_encrypted", "the data are encrypted", "Is the data encrypted, so that nobody can read it?",
          "State of the art, and not only on the way.", "false"),
    _flag("key_compromised", "the key to the data is in other hands", "Could the key to the data be in other hands?",
          "A password in the same mail counts."),
    _flag("unsecured_phi", "unsecured protected health information is hit",
          "Is readable protected health information involved?", "US health data that is not encrypted or destroyed."),
    _flag("recipient_trusted_and_attested", "the recipient is trusted and attested that the data are gone",
          "Has a trusted recipient attested that the data is gone?", "In writing, by somebody whom you have reason to trust.",
          "false", decided=True),
    _flag("significant_harm_likely", "significant harm is likely", "Is significant harm to people likely?",
          "The test of Singapore's rules.", decided=True),
    _flag("serious_harm_likely", "serious harm is likely", "Is serious harm to people likely?",
          "The test of Australia's rules.", decided=True),
    _flag("rrosh", "there is a real risk of significant harm", "Is there a real risk of significant harm?",
          "The test of Canada's rules: how sensitive is the data, how likely is its misuse.", decided=True),
    _flag("low_probability_of_compromise", "the probability of compromise is low",
          "Is the probability low that the health data was compromised?",
          "Four factors: nature of the data, who got it, whether it was seen, what was done about it.", "false", decided=True),
    _flag("harm_effectively_mitigated", "the harm has been effectively prevented",
          "Has what you did since then prevented the harm?", "Only what is done and checked counts.", "false", decided=True),
)  # fmt: skip

_SERVICE = (
    _flag("critical_service_affected", "a critical service is affected", "Is a critical service affected?",
          "A service whose failure would hurt customers or the market."),
    _count("service_downtime_minutes", "minutes", "minutes of downtime", "How long was the service down, in minutes?",
           "From the first failure to normal operation."),
    _count("service_downtime_expected_minutes", "minutes", "minutes that the service is likely to be down in all",
           "How long is the service likely to be down in all, in minutes?",
           "From the first failure to the end that you expect. While it is down, nobody knows; an estimate will do."),
    _flag("incident_ongoing", "the incident still goes on and has not been handled",
          "Does the incident still go on, so that it has not been handled yet?",
          "NIS2 then asks for a progress report, and for the final one within a month of handling it.", "", decided=True),
    _count("clients_affected", "clients", "clients affected", "How many clients are affected?",
           "Clients who use the service that is hit."),
    _number("clients_affected_pct", "percent", "percent of clients affected", "What share of the clients is affected?",
            "Of all clients who use this service."),
    _number("transactions_affected_pct", "percent", "percent of transactions affected",
            "What share of the transactions is affected?", "Of the daily average, by number or by value."),
    _number("financial_counterparts_affected_pct", "percent", "percent of financial counterparts affected",
            "What share of the financial counterparts is affected?", "Of all who use this service."),
    _count("member_states_affected", "Member States", "Member States affected",
           "How many EU Member States are affected?", "Where customers or counterparts feel it."),
    _number("economic_impact_eur", "EUR", "economic impact in EUR", "What is the economic impact, in EUR?",
            "Costs and losses of all kinds; an estimate will do."),
    _flag("malicious_unauthorised_access", "somebody got in with bad intent", "Did somebody get in with bad intent?",
          "Most incidents of agents have no attacker; say no when you know that there was none."),
    _flag("severe_operational_disruption_possible", "severe disruption of operations or loss is caused or possible",
          "Can it severely disrupt your services, or has it?", "Also a severe financial loss of your own."),
    _flag("considerable_damage_to_others_possible", "considerable damage to others is caused or possible",
          "Can it do considerable damage to others, or has it?", "Damage to property, health or anything else of theirs."),
    _flag("significant_incident", "it is a significant incident under NIS2", "Is it a significant incident under NIS2?",
          "Severe disruption or loss, or considerable damage to others, caused or possible.", decided=True),
    _flag("major_ict_incident", "it is classified as major under DORA", "Is it classified as major under DORA?",
          "By the criteria for clients, transactions, downtime, places, data and cost.", decided=True),
    _flag("notification_incident", "it materially disrupts banking services",
          "Does it materially disrupt banking services?", "Or is it reasonably likely to.", decided=True),
    Term("cn_incident_level", "choice", "the level of the incident under China's rules",
         "Which level does the incident have under China's rules?",
         ("general", "relatively_major", "major", "especially_major"), cautious="choices", says=DECIDERS,
         help="By one source relatively major begins at personal data of a million people, or a loss of CNY 5 million."),
    _flag("cybersecurity_incident", "it is a cybersecurity incident", "Is it a cybersecurity incident?",
          "Somebody got at systems or data without permission. A wrong decision of an agent is none.", decided=True),
)  # fmt: skip

_AI = (
    _flag("ai_system_high_risk", "the AI system is high-risk in law", "Is the AI system high-risk in law?",
          "By the EU AI Act: hiring, credit, education, critical infrastructure and the like.", decided=True),
    Term("high_risk_basis", "choice", "why the AI system counts as high-risk", "On what ground is the AI system high-risk?",
         ("none", "annex_i", "annex_iii"), cautious="choices", says=DECIDERS,
         help="annex_iii lists uses, annex_i products under other safety law; none if it is not."),
    Term("serious_incident_limbs", "choices", "serious harms that happened", "Which serious harms happened?", _LIMBS,
         cautious="union", help="As the EU AI Act names them. An empty list means: none, and you looked."),
    _flag("widespread_infringement", "rights are infringed on a wide scale", "Are rights infringed on a wide scale?",
          "Many people in several Member States.", decided=True),
    Term("causal_link", "choice", "link between the AI system and the harm", "How sure is the link to the AI system?",
         ("none", "suspected", "reasonable_likelihood", "established"), cautious="choices",
         help="A reasonable likelihood is enough for a duty; certainty is not needed."),
    _flag("agent_autonomous_action", "the agent acted on its own", "Did the agent act on its own?",
          "Without a person who asked for just that."),
    _flag("frontier_model_involved", "a frontier model is involved", "Is a frontier model involved?",
          "A model of the largest kind. It matters to those who build such models."),
    _flag("critical_safety_incident", "it is a critical safety incident", "Is it a critical safety incident?",
          "Of a frontier model, in the sense of the laws of California and New York.", decided=True),
    _flag("imminent_risk_death_or_serious_injury", "death or serious injury is imminent",
          "Is somebody in danger of death or serious injury?", "If yes: call for help first."),
)  # fmt: skip

_PRODUCT = (
    _flag("product_with_digital_elements", "a product with digital elements is hit",
          "Is a product of yours hit that contains software?", "Desktop agents, extensions, tools to install; not a mere service."),
    _flag("actively_exploited_vulnerability", "a vulnerability is being exploited",
          "Is a vulnerability being exploited by somebody?", "Reliable evidence of use; a researcher's proof is none."),
    _flag("severe_incident_product_security", "it severely hits the product's security",
          "Does it severely hit the security of the product?",
          "That an attack failed by luck is no defence.", decided=True),
)  # fmt: skip

_MONEY = (
    Term("material_to_investors", "choice", "material to investors", "Is it material to investors?",
         ("no", "undetermined", "yes"), cautious="choices", says=DECIDERS,
         help="Would a reasonable investor want to know? Decided with legal counsel."),
)  # fmt: skip

LAW_TERMS: tuple[Term, ...] = (*_WHO, *_RISK, *_SERVICE, *_AI, *_PRODUCT, *_MONEY, *CLOCK_TERMS)
