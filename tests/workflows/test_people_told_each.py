"""Whom to tell, typed as people type it: the list sealed and reviewed, one mail each, bounces on record, handed off."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

CUSTOMER = "contract-dpa-notification"
LISTED = "email,place,name\nann@mail.example,DE,=Ann\nANN@mail.example,DE,\nbob@mail.example,US-CA,Bob\nno-address-C-7,DE,Cy\n"


async def typed(house: Any, *words: str) -> tuple[int, Any, str]:
    """Run ``halon`` with these words; exit code, JSON, and what it said beside it."""
    done = await house.typed(*words, "--json")
    return done.code, done.value, done.err


def to_each(house: Any) -> None:
    """The contract's notice goes to each affected person by itself."""
    kit = Path(house.environ["HALON_KIT"])
    file = kit / "communications.yaml"
    text = file.read_text("utf-8")
    channel = "  people-mail: {kind: smtp, server_env: HALON_SMTP, security: none, from: trust@acme.example, each_affected: true}\n"
    file.write_text(text.replace("  customer-mail:", f"{channel}  customer-mail:", 1), "utf-8")
    regime = kit / "regimes" / "contract-dpa.yaml"
    regime.write_text(regime.read_text("utf-8").replace("channel: customer-mail", "channel: people-mail"), "utf-8")


async def gate(house: Any, words: str, *, without: str = "") -> dict[str, Any]:
    for _ in range(2400):
        for one in await house.open_gates():
            asked = "\n".join(one["question"])
            if one["subject"] == CUSTOMER and words in asked and not (without and without in asked):
                return dict(one)
        await asyncio.sleep(0.1)
    raise AssertionError([(one["id"], one["question"]) for one in await house.open_gates()])


async def test_everybody_on_the_reviewed_list_is_told_once_and_each_is_proved(house: Any, tmp_path: Path) -> None:
    """Sealed, counted, reviewed, agreed with the fact; then one mail each, and a bounce stops nobody else's."""
    to_each(house)
    file, out = tmp_path / "people.csv", tmp_path / "mail-tool.csv"
    file.write_text(LISTED, "utf-8")
    async with house.worker():
        await house.prepare()
        await house.contained()
        reference = (await house.query("status"))["reference"]
        await gate(house, "CHECK FAILED, list-named")
        who = ("--by", "pat", "--reason", "from the mail log")
        code, named, err = await typed(house, "affected", reference, "--csv", str(file), *who)
        assert (code, named["count"], named["doubles"], named["places"]) == (0, 3, 1, {"DE": 2, "US-CA": 1}), err
        forged = await house.say("affected", by="pat", reason="r", evidence=named["sha256"], count=4)
        assert forged.startswith("CountDiffers")
        assert (await house.say("affected", by="tom", reviewed=True, reason="r")).startswith("NotAuthorised")
        await house.say("fact", by="pat", name="affected_individuals", value=5, reason="a first count")
        await gate(house, "list-agrees: the list names 3 people, and the fact affected_individuals is 5")
        await house.say("fact", by="pat", name="affected_individuals", value=3, reason="counted by the list")
        asked = await gate(house, "CHECK FAILED, list-reviewed", without="list-agrees")
        assert (await house.say("approve", by="cus", gate=asked["id"])).startswith("CheckFailed")
        own = await house.say("affected", by="pat", reviewed=True, reason="r")
        assert "You named this list yourself: cus or" in own
        seen = ("--by", "cus", "--reason", "looked through it")
        assert (await typed(house, "affected", reference, "--reviewed", *seen))[0] == 0
        asked = await gate(house, "", without="CHECK FAILED")
        await house.approve(CUSTOMER, by="cus")
        await house.filed("contract-dpa")
        told = sorted(to for to, text in house.mailbox.mails if any(one.endswith("@mail.example") for one in to))
        assert told == [["ann@mail.example"], ["bob@mail.example"]]
        one = next(each for each in await house.query("notices") if each["id"] == CUSTOMER)
        assert one["receipt"].startswith("2 sent, 1 refused, 0 uncertain")
        left = {task["id"]: task for task in (await house.query("status"))["tasks"]}[f"notify/reach-{CUSTOMER}"]
        assert (left["status"], "1 person did not get" in left["words"]) == ("open", True)
        code, exported, err = await typed(house, "affected", reference, "--export", str(out), *who)
        assert (code, exported["count"]) == (0, 3), err
        assert "ann@mail.example,DE,'=Ann" in out.read_text("utf-8")
        assert out.stat().st_mode & 0o077 == 0
        lines = [line["text"] for line in await house.query("timeline")]
        assert any("pat" in line and "reads evidence" in line for line in lines)
        assert not any("@mail.example" in line for line in lines)
        held = (await typed(house, "evidence", reference))[1]["evidence"]
        assert any(each["name"].endswith("recipients.csv") for each in held)


async def test_the_people_are_taken_from_the_sealed_action_log(house: Any) -> None:
    """Those whom the calls that were not allowed concern; reading the log stands on record."""
    async with house.worker():
        await house.prepare()
        await house.contained()
        reference = (await house.query("status"))["reference"]
        held = (await typed(house, "evidence", reference))[1]["evidence"]
        log = next(one for one in held if one["kind"] == "actions")
        who = ("--by", "pat", "--reason", "whom did it hit")
        code, named, err = await typed(house, "affected", reference, "--from", log["id"], *who)
        assert code == 0, err
        assert named["count"] >= 1
        state = await house.query("report")
        assert (state["affected"]["count"], state["affected"]["reviewed_by"]) == (named["count"], "")
        assert state["affected"]["places"] == {"": named["count"]}  # nobody knows where they are, and that is counted
