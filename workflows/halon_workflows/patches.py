"""Where workflow code took another way once: the names under which histories of before go on as they were.

Each is asked for only where the old way and the new one part, so that nothing else gains a marker.
"""

from __future__ import annotations

OBSERVED = "observed-goes-on"
"""What nothing stopped and nobody saw stop has not stopped, also where the agent is only observed."""
STRONGER = "stronger-mode"
"""What was only noted, or waited for a yes that is no longer needed, is done once the agent's mode allows it."""
WEAKER = "weaker-mode"
"""Nothing new is begun, and no gate stays open, once the agent is only observed; what was begun is read back."""
ANSWERS = "look-after-answers"
"""People are waited for before anybody looks whether what they have not answered yet helped."""
ALERTS = "judge-on-alerts"
"""While the mode holds Halon back, an alert that joins is judged too: the kit may say otherwise by now."""
UNDECIDED = "rerun-undecided"
"""A rerun that could not be made decides nothing: what was said to be done is not called failed."""
SAID_AGAIN = "said-again"
"""A person's word about now counts each time, also where it is the same word as before."""
OTHERS = "other-incidents"
"""Other incidents of the agent are looked up, before the assessment and before a notice is asked about."""
FOLLOWS = "follows-a-merge"
"""An incident that comes after one that was merged looks, before all else, whether it belongs there too."""
BESIDE = "sealed-beside"
"""Evidence is sealed beside what can be undone; what can't be undone waits for it as before."""
ALREADY = "already-so"
"""An irreversible action is read back before anybody is asked: what is so already needs no yes."""
BY_HAND = "by-hand"
"""A Signal that stops the agent, or says that it was stopped elsewhere, is looked up; before, it was refused as unknown."""
GLASS = "break-glass"
"""A Signal of a command that came with the broken glass is looked up; before, it was refused as unknown."""
DUTIES = "duties"
"""A Signal of a command that came with the duties to notify is looked up; before, it was refused as unknown."""
CAME_WITH = {
    **dict.fromkeys(("break-glass", "review", "restrict", "look"), GLASS),
    **dict.fromkeys(("hold", "late-reason", "affected"), DUTIES),
}
"""Commands that are younger than the oldest histories, by name, and the patch that each came with."""
UNPROVED = "asked-again-unproved"
"""Where history does not show the approval that an action needs, its gate is asked anew; before, it stayed granted."""
KEPT_YES = "yes-kept"
"""A notice that a channel does not take is tried again under its yes, and counts as not sent only where that is proved."""
CIRCLES = "circles-are-told"
"""Of incidents that are merged into each other, the one that goes on is told of the circle by the other one."""
LOOKED_ANEW = "looked-anew"
"""What came into force while it was looked whether the harm goes on is looked at anew; before, that look counted."""

BEFORE_FORM_3 = frozenset({BESIDE, ALREADY})
"""Patches asked for in every run that are older than an opening's form 3: one that was opened so needs no marker for them.
None may be added: a younger patch parts the histories of that form as well."""
VERIFIED_AGAIN = "fact-verified-again"
"""A fact is verified anew where it came with others."""
BEFORE_FORM_4 = BEFORE_FORM_3 | {
    OBSERVED, STRONGER, WEAKER, ANSWERS, ALERTS, UNDECIDED, SAID_AGAIN, OTHERS, FOLLOWS, BY_HAND, GLASS, DUTIES, UNPROVED,
    KEPT_YES, CIRCLES, LOOKED_ANEW, VERIFIED_AGAIN,
}  # fmt: skip
"""Patches that are older than an opening's form 4: one that was opened so needs no marker for any of them.

Measured with SDK 1.35: where a query comes with the first workflow task, that task ends once the local activity of the
first look is over, and its answer is taken up by the next one. A replay takes it up in the first, before it hears of
markers that the next one recorded: every ``patched`` is False there, and the incident is wedged. So what is reached within
the first look's task has no markers: a younger patch there needs a form of its own. None may be added here.
"""
