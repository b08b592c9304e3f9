"""Facts that only law asks about: roles, places, services, products, clocks and holds."""

from __future__ import annotations

from halon.judgement.terms import Kind, Term

ROLES = (
    "controller", "processor", "joint_controller", "ai_provider", "ai_deployer", "gpai_sr_provider",
    "frontier_developer", "large_frontier_developer", "financial_entity_dora", "ict_third_party", "nis2_essential",
    "nis2_important", "trust_service_provider", "manufacturer_pde", "hipaa_covered_entity",
    "hipaa_business_associate", "phr_vendor", "sec_registrant", "nydfs_covered_entity",
    "ftc_gl_financial_institution", "us_banking_organization", "us_bank_service_provider",
    "sec_regsp_institution", "telecom_carrier_us", "defense_contractor", "merchant_pci",
    "soci_responsible_entity", "cii_operator_cn", "network_operator_cn",
)  # fmt: skip
"""Roles that a legal entity can hold in law. The same facts mean other duties in another role."""

_LIMBS = ("death", "serious_health_harm", "critical_infra_serious_irreversible", "fundamental_rights_infringement",
          "serious_property_harm", "serious_environment_harm")  # fmt: skip


def _terms(kind: Kind, **meanings: str) -> tuple[Term, ...]:
    """Terms of one kind whose question follows from their meaning."""
    asks = {"flag": "Is it so that {}?", "time": "When was it that {}?", "count": "How many: {}?",
            "number": "How much: {}?"}  # fmt: skip
    ask = asks.get(kind, "What is known of this: {}?")
    return tuple(Term(name, kind, meaning, ask.format(meaning)) for name, meaning in meanings.items())


LAW_TERMS: tuple[Term, ...] = (
    Term("roles", "choices", "roles that the legal entity holds here", "Which roles does the entity hold here?", ROLES),
    Term("high_risk_basis", "choice", "why the AI system counts as high-risk",
         "On what ground is the AI system high-risk?", ("annex_iii", "annex_i", "none")),
    Term("serious_incident_limbs", "choices", "serious harms that happened", "Which serious harms happened?", _LIMBS),
    Term("causal_link", "choice", "link between the AI system and the harm", "How sure is the link to the AI system?",
         ("established", "reasonable_likelihood", "suspected", "none")),
    Term("material_to_investors", "choice", "material to investors", "Is it material to investors?",
         ("yes", "no", "undetermined")),
    *_terms("text", dora_entity_type="the kind of financial entity under DORA", nis2_sector="the NIS2 sector",
            lead_authority="the lead supervisory authority"),
    *_terms("texts", establishments="countries where the entity is established",
            incident_member_states="EU Member States where it happened"),
    *_terms("places", affected_residencies="affected people by place of residence",
            affected_by_jurisdiction="affected people by jurisdiction"),
    *_terms("hold", law_enforcement_hold="a law-enforcement hold: agency, from, to, written"),
    *_terms("count", clients_affected="clients affected", member_states_affected="Member States affected",
            service_downtime_minutes="minutes of downtime"),
    *_terms("number", clients_affected_pct="percent of clients affected",
            transactions_affected_pct="percent of transactions affected",
            financial_counterparts_affected_pct="percent of financial counterparts affected",
            economic_impact_eur="economic impact in EUR"),
    *_terms("flag", is_large_or_small_br="the agent is a small one under Brazilian rules",
            ai_system_in_eu_market="the AI system is on the EU market", data_encrypted="the data are encrypted",
            key_compromised="the key to the data is in other hands",
            unsecured_phi="unsecured protected health information is hit",
            recipient_trusted_and_attested="the recipient is trusted and attested that the data are gone",
            significant_harm_likely="significant harm is likely", serious_harm_likely="serious harm is likely",
            rrosh="there is a real risk of significant harm",
            low_probability_of_compromise="the probability of compromise is low",
            harm_effectively_mitigated="the harm has been effectively prevented",
            critical_service_affected="a critical service is affected",
            malicious_unauthorised_access="somebody got in with bad intent",
            severe_operational_disruption_possible="severe disruption of operations is possible",
            considerable_damage_to_others_possible="considerable damage to others is possible",
            significant_incident="it is a significant incident", major_ict_incident="it is classified as major",
            ai_system_high_risk="the AI system is high-risk in law",
            widespread_infringement="rights are infringed on a wide scale",
            agent_autonomous_action="the agent acted on its own",
            frontier_model_involved="a frontier model is involved",
            critical_safety_incident="it is a critical safety incident",
            imminent_risk_death_or_serious_injury="death or serious injury is imminent",
            product_with_digital_elements="a product with digital elements is hit",
            actively_exploited_vulnerability="a vulnerability is being exploited",
            severe_incident_product_security="it severely hits the product's security",
            cybersecurity_incident="it is a cybersecurity incident",
            notification_incident="it disrupts banking services",
            ag_national_security_delay="the Attorney General asked for a delay in writing"),
    *_terms("time", occurred_at="it happened", discovered_at="it was discovered",
            determined_incident_at="you determined that an incident occurred",
            determined_breach_at="you determined that it is a breach",
            assessed_notifiable_at="you determined that it must be notified",
            classified_major_at="it was classified as major",
            materiality_determined_at="you determined that it is material",
            reasonable_belief_at="you had reason to believe it",
            measure_available_at="a fix or workaround became available",
            individuals_notified_at="the people affected were told",
            law_enforcement_notified_at="law enforcement was told", payment_made_at="the payment was made",
            extortion_payment_made_at="the extortion payment was made",
            incident_handled_at="the incident had been handled"),
)  # fmt: skip
