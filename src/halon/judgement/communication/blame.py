"""Whose fault it was is not said: phrases that blame a person, a group or a company, and names of the roster beside a deed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import re2

_STAFF = (
    r"employees?|engineers?|developers?|operators?|colleagues?|contractors?|interns?|clerks?|administrators?|admins?|"
    r"managers?|technicians?|analysts?|reviewers?|team members?|staff members?|workers?"
)
_OUTSIDE = r"customers?|users?|clients?|vendors?|suppliers?|providers?|partners?|subcontractors?|manufacturers?"
_STAFF_DE = r"mitarbeiter(?:in|innen)?|entwickler(?:in|innen)?|kolleg(?:e|en|in|innen)|techniker(?:in)?|administrator(?:en)?|praktikant(?:en|in)?|angestellter?"
_OUTSIDE_DE = r"kunden?|kundin|nutzer(?:in)?|dienstleister|anbieter|lieferant(?:en)?|hersteller|partner"
_DEED = (
    r"clicked|pressed|pushed|deployed|released|merged|forgot|forgotten|ignored|overlooked|missed|misread|misused|typed|"
    r"entered|configured|misconfigured|changed|deleted|disabled|opened|uploaded|published|shared|sent|gave|granted|left|"
    r"approved|switched|installed|made|did|wrote|broke|caused|failed|neglected|triggered|allowed|let|"
    r"messed up|screwed up|slipped up|erred|mistyped|mishandled|slept|fell asleep|was asleep|were asleep"
)
_FAULTY = r"forgot|forgotten|overlooked|neglected|misread|mistyped|mishandled|messed up|screwed up|slipped up|erred|slept|fell asleep|was asleep|failed to"
"""Deeds that are told of a whole team as a reproach; "our team deployed the fix" is none."""
_KEPT = r"passwords?|passcodes?|pins?|codes?|credentials?|logins?|keys?|tokens?|secrets?"
_DEED_DE = r"geklickt|klickte|vergessen|vergaß|übersehen|übersah|gelöscht|löschte|freigegeben|ausgerollt|falsch|verursacht|verursachte|versäumt|eingegeben|versagt|geschlafen"
_WHOSE = "it says whose fault it was: say which layer let it through"
_NAMED = "it names people as the cause: say which layer let it through"
_OTHERS = "it blames somebody by name: say which layer let it through"
BLAMING: Final = (
    (r"\b(?:human|operator|user|employee|customer|staff) error\b|\bmenschliche[sr]? (?:versagen|fehler)\b|\bbedienungsfehler\b",
     "it blames people: say which layer let it through", False, False),
    (r"\b(?:negligen(?:ce|t|tly)|careless(?:ly|ness)?|incompeten(?:ce|t)|rogue (?:employee|engineer|developer)|"
     r"fahrlässig(?:keit)?|nachlässig(?:keit)?|unachtsam(?:keit)?)\b",
     "it judges people: say what happened and what is changed", False, False),
    (r"\b(?:to blame|at fault|the fault of|blamed? (?:on|for)|(?:his|her|their|your) (?:own )?(?:fault|mistake)|"
     r"should have known better|schuld (?:ist|war|hat|hatte|trägt)|(?:ist|war|sind) schuld)\b", _WHOSE, False, False),
    (rf"\bcaused by (?:an? |the |our |one of our |your )?(?:[\w-]{{2,20}} )?(?:{_STAFF}|{_OUTSIDE})\b", _NAMED, False, False),
    (rf"\b(?:durch|von) (?:eine[nmr]? |unsere[nmr]? |den |dem |der )?(?:[\wäöüß-]{{2,20}} )?(?:{_STAFF_DE}|{_OUTSIDE_DE}) (?:verursacht|ausgelöst|verschuldet)\b",
     _NAMED, False, False),
    (rf"\b(?:an?|the|our|one of (?:our|the)|some) (?:[\w-]{{2,20}} )?(?:{_STAFF}) (?:\w{{2,12}}ly )?(?:has |have |had )?(?:{_DEED})\b", _NAMED, False, False),
    (rf"\b(?:an?|the|our|your|some) (?:[\w-]{{2,20}} )?(?:{_OUTSIDE}) (?:\S{{1,30}} ){{0,2}}(?:caused|is responsible|was responsible|are responsible|has caused|"
     r"made (?:a|the) mistake|failed|neglected|ignored|misused|did not follow|clicked on the wrong|let us down)\b", _NAMED, False, False),
    (rf"\b(?:{_STAFF}|{_OUTSIDE}|staff|team)(?:'s|')? (?:own )?(?:mistakes?|faults?|blunders?|carelessness)\b"
     rf"|\b(?:{_STAFF}|{_OUTSIDE}|staff|team)(?:'s|') (?:own )?errors?(?:[.,;:!?)]|$| (?:caused|led|made|that|which|was|is|were|in|when|by)\b)"
     rf"|\b(?:mistakes?|errors?|faults?) (?:(?:made )?by|of) (?:an?|one of (?:our|the)|our|the|some) (?:[\w-]{{2,20}} )?(?:{_STAFF}|staff)\b",
     _NAMED, False, False),
    (rf"\b(?:some(?:one|body)(?: (?:[\w-]{{2,14}} ){{1,4}})?|(?:night|day|early|late) shift|team|staff|crew|department|personnel) ?(?:has |have |had )?(?:{_FAULTY})\b",
     _NAMED, False, False),
    (rf"\b(?:because|since|as|that) you (?:have |had )?(?:shared|gave|given|told|disclosed|revealed|entered|typed|published|posted|sent)(?: away| out)? (?:your|the|a)(?: own)? (?:{_KEPT})\b"
     r"|\byou (?:have |had )?(?:clicked|pressed) (?:on )?(?:a|an|the) \w{2,14}(?: \w{2,14})? that you should\b"
     r"|\b(?:because|since|as) you (?:have |had )?(?:clicked|forgot|forgotten|ignored|overlooked|neglected|failed|did not|didn't)\b",
     _WHOSE, False, False),
    (rf"\b(?:eine?|der|die|unsere?|ihre?) (?:[\wäöüß-]{{2,20}} )?(?:{_STAFF_DE}) (?:[\wäöüß]{{2,20}} ){{0,6}}(?:{_DEED_DE})\b", _NAMED, False, False),
    (rf"\b(?:eine?|der|die|unsere?|ihre?) (?:[\wäöüß-]{{2,20}} )?(?:{_OUTSIDE_DE}) (?:\S{{1,30}} ){{0,4}}(?:verantwortlich|verursacht|verursachte|versäumt|versagt)\b", _NAMED, False, False),
    (r"\b(?:das personal|die belegschaft|das team|die schicht|die nachtschicht) (?:[\wäöüß]{2,20} ){0,6}(?:übersehen|übersah|vergessen|vergaß|versäumt|versagt|geschlafen|verschuldet)\b", _NAMED, False, False),
    (rf"\b(?:fehler|versehen|verschulden|versagen) (?:eine[rs]|unsere[rs]|des|der) (?:[\wäöüß-]{{2,20}} )?(?:{_STAFF_DE}|{_OUTSIDE_DE})s?\b", _NAMED, False, False),
    # A name and a company's; the first word of a sentence about oneself is none.
    (r"\b[A-Z][\w&.-]{1,30}(?: [A-Z][\w&.-]{0,30}){0,3} (?:is|was|are|were|alone is) (?:solely |fully |alone |also )?(?:responsible|accountable|liable) for\b", _OTHERS, True, True),
    (r"\b(?:caused|triggered) by (?:our \w{2,20} )?[A-Z][\w&.-]{1,30}", _OTHERS, True, True),
    (r"\b[A-Z][\w&-]{1,30}'s? (?:doing|fault|mistake|error|failure|carelessness)\b", _OTHERS, True, True),
    (r"\b(?:war|ist|waren|sind|durch|wegen|aufgrund) [A-ZÄÖÜ][\wäöüß&-]{1,30}s (?:Fehler|Schuld|Versagen|Versehen|Verschulden|Nachlässigkeit)\b", _OTHERS, True, True),
    (r"\b[Ii]t was [A-Z][\w&.-]{1,30}(?: [A-Z][\w&.-]{0,30}){0,3},? (?:that|who|which) (?:failed|forgot|caused|missed|ignored|overlooked|broke|let)\b", _OTHERS, True, True),
    (r"\b[A-Z][\wäöüß&.-]{1,30}(?: [A-Z][\wäöüß&.-]{0,30}){0,3} (?:ist|war|sind|waren) (?:dafür |hierfür |allein )?(?:verantwortlich|haftbar)\b", _OTHERS, True, True),
)  # fmt: skip
"""Each pattern, why, whether the case of letters counts, and whether the own name is spared."""
_DOING: Final = re2.compile(
    rf"(?i)\b(?:mistakes?|errors?|faults?|failed|careless\w{{0,4}}|neglect\w{{0,4}}|responsible|blame\w?|fehler|schuld|verantwortlich|{_DEED}|{_DEED_DE})\b"
)
_COMMON: Final = frozenset(
    {"May", "Will", "Mark", "Grant", "April", "June", "August", "Art", "Rose", "Hope", "Chance", "Max", "Case"}
)
"""First names that are words as well: they count with the second name only."""
_SHORTEST: Final = 3
_WHOSE_DE: Final = ("Fehler", "Schuld", "Versagen", "Versehen", "Nachlässigkeit")


def blamed(sentence: str, names: Iterable[str]) -> str:
    """The one of ``names`` whom ``sentence`` tells a deed or a mistake of; empty: none."""
    if _DOING.search(sentence) is None:
        return ""
    words = sentence.replace("\u2019", "'")
    return next((name for name in names if any(_stands(part, words) for part in _parts(name))), "")


def _parts(name: str) -> tuple[str, ...]:
    """The name as it may stand in a text: whole or by one of its parts, in capitals too, and as German says whose it is."""
    parts = [one.strip(",.") for one in name.split()]
    alone = [one for one in parts if len(one) >= _SHORTEST and one not in _COMMON and one[:1].isupper()]
    forms = dict.fromkeys((name, *alone))
    whole = (name.lower(),) if len(parts) > 1 else ()  # "bob" may be a word, "bob brown" is nobody else
    return (*forms, *whole, *(one.upper() for one in forms), *(f"{one}s {what}" for one in forms for what in _WHOSE_DE))


def _stands(name: str, sentence: str) -> bool:
    return len(name) >= _SHORTEST and re2.search(rf"(?:^|[^\w]){re2.escape(name)}(?:$|[^\w])", sentence) is not None
