"""Facts as words that a tired person, a customer or an authority can read. Unknown is said, never left out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

UNKNOWN = "not known yet"

_CATEGORIES = {
    "basic_contact": "names and contact details",
    "government_id": "government identification numbers",
    "financial_account": "payment and account details",
    "credentials": "passwords and access keys",
    "health": "health data",
    "biometric": "biometric data",
    "genetic": "genetic data",
    "special_category": "special categories of personal data",
    "children": "data of children",
    "cpni": "telephone connection data",
    "phi": "protected health information",
    "minors_or_elderly": "data of minors or elderly people",
    "professional_secrecy": "data under professional secrecy",
}

_STEPS = {
    "credentials": "Change your password, here and wherever you use the same one, and replace access keys we gave you.",
    "financial_account": "Review your recent transactions and tell your bank about any that you do not know.",
    "government_id": "Watch for accounts or contracts opened in your name, and consider a block with a credit agency.",
    "basic_contact": "Be careful with unexpected messages or calls that mention us; we never ask for your password.",
    "health": "Be careful with messages that mention your health or your treatment, and ask us if you get one.",
}

_CONSEQUENCES = {
    "credentials": "somebody else could sign in as the people concerned",
    "financial_account": "payments or purchases could be attempted in the name of the people concerned",
    "government_id": "the identity of the people concerned could be misused",
    "basic_contact": "the people concerned could receive deceptive messages",
    "health": "private matters of the people concerned could become known",
    "special_category": "private matters of the people concerned could become known",
    "phi": "private matters of the people concerned could become known",
}


@dataclass(frozen=True, slots=True)
class Amounts:
    """How a language says a count: ``{low}`` and ``{high}`` stand for numbers; ``marks`` are what parts thousands and decimals."""

    unknown: str
    between: str
    least: str
    most: str
    marks: str = ",."


ENGLISH = Amounts(UNKNOWN, "between {low} and {high}", "at least {low}", "at most {high}")


def amount(value: Any, says: Amounts = ENGLISH) -> str:
    """A count in words: a number, a range ``{low, high}``, or that it is not known."""
    if isinstance(value, bool) or value is None:
        return says.unknown
    if isinstance(value, int | float):
        return f"{value:,}".translate(str.maketrans(",.", says.marks))
    if isinstance(value, Mapping):
        low, high = value.get("low"), value.get("high")
        if low is not None and low == high:
            return amount(low, says)
        if low is not None and high is not None:
            return says.between.format(low=amount(low, says), high=amount(high, says))
        if low is not None:
            return says.least.format(low=amount(low, says))
        if high is not None:
            return says.most.format(high=amount(high, says))
    return says.unknown


def yes_no(value: Any) -> str:
    """A three-valued fact in words."""
    return "yes" if value is True else "no" if value is False else UNKNOWN


def listed(value: Any) -> str:
    """A list in words; an empty one is "none", None is not known."""
    if value is None:
        return UNKNOWN
    if isinstance(value, str):
        return value or UNKNOWN
    if isinstance(value, list | tuple):
        return ", ".join(str(item) for item in value) or "none"
    return plainly(value)


def plainly(value: Any) -> str:
    """Any fact's value in words."""
    if isinstance(value, bool) or value is None:
        return yes_no(value)
    if isinstance(value, int | float):
        return amount(value)
    if isinstance(value, list | tuple):
        return listed(value)
    if isinstance(value, Mapping):
        if value and set(value) <= {"low", "high"}:
            return amount(value)
        return "; ".join(f"{name}: {plainly(item)}" for name, item in sorted(value.items())) or "none"
    return str(value) or UNKNOWN


def data_categories(value: Any) -> str:
    """Categories of data in words; a name that is not in the vocabulary stays as it is."""
    if not isinstance(value, list | tuple):
        return listed(value)
    return listed([_CATEGORIES.get(str(name), str(name).replace("_", " ")) for name in value])


def customer_steps(value: Any) -> list[str]:
    """What people concerned can do, by category of data; what always helps if the categories are not known."""
    names = [str(name) for name in value] if isinstance(value, list | tuple) else []
    steps = [step for name, step in _STEPS.items() if name in names]
    return steps or [_STEPS["basic_contact"]]


def likely_consequences(value: Any) -> str:
    """Likely consequences for people, by category of data."""
    names = [str(name) for name in value] if isinstance(value, list | tuple) else []
    found = list(dict.fromkeys(text for name, text in _CONSEQUENCES.items() if name in names))
    return "; ".join(found) if found else UNKNOWN
