"""Words that a message about an incident does not say, each with why and where the rule comes from.

Matched by RE2, whose time grows with the length of the text alone. A phrase is let pass where the words right before it
say the opposite ("we can't guarantee that", "we tell you when"): ``denials``. English and German are listed; an
organisation that writes in another language reads its own drafts for this, and the question of the gate says so.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import re2

from halon.judgement.communication.blame import BLAMING
from halon.judgement.communication.denials import denied

GUIDE: Final = "playbook guide, section 7: accurate, timely, no overpromising"
FTC: Final = "FTC Act section 5 (15 U.S.C. 45): no misleading statement to consumers"
GDPR: Final = "GDPR Art. 33(3), 34(2): what happened, told as it is, in clear and plain words"
BLAMELESS: Final = "guide section 5: causes are found by layer, not by person"
SAFE: Final = "guide section 7: nothing that helps to do it again"


@dataclass(frozen=True, slots=True)
class Phrase:
    """``pattern`` must not be said, unless the name of the facts in ``unless`` holds. ``source`` is where that comes from.

    ``cased``: the case of its letters counts. ``names``: it is no blame where what it matched is the name of the agent or
    of the entity that speaks.
    """

    rule: str
    pattern: str
    why: str
    source: str
    unless: str = ""
    audiences: tuple[str, ...] = ("customers", "regulator", "counterparty", "leadership")
    cased: bool = False
    names: bool = False


_SOLVED = r"resolved|fixed|solved|remediated|remedied|eliminated|eradicated|repaired|rectified"
_SURE = r"fully|completely|entirely|permanently|totally|definitively|finally|now"
_SOON = rf"{_SURE}|since|already|all|also|both|meanwhile|successfully|quickly|immediately|therefore|then|\w{{2,14}}ly"
_IS = r"is|are|was|were|has|have|had|got|gets|'s|'re"
_THING = r"the|this|that|these|those|it|them|all|every|both|any|our|your"
_DATA = r"data|information|records?|files?|accounts?|systems?|passwords?|money|funds|credentials"
_LOST = r"lost|stolen|accessed|disclosed|compromised|affected|exposed|leaked|taken|copied|viewed|concerned|involved|breached|misused|touched|seen"
_LOST_DE = (
    r"abgeflossen|gestohlen|eingesehen|offengelegt|kompromittiert|betroffen|entwendet|kopiert|weitergegeben|verloren|"
    r"missbraucht|verändert"
)
_DANGER = r"risks?|dangers?|threats?|harm"
_NOW_DE = r"nun|jetzt|inzwischen|mittlerweile|bereits|wieder|schon|damit|somit|vollständig|endgültig|komplett|dauerhaft|erfolgreich"
_SOLVED_DE = r"behoben|gelöst|beseitigt|repariert|gebannt|ausgestanden|ausgeräumt|erledigt|bereinigt"
_OVER = "it says that it is over before that is proved: say what was done, and what is being checked"
_RISK = "nobody can say that there is no risk: say which risk is known and what was done about it"
_COME_AGAIN = r"(?:happen|occur|come up) again|recur|reoccur|be repeated|repeat itself"
_COME_AGAIN_DE = r"vorkommen|passieren|geschehen|auftreten"
_AGAIN = "it promises that it can't come again: say what keeps it from happening, and how that was tested"
_CALLED = "it calls something safe: say what was checked, by when, and what was found"
_NO_DATA = "the facts do not say that no data was concerned: say what is known and what is not"
_NOBODY = "the facts do not say that nobody was concerned: say what is known and what is not"
_SMALL = "it plays it down: say how far it was looked, and what was found"
PHRASES: Final = (
    Phrase("overpromise", rf"\b(?:{_SURE})[ -](?:{_SOLVED})\b|(?:\b(?:{_IS})|'s|'re)(?: (?:{_SOON})){{0,3}}(?: been)?(?: (?:{_SOON})){{0,2}}(?: \w{{3,14}}(?:,| and|, and)){{0,2}} (?:{_SOLVED})\b",
           _OVER, GUIDE, "proved"),
    Phrase("overpromise", rf"\b(?:we|i|they|team|engineers?|vendor|provider|supplier)(?:'ve)?(?: (?:have|has|had))?(?: (?:{_SOON})){{0,3}} (?:{_SOLVED}) (?:{_THING})\b",
           _OVER, GUIDE, "proved"),
    Phrase("overpromise", r"\b(?:no longer|does not|doesn't) (?:exists?|persists?)\b|\b(?:issue|incident|problem|error|fault|matter|danger) (?:is|was|has been|is now|is all) "
           r"(?:over|closed|behind us|in the past|settled|done|under control|history)\b|\bis (?:now )?(?:behind us|under control)\b"
           r"|\b(?:fix|repair|remediation|resolution|clean-?up) (?:is|was|has been|is being)(?: now| fully| \w{2,12}ly)? (?:complete|completed|finished|done|final)\b"
           r"|\b(?:is|are|was|were|been)(?: \w{2,12}ly| now| already)? (?:taken care of|dealt with)\b|\b(?:issue|incident|problem) is no more\b"
           r"|\b(?:danger|threat|risk) (?:has|is) (?:now |already )?(?:passed|gone|over)\b|\beverything is (?:now )?(?:back to normal|fine|all right)\b",
           _OVER, GUIDE, "proved"),
    Phrase("overpromise", rf"\b(?:vollständig|endgültig|komplett|dauerhaft) (?:{_SOLVED_DE})\b"
           rf"|\b(?:ist|sind|war|waren|wurde|wurden|haben|hat|konnten?)(?: (?:{_NOW_DE})){{0,3}} (?:{_SOLVED_DE}|vorbei|vorüber|unter kontrolle)\b"
           rf"|\b(?:wir haben|haben wir|wir konnten|konnten wir|hat unser \w{{2,24}})(?: [\wäöüß-]{{2,24}}){{0,5}} (?:{_SOLVED_DE})\b"
           r"|\bbesteht nicht (?:mehr|länger)\b",
           _OVER, GUIDE, "proved"),
    Phrase("overpromise", rf"\b(?:no|zero|without(?: any)?)(?: (?:longer|more))?(?: (?:any|a))?(?: (?:further|remaining|security|privacy|real|ongoing|immediate|known|significant|such))? (?:{_DANGER})\b"
           rf"|\brisk[- ]free\b|(?:\b(?:not|never|cannot)|n't)(?: (?:be|pose|present|create|constitute|represent))?(?: (?:any|a))(?: \w{{2,14}})? (?:{_DANGER})\b"
           r"|\b(?:was|were|is|are|been) (?:never|not|at no time) (?:at|in) (?:any )?(?:risk|danger)\b|\b(?:never|at no time) (?:at|in) (?:any )?(?:risk|danger)\b"
           r"|\bout of danger\b|\b(?:nothing|no (?:need|reason|cause)) (?:to (?:worry|be concerned|fear)|for (?:concern|worry|alarm))\b"
           rf"|\b(?:{_DANGER})(?: (?:to|for) (?:[\w-]{{2,14}} ?){{1,3}})? (?:is|are|was|were|remains?)(?: \w{{2,12}}ly| now)? (?:zero|nil|none|non-?existent|excluded|ruled out)\b"
           rf"|\bnot (?:even )?(?:the|a) (?:slightest|least|smallest) (?:{_DANGER})\b|\bunder no circumstances(?: \w{{1,14}}){{1,3}} (?:{_DANGER})\b"
           r"|(?:\b(?:do not|need not)|n't)(?: (?:need|have) to| be)? (?:worry|worried|be (?:worried|concerned|alarmed))\b",
           _RISK, FTC),
    Phrase("overpromise", r"\bkein(?:e|en|er|erlei)?(?: [\wäöüß]{2,20}){0,2} (?:(?:rest|sicherheits|datenschutz)?risik(?:o|en)|gefahr|gefahren|gefährdung|grund zur sorge|anlass zur sorge)\b"
           r"|\b(?:nie|niemals|nicht|zu keiner zeit|zu keinem zeitpunkt) (?:gefährdet|in gefahr)\b"
           r"|\b(?:nie|niemals|zu keiner zeit|zu keinem zeitpunkt)(?: [\wäöüß]{2,16}){0,2} (?:eine gefahr|ein risiko)\b"
           r"|\b(?:ohne|frei von)(?: [\wäöüß]{2,20})? (?:risiko|gefahr)\b|\bgefahr(?: \w{2,12})? gebannt\b|\b(?:müssen|brauchen|machen)(?: sie)? sich keine sorgen\b",
           _RISK, FTC),
    Phrase("overpromise", r"\bguarantee[sd]?\b|\bgarantier(?:en|t)\b|\bgarantie\b|\bwe (?:promise|assure|swear)\b|\b(?:rest|be) assured\b|\bwir (?:versprechen|versichern)\b",
           "it promises what nobody can hold: say what was done and when you tell more", GUIDE),
    Phrase("overpromise", rf"\b(?:(?:will|can|could|shall|would)(?: never| ?not)(?: ever)? (?:{_COME_AGAIN})|never (?:ever )?(?:(?:{_COME_AGAIN})|again)|"
           rf"(?:can't|won't|couldn't)(?: ever)? (?:{_COME_AGAIN})|there (?:will|can) be no (?:further|more|other|repeat)(?: [\w-]{{2,14}})? (?:incidents?|occurrences?|repeats?)|"
           rf"(?:is|are) impossible that (?:this|it|that)|nie wieder|nie mehr (?:{_COME_AGAIN_DE})|nicht (?:wieder|noch einmal|mehr|erneut) (?:{_COME_AGAIN_DE}))\b",
           _AGAIN, GUIDE),
    Phrase("overpromise", rf"\b(?:100 ?%|100 percent|100 prozent|completely|totally|absolutely|perfectly|entirely) (?:safe|secure|sicher)\b"
           rf"|\b(?:your|our|their|all|every|the|any)(?: [\w-]{{2,14}}){{0,2}} (?:{_DATA}) (?:is|are|was|were|remains?|remained|stays?|stayed|have been|has been)(?: (?:\w{{2,12}}ly|now|all|still|always))? (?:safe|secure|protected|unharmed|in (?:safe|good) hands)\b"
           r"|\byou (?:are|remain)(?: \w{2,12}ly| now)? safe\b"
           r"|\b(?:daten|informationen|konten|systeme|zugänge)(?: von [\wäöüß]{2,20})? (?:sind|waren|bleiben|blieben)(?: [\wäöüß]{2,20}){0,2} (?:sicher|geschützt|unversehrt)\b",
           _CALLED, FTC),
    Phrase("overpromise", rf"\bno (?:[\w-]{{2,14}} ){{0,2}}(?:{_DATA}) (?:(?:was|were|is|are|has been|have been|had been) (?:{_LOST})|(?:left|leaked|got|went|was leaving|has left|have left))\b"
           rf"|\b(?:none|nothing) of (?:your|the|our) (?:[\w-]{{2,14}} ){{0,2}}(?:{_DATA}) (?:was|were|is|are|has been|have been) (?:{_LOST})\b"
           rf"|\b(?:your|our|their|any|the|all)(?: [\w-]{{2,14}}){{0,2}} (?:{_DATA}) (?:(?:was|were|is|are|(?:has|have|had) been)(?: \w{{2,12}}ly)? (?:not|never)|(?:has|have|had) (?:not|never) been|"
           rf"(?:was|were|is|are)n't|(?:has|have|had)n't been)(?: \w{{2,12}}ly| ever)? (?:{_LOST})\b|\bnothing (?:was|has been|is) (?:{_LOST})\b"
           r"|\bkeine(?:rlei)? (?:[\wäöüß]{2,24} ){0,2}(?:daten|informationen|datensätze|konten) (?:wurden|sind|waren|haben)\b"
           rf"|\b(?:daten|informationen|datensätze|konten|passwörter)(?: von [\wäöüß]{{2,20}})? (?:wurden|sind|waren)(?: [\wäöüß]{{2,20}}){{0,2}} (?:nicht|nie|niemals)(?: [\wäöüß]{{2,20}})? (?:{_LOST_DE})\b",
           _NO_DATA, GDPR, "no_personal_data"),
    Phrase("overpromise", r"\b(?:no(?:body| one)?|none of (?:our|the|your)) ?(?:[\w-]{2,14} )?(?:people|persons?|customers?|users?|clients?|individuals?)? ?"
           r"(?:was|were|is|are|has been|have been) (?:affected|harmed|impacted|concerned|hit)\b"
           r"|\b(?:niemand|kein(?:e|er)?(?: [\wäöüß]{2,20})? (?:kunden?|personen?|menschen?|nutzer)) (?:ist|war|wurde|sind|waren|wurden)(?: [\wäöüß]{2,20})? (?:betroffen|geschädigt)\b",
           _NOBODY, GDPR, "nobody_affected"),
    Phrase("overpromise", r"\b(?:just|only|merely) an? (?:isolated|minor|small|single) (?:incident|issue|glitch|case|error)\b|\bisolated (?:incident|case)\b"
           r"|\b(?:nur|lediglich|bloß) ein(?:e|en)? (?:einzelfall|kleine[rs]?|geringfügige[rs]?)\b|\beinzelfall\b",
           _SMALL, FTC),
    *(Phrase("blame", pattern, why, BLAMELESS, cased=cased, names=names) for pattern, why, cased, names in BLAMING),
    Phrase("exploitable", r"\b(?:ignore|disregard|forget) (?:all |any |the |your )?(?:previous |prior |above )?(?:instructions?|rules|prompts?)\b"
           r"|\b(?:ignorier\w{1,3}|vergiss) (?:alle |die |deine )?(?:bisherigen |vorherigen )?(?:anweisungen|regeln)\b"
           r"|\bsystem prompt\b|\bjailbreak\b|<\|im_start\|>",
           "it repeats what the agent was told: say that it followed an instruction from outside, not which", SAFE),
    Phrase("exploitable", r"/control/|\blocalhost\b|\b(?:10|127)\.\d{1,3}\.\d{1,3}\.\d{1,3}\b|\b192\.168\.\d{1,3}\.\d{1,3}\b"
           r"|\b172\.(?:1[6-9]|2\d|3[01])\.\d{1,3}\.\d{1,3}\b",
           "it shows where controls can be reached: leave the address out", SAFE),
    Phrase("exploitable", r"\b[A-Z][A-Z0-9]{1,30}_(?:[A-Z0-9]{1,30}_)?(?:TOKEN|SECRET|KEY|PASSWORD)\b",
           "it names where a secret is kept: leave the name out", SAFE, cased=True),
    Phrase("exploitable", r"\[:\]//", "it holds an address that came from outside: leave it out, nobody is to follow it", SAFE,
           audiences=("customers", "regulator", "counterparty")),
    Phrase("exploitable", r"\b(?:proof of concept|exploit (?:code|steps?)|steps? to reproduce|attack payload)\b"
           r"|\b(?:said|saying|read|reads|wrote|sent the (?:mail|message)) ['\"“‘„][^'\"”’“]{0,200}\b(?:forward|send|delete|transfer|export|upload|execute|run)\b",
           "it says how to do it again: say what it led to", SAFE, audiences=("customers", "counterparty")),
)  # fmt: skip
_OURSELVES: Final = ("We", "I", "Wir", "Ich", "Who", "Nobody", "Niemand")
_NEVER_DENIED: Final = ("blame", "exploitable")
_COMPILED: Final = tuple((one, re2.compile(one.pattern if one.cased else f"(?i){one.pattern}")) for one in PHRASES)


def said(sentence: str, audience: str, holds: Mapping[str, Any], own: tuple[str, ...] = ()) -> Iterator[Phrase]:
    """The phrases that ``sentence`` says to ``audience`` and must not. ``holds`` says which ``unless`` are true.

    ``own`` are the names of the agent and of the entity that speaks, which no sentence blames by being about them.
    """
    plain = sentence.replace("\u2019", "'")
    for one, compiled in _COMPILED:
        if audience not in one.audiences or (one.unless and holds.get(one.unless)):
            continue
        for found in compiled.finditer(plain):
            if one.rule not in _NEVER_DENIED and denied(plain[: found.start()]):
                continue
            if one.names and _own(found.group(0), own):
                continue
            yield one
            break


def _own(matched: str, own: tuple[str, ...]) -> bool:
    """Whether the name that was matched is the own one: whoever answers for something themselves blames nobody."""
    return matched.split()[0] in _OURSELVES or any(name and name.lower() in matched.lower() for name in own)
