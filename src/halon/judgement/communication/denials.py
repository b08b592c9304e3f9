"""Whether the words right before a phrase say its opposite: then nothing is promised by it.

Only words that stand directly before it count, or that say in so many words that something is not said, is checked, or
is told later. "Not to worry, there is no risk" denies nothing.
"""

from __future__ import annotations

from typing import Final

import re2

_BEFORE: Final = 80
"""Characters before a phrase that are looked at."""
_IT: Final = (
    r"(?:(?:it|this|that|they|there|everything|(?:the|your|our|all|any|every|des|das|die|der|dies|es|ihre|unsere|alles)(?: [\wäöüß-]{2,20})?)"
    r"(?: (?:is|are|was|were|has|have|had|been|ist|sind|war|wird|wurde))?(?: been)?\s+)?"
)
_SAY: Final = r"say|claim|know|promise|assume|mean|call|guarantee|assure|confirm|rule out|exclude|conclude|state"
_SAY_DE: Final = r"sagen|behaupten|wissen|versprechen|zusagen|garantieren|zusichern|bestätigen|ausschließen"
_DENYING: Final = re2.compile(
    r"(?i)(?:"
    # directly before: "is not fully resolved", "we can't guarantee", "ist noch nicht behoben"
    r"(?:\b(?:not|never|cannot|nicht|niemals)|n't)(?: (?:yet|be|been|say|wir|uns|ihnen|noch|als))?\s+"
    # "we can't say that it is"
    rf"|(?:\b(?:not|never|cannot)|n't)(?: yet)?(?: be)? (?:{_SAY})(?: (?:you|yet|sure|it|to you))?(?: (?:that|whether|if|when|how))?\s+{_IT}"
    rf"|\bnicht(?: [\wäöüß]{{2,12}})? (?:{_SAY_DE}), (?:dass|ob|wann)\s+{_IT}"
    rf"|\b(?:too early|zu früh) (?:to say|um zu sagen),?(?: (?:that|whether|if|dass|ob))?\s+{_IT}"
    # what is told later: "we tell you when it has been fixed", "until it is fully resolved"
    rf"|\b(?:tell|inform|write to|notify|let) (?:you|them|everybody)(?: know)?(?: again)? (?:when|once|as soon as|whether|if)\s+{_IT}"
    rf"|\b(?:sagen|schreiben|melden uns bei|informieren) (?:wir )?(?:ihnen|sie)?,? ?(?:wenn|sobald|ob)\s+{_IT}"
    rf"|\b(?:until|bis|whether(?: or not)?|ob)\s+{_IT}"
    r")$"
)


def denied(before: str) -> bool:
    """Whether ``before``, what stands in the sentence before a phrase, says its opposite."""
    return _DENYING.search(before[-_BEFORE:]) is not None
