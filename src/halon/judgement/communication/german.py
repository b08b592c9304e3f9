"""What is known, in German: for notices that are written in it. The same data as ``halon.incident.fact_words`` tells."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from halon.incident import fact_words, times

UNKNOWN: Final = "noch nicht bekannt"

_CATEGORIES: Final = {
    "basic_contact": "Namen und Kontaktdaten",
    "government_id": "Nummern amtlicher Ausweise",
    "financial_account": "Zahlungs- und Kontodaten",
    "credentials": "Passwörter und Zugangsschlüssel",
    "health": "Gesundheitsdaten",
    "biometric": "biometrische Daten",
    "genetic": "genetische Daten",
    "special_category": "besondere Kategorien personenbezogener Daten",
    "children": "Daten von Kindern",
    "cpni": "Verbindungsdaten der Telefonie",
    "phi": "geschützte Gesundheitsdaten nach US-Recht",
    "minors_or_elderly": "Daten von Minderjährigen oder älteren Menschen",
    "professional_secrecy": "Daten, die einem Berufsgeheimnis unterliegen",
}
_STEPS: Final = {
    "credentials": "Ändern Sie Ihr Passwort bei uns und überall, wo Sie dasselbe benutzen, und ersetzen Sie Zugangsschlüssel, die Sie uns gegeben haben.",
    "financial_account": "Sehen Sie Ihre letzten Buchungen durch und melden Sie Ihrer Bank jede, die Sie nicht kennen.",
    "government_id": "Achten Sie auf Konten oder Verträge, die in Ihrem Namen eröffnet werden, und erwägen Sie eine Sperre bei einer Auskunftei.",
    "basic_contact": "Seien Sie vorsichtig bei unerwarteten Nachrichten oder Anrufen, die uns erwähnen; wir fragen nie nach Ihrem Passwort.",
    "health": "Seien Sie vorsichtig bei Nachrichten, die Ihre Gesundheit oder Behandlung erwähnen, und fragen Sie uns, wenn Sie eine erhalten.",
}
_CONSEQUENCES: Final = {
    "credentials": "jemand anderes könnte sich als die betroffenen Personen anmelden",
    "financial_account": "im Namen der betroffenen Personen könnten Zahlungen oder Käufe versucht werden",
    "government_id": "die Identität der betroffenen Personen könnte missbraucht werden",
    "basic_contact": "die betroffenen Personen könnten täuschende Nachrichten erhalten",
    "health": "Privates der betroffenen Personen könnte bekannt werden",
    "special_category": "Privates der betroffenen Personen könnte bekannt werden",
    "phi": "Privates der betroffenen Personen könnte bekannt werden",
}
_STANDS: Final = {
    "verified": "erledigt und geprüft",
    "applied": "erledigt, noch nicht geprüft",
    "unverified": "veranlasst; ob es wirkt, ließ sich noch nicht prüfen",
    "undone": "zurückgenommen",
}
_ASKED: Final = (
    ("affected_individuals", "wie viele Personen betroffen sind"),
    ("data_categories", "welche Arten von Daten betroffen sind"),
    ("ongoing", "ob es noch andauert"),
)

FACTS: Final = {
    "acquired_vs_accessed": "Was mit den Daten geschah",
    "agent_version": "Version des Agenten",
    "model_version": "Modell und seine Version",
    "causal_link": "Zusammenhang zwischen dem KI-System und dem Schaden",
    "serious_incident_limbs": "Eingetretene schwere Schäden",
    "classified_major_at": "Als schwerwiegend eingestuft am",
    "determined_breach_at": "Als Verletzung festgestellt am",
    "discovered_at": "Entdeckt am",
    "incident_handled_at": "Behoben am",
    "incident_member_states": "Betroffene Mitgliedstaaten",
    "clients_affected": "Betroffene Kunden",
    "clients_affected_pct": "Betroffene Kunden in Prozent",
    "economic_impact_eur": "Wirtschaftlicher Schaden in EUR",
    "payment_made_at": "Zahlung geleistet am",
    "extortion_payment_made_at": "Lösegeld gezahlt am",
    "service_downtime_minutes": "Minuten des Ausfalls",
}
"""What facts are called that a law asks for and no template has a place of its own for."""
_CHOICES: Final = {
    "death": "Tod", "serious_health_harm": "schwerer Gesundheitsschaden", "serious_property_harm": "schwerer Sachschaden",
    "serious_environment_harm": "schwerer Umweltschaden", "fundamental_rights_infringement": "Verletzung von Grundrechten",
    "critical_infra_serious_irreversible": "schwere Störung kritischer Infrastruktur", "established": "festgestellt",
    "reasonable_likelihood": "hinreichend wahrscheinlich", "suspected": "vermutet", "none": "keiner",
    "accessed": "eingesehen", "acquired": "entwendet", "disclosed": "offengelegt", "altered": "verändert", "lost": "verloren",
    "unavailable": "nicht verfügbar",
}  # fmt: skip


def chosen(value: Any) -> str:
    """One choice or several in words."""
    names = value if isinstance(value, list | tuple) else [value]
    return ", ".join(_CHOICES.get(str(one), str(one).replace("_", " ")) for one in names) or "keine"


_AMOUNTS: Final = fact_words.Amounts(
    UNKNOWN, "zwischen {low} und {high}", "mindestens {low}", "höchstens {high}", marks=".,"
)


def amount(value: Any) -> str:
    """A count in words: a number, a range ``{low, high}``, or that it is not known."""
    return fact_words.amount(value, _AMOUNTS)


def yes_no(value: Any) -> str:
    """A three-valued fact in words."""
    return "ja" if value is True else "nein" if value is False else UNKNOWN


def data_categories(value: Any) -> str:
    """Categories of data in words; a name that is not in the vocabulary stays as it is."""
    if not isinstance(value, list | tuple):
        return str(value) if value else UNKNOWN
    return ", ".join(_CATEGORIES.get(str(name), str(name).replace("_", " ")) for name in value) or "keine"


def plainly(value: Any) -> str:
    """Any fact's value in words."""
    if isinstance(value, bool) or value is None:
        return yes_no(value)
    if isinstance(value, int | float):
        return amount(value)
    if isinstance(value, list | tuple):
        return ", ".join(str(item) for item in value) or "keine"
    if isinstance(value, Mapping):
        if value and set(value) <= {"low", "high"}:
            return amount(value)
        return "; ".join(f"{name}: {plainly(item)}" for name, item in sorted(value.items())) or "keine"
    return moment(str(value)) or UNKNOWN


def moment(text: str) -> str:
    """A time (ISO 8601) to the minute in UTC; any other text as it is."""
    try:
        return f"{times.parse(text):%d.%m.%Y, %H:%M} UTC"
    except ValueError:
        return text


def told(about: Mapping[str, Any]) -> dict[str, Any]:
    """``about`` with its sentences in German: what happened, what was done, the impact, the steps, what is not known."""
    known: Mapping[str, Any] = about.get("figures") or {}
    kinds = known.get("data_categories")
    names = [str(name) for name in kinds] if isinstance(kinds, list | tuple) else []
    window = dict(about.get("window") or {})
    window["ongoing"] = yes_no(known.get("ongoing"))
    follow = list(dict.fromkeys(text for name, text in _CONSEQUENCES.items() if name in names))
    impact = dict(about.get("impact") or {}) | {
        "individuals": amount(known.get("affected_individuals")),
        "records": amount(known.get("records_count")),
        "data_categories": data_categories(kinds),
        "personal_data": yes_no(known.get("personal_data_involved")),
        "places": plainly(known.get("affected_by_jurisdiction")),
        "consequences": "; ".join(follow) or UNKNOWN,
        "money": amount(known.get("economic_impact_eur")),
    }
    return {
        **about,
        "happened": _happened(str(about.get("agent") or ""), known),
        "done": [
            f"{one['title']}: {_STANDS[one['status']]}."
            for one in about.get("actions") or ()
            if one["status"] in _STANDS
        ],
        "impact": impact,
        "window": window,
        "customer_steps": [step for name, step in _STEPS.items() if name in names] or [_STEPS["basic_contact"]],
        "unknown": _unknown(about, known),
    }


def _happened(agent: str, known: Mapping[str, Any]) -> list[str]:
    if known.get("confirmed") is None:
        said = [f"Ein Alarm über den KI-Agenten {agent} wird geprüft; er ist noch nicht bestätigt."]
    elif known["confirmed"] is False:
        said = [f"Ein Alarm über den KI-Agenten {agent} wurde geprüft; nichts von dem, was er meldet, wurde gefunden."]
    else:
        said = [f"Der KI-Agent {agent} hat getan, was er nicht durfte."]
    tools = known.get("unauthorised_tool_actions")
    if tools:
        said.append(f"Er hat diese Werkzeuge ohne Erlaubnis benutzt: {plainly(tools)}.")
    if known.get("untrusted_instruction") is True:
        said.append(
            "Er ist einer Anweisung gefolgt, die in fremden Inhalten stand und nicht von Kunden oder von uns kam."
        )
    if known.get("external_recipient") is True:
        said.append("Daten gingen an einen Empfänger außerhalb.")
    if known.get("irreversible_tool_action") is True:
        said.append("Mindestens einer dieser Vorgänge lässt sich nicht rückgängig machen.")
    return said


def _unknown(about: Mapping[str, Any], known: Mapping[str, Any]) -> list[str]:
    said = [words for name, words in _ASKED if known.get(name) is None]
    more = max(0, len(about.get("unknown") or ()) - len(said))
    if more:
        said.append(
            "eine weitere Frage, die noch geprüft wird"
            if more == 1
            else f"{more} weitere Fragen, die noch geprüft werden"
        )
    return said
