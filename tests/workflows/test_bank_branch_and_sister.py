"""A European bank's agent acted wrongly, with a branch in the United States and a sister that processes for it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import yaml

from halon.incident import times

ENTITIES = {
    "bank-eu": (["controller", "financial_entity_dora", "nis2_essential", "ai_deployer"], "DE", "Europe/Berlin"),
    "bank-us": (["us_banking_organization"], "US", "America/New_York"),
    "sister": (["processor"], "DE", "Europe/Berlin"),
}
DORA, GDPR, BRANCH = "eu-dora-19", "eu-gdpr-33", "us-bank36@bank-us"


def bank(house: Any) -> None:
    """The kit of a bank: its three legal entities, the law of both places, and its agent."""
    kit = house.settings.kit
    body = {"name": "an authority", "recipient": "notices@authority.example"}
    for name, (roles, place, zone) in ENTITIES.items():
        told = {
            "name": name,
            "roles": roles,
            "establishments": [place],
            "zone": zone,
            "authorities": {"data_protection": body},
        }
        (kit / "entities" / f"{name}.yaml").write_text(yaml.safe_dump(told))
    for file, old, new in (
        (kit / "organisation.yaml", "packs: []", "packs: [eu, us-finance]"),
        (kit / "agents" / "support-bot.yaml", "entity: acme-eu", "entity: bank-eu"),
    ):
        assert old in file.read_text()
        file.write_text(file.read_text().replace(old, new))


async def becoming(house: Any, true: Callable[[dict[str, dict[str, Any]]], Any]) -> dict[str, dict[str, Any]]:
    """The duties of the one incident by name, once it holds of them."""
    found: dict[str, dict[str, Any]] = {}
    for _ in range(2400):
        found = {one["key"]: one for one in await house.query("obligations")}
        if found and true(found):
            return found
        await asyncio.sleep(0.1)
    raise AssertionError({name: (one["status"], one["stages"]) for name, one in found.items()})


def due(found: dict[str, dict[str, Any]], name: str, stage: str) -> str:
    return str(next(one["due"] for one in found[name]["stages"] if one["id"] == stage))


async def test_the_clocks_of_all_three_stand_in_one_incident(house: Any) -> None:
    """Each from its own entity's moment: four hours, 72 and 36; a filing of one leaves the others, and so does a decline."""
    bank(house)
    began = datetime.now(UTC)

    def ago(minutes: int) -> str:
        return times.text(began - timedelta(minutes=minutes))

    def after(minutes: int, hours: int) -> str:
        return times.text(times.parse(ago(minutes)) + timedelta(hours=hours))

    said = {
        "": {"entities_involved": ["bank-us", "sister"], "personal_data_involved": True, "gdpr_applies": True, "risk_to_individuals": "risk"},
        "bank-eu": {"dora_entity_type": "bank", "major_ict_incident": True, "significant_incident": True, "critical_service_affected": True,
                    "transactions_affected_pct": 14, "ai_system_high_risk": True, "serious_incident_limbs": ["serious_property_harm"],
                    "aware_at": ago(90), "classified_major_at": ago(60)},
        "bank-us": {"notification_incident": True, "determined_incident_at": ago(45)},
        "sister": {"aware_at": ago(80)},
    }  # fmt: skip
    async with house.worker():
        await house.open(started_at=ago(120))
        await becoming(house, lambda one: DORA in one)
        for entity, facts in said.items():
            for name, value in facts.items():
                of = {"entity": entity} if entity else {}
                told = await house.say("fact", by="pat", name=name, value=value, reason="read in the bank's log", **of)
                assert house.refusals == [], told
        found = await becoming(
            house,
            lambda one: (
                due(one, DORA, "initial") == after(60, 4)
                and one.get(BRANCH, {}).get("status") == "applies"
                and due(one, BRANCH, "regulator") == after(45, 36)  # the bank's own moment is judged as well
            ),
        )
        assert due(found, DORA, "intermediate") == after(60, 4 + 72)
        assert due(found, GDPR, "notification") == after(90, 72)
        assert due(found, BRANCH, "regulator") == after(45, 36)
        assert {found[name]["entity"] for name in (DORA, GDPR)} == {"bank-eu"}
        assert found[BRANCH]["entity"] == "bank-us"
        assert found["eu-nis2-23"]["displaced_by"] == DORA
        assert found["eu-aiact-26-5"]["status"] == "dormant"
        assert found[f"{GDPR}@sister"]["status"] == "does_not_apply"
        assert found["eu-gdpr-33-2@sister"]["status"] == "review_required"
        assert found[f"{DORA}@bank-us"]["status"] == found["us-bank36"]["status"] == "does_not_apply"
        soonest = [f"{one['obligation']}/{one['stage']}" for one in (await house.query("report"))["deadlines"]]
        mine = [f"{DORA}/initial", f"{BRANCH}/regulator", f"{GDPR}/notification", f"{DORA}/intermediate"]
        assert [one for one in soonest if one in mine] == mine

        filed = await house.say(
            "filed", by="pat", obligation=DORA, stage="initial", reference="D-1", reason="on the portal"
        )
        assert "was filed" in filed, filed
        later = await becoming(house, lambda one: due(one, DORA, "intermediate") != after(60, 4 + 72))
        assert due(later, DORA, "intermediate") < due(found, DORA, "intermediate")
        assert (due(later, BRANCH, "regulator"), due(later, GDPR, "notification")) == (after(45, 36), after(90, 72))
        assert "declined" in await house.say("decline", by="pat", obligation=BRANCH, reason="the branch's service ran")
        later = await becoming(house, lambda one: one[BRANCH]["decided"] == "declined")
        assert (later[BRANCH]["clock_runs"], later[DORA]["clock_runs"], later[GDPR]["clock_runs"]) == (
            False,
            True,
            True,
        )
