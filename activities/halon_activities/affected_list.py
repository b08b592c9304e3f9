"""The sealed list of affected people: found by its hash, read, counted again before anybody's word about it is taken."""

from __future__ import annotations

from halon.incident.assessment import Person
from halon.incident.errors import Malformed
from halon.judgement.communication.people import People, by_place, read
from halon.judgement.iso_places import no_place
from halon.kit import Kit
from halon.ports.triage import Claimed
from halon.record.holdings import Holding, Stores, content, holdings
from halon_activities.failures import EvidenceMissing, in_words
from halon_activities.hands import Hands
from halon_activities.people import people

UNKNOWN = "UnknownEvidence"


def others(kit: Kit, who: Person) -> tuple[str, ...]:
    """Who may say ``affected`` besides ``who``: a second person looks through a list, where there is one."""
    return tuple(one.name for one in people(kit) if one.name != who.name and kit.may("affected", one.roles)[0])


async def objection(hands: Hands, claimed: Claimed) -> tuple[str, str]:
    """What speaks against a list that somebody names: it is not sealed here, can't be read, or holds another number.

    The type of the refusal and why; both empty if nothing does. Raises RecordError, OSError.
    """
    if claimed.parameters.get("reviewed"):
        return "", ""
    sha256 = str(claimed.parameters.get("evidence", "")).lower()
    held = await _held(hands, claimed.incident_id, sha256)
    if held is None:
        return (
            UNKNOWN,
            f"no artefact with the SHA-256 {sha256[:16]!r} is sealed for this incident: halon affected ID --csv FILE",
        )
    try:
        people = await people_of(hands, claimed.incident_id, sha256)
    except (Malformed, EvidenceMissing) as error:
        return UNKNOWN, f"{held.id} is no list of people: {in_words(error)}"
    if people.count != claimed.parameters.get("count"):
        return "CountDiffers", f"{held.id} names {people.count} people, not {claimed.parameters.get('count')}"
    if wrong := next((why for one in people.all if one.place and (why := no_place(one.place))), ""):
        return UNKNOWN, f"{held.id} is no list of people: {wrong}"
    said = claimed.parameters.get("places") or {}
    if said and said != people.places:
        return "CountDiffers", f"{held.id} counts {people.places or 'no place of everybody'}, not {said}"
    return "", ""


async def counted(hands: Hands, claimed: Claimed) -> dict[str, int]:
    """How many people of a list that somebody names are in each place. Raises EvidenceMissing, Malformed, Tampered."""
    if claimed.command != "affected" or claimed.parameters.get("reviewed"):
        return {}
    return by_place(await people_of(hands, claimed.incident_id, str(claimed.parameters.get("evidence", "")).lower()))


async def people_of(hands: Hands, incident_id: str, sha256: str) -> People:
    """The people on the sealed list. Raises EvidenceMissing, Malformed, Tampered."""
    held = await _held(hands, incident_id, sha256)
    if held is None:
        raise EvidenceMissing(f"the list of affected people {sha256[:16]!r} is not sealed for this incident")
    return read(await content(hands.evidence, held))


async def _held(hands: Hands, incident_id: str, sha256: str) -> Holding | None:
    if len(sha256) != 64:
        return None
    found = await holdings(incident_id, Stores(hands.record, hands.evidence), hands.kit.evidence)
    return next((one for one in found if one.sha256 == sha256), None)
