"""What the alerts of a source may set off without people: alone, only with corroboration, or never."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from halon.incident.assessment import Level

REPORT = "report"
"""What people's reports come from, whatever the kit calls it."""
Acting = Literal["alone", "corroborated", "never"]


@dataclass(frozen=True, slots=True)
class Trust:
    """What a source's alerts may do, up to the level ``up_to`` (SEV1 is the gravest, so SEV1 means always).

    Beyond that level they may do one step less: ``alone`` needs corroboration, ``corroborated`` needs people.
    """

    actions: Acting = "alone"
    up_to: Level = "SEV1"

    def at(self, level: Level) -> Acting:
        """What the source's alerts may do in an incident of ``level``."""
        if level >= self.up_to:  # SEV4 is the mildest
            return self.actions
        return "corroborated" if self.actions == "alone" else "never"


FULL = Trust()
CAUTIOUS = Trust("corroborated")
"""What holds for people's reports, and for a source that the kit does not name."""


@dataclass(frozen=True, slots=True)
class Say:
    """Whether what the alerts call for may run without people. ``why`` says so in plain words; empty: nothing to say."""

    may: bool = True
    why: str = ""


def say(sources: Sequence[str], trust: Mapping[str, Trust], level: Level, *, confirmed: bool) -> Say:
    """What ``sources``, whose alerts fire, may set off in an incident of ``level``.

    One of them that may act alone is enough. Else it takes corroboration: that the incident is ``confirmed`` (seen in
    telemetry, or by a person who looked), or that two of them that ``trust`` names say the same. Where all may never act, people decide.
    A source that ``trust`` does not name needs corroboration. No sources: nobody told who spoke, and nothing is held.
    """
    known = {name: trust.get(name, CAUTIOUS) for name in sources}
    acting = {name: held.at(level) for name, held in known.items()}
    alone = next((name for name, may in acting.items() if may == "alone"), "")
    if alone or not sources:
        up_to = f" up to {known[alone].up_to}" if alone and known[alone].up_to != "SEV1" else ""
        return Say(True, f"{alone} may act alone{up_to}" if alone else "")
    with_another = [name for name, may in acting.items() if may == "corroborated"]
    if not with_another:
        return Say(False, f"{_all(list(sources))} may not set anything off in an incident of {level}: people decide")
    if confirmed:
        said = "a person" if with_another == [REPORT] else _all(with_another)
        return Say(True, f"what {said} said is confirmed")
    known_voices = [name for name in with_another if name in trust]  # a made-up name backs nothing up
    if len(known_voices) > 1:
        return Say(True, f"{_all(known_voices)} say the same")
    only = next(iter(known_voices), with_another[0])
    if only == REPORT:
        return Say(False, "only a person's report so far: waiting for corroboration")
    if only not in trust:
        return Say(False, f"only {only[:60]} so far, which the kit does not know: waiting for corroboration")
    more = f" beyond {known[only].up_to}" if known[only].actions == "alone" else ""
    return Say(False, f"only {only} so far, which may not act alone{more}: waiting for corroboration")


def _all(names: Sequence[str]) -> str:
    shown = [name[:60] for name in names[:5]]
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"
