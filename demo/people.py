"""Acts 7 to 9: mistakes and Temporal's own buttons, facts and approvals, the law's clocks and the notices."""

from __future__ import annotations

import json
import re
from email.message import EmailMessage

from scene import REVOKE_PATH, TOKEN, TOOL_PATH, Scene
from speaking import now

NOTICES = (
    ("contract-dpa-notification", "cus", "security@customer.example"),
    ("eu-gdpr-33-notification", "pat", "breach-notices@authority.example"),
)


def buttons(scene: Scene) -> None:
    """7: a misspelt signal, an empty one, cancel, reset."""
    tell, say = scene.tell, scene.say
    tell.act("7. Mistakes, and Temporal's own buttons")
    tell.check(
        "temporal workflow signal --name aprove is sent",
        say.temporal("signal", "--name", "aprove", "--input", "{}").code == 0,
    )
    line = scene.wait_for_line("Refused aprove")
    tell.check("the log refuses it and says the right name", "'approve'" in line, line.partition(" Known:")[0])
    tell.check(
        "temporal workflow signal --name approve without any input",
        say.temporal("signal", "--name", "approve").code == 0,
    )
    tell.check("the log refuses it", line := scene.wait_for_line("Refused approve", "0 inputs"), line)
    tell.check("temporal workflow cancel", say.temporal("cancel").code == 0)
    line = scene.wait_for_line("asked Temporal to cancel")
    tell.check("the incident is still open, and it is on record", say.status().get("closed_at") is None, line)
    known = say.status()
    tell.check("temporal workflow reset to the first task",
               say.temporal("reset", "--type", "FirstWorkflowTask", "--reason", "the demo tries it").code == 0)  # fmt: skip
    line = scene.wait_for_line("Somebody reset this incident")
    tell.check("it goes on from where it was", "goes on from" in line, line)
    after = tell.until("the incident answers", say.status, lambda told: told.get("live"))
    tell.check("same severity, same gates, and the record only grew",
               after["severity"]["level"] == known["severity"]["level"] and after["record"]["entries"] > known["record"]["entries"]
               and [one.get("gate") for one in after["asked"]] == [one.get("gate") for one in known["asked"]],
               f"{after['severity']['level']}, {known['record']['entries']} entries, now {after['record']['entries']}")  # fmt: skip
    scene.calls_are_single(TOOL_PATH, 1)


def terminated(scene: Scene) -> None:
    """10d: terminate, the last of Temporal's own buttons."""
    tell, say = scene.tell, scene.say
    paged = len(scene.pages())
    before = say.status()["record"]["entries"]
    tell.check("temporal workflow terminate", say.temporal("terminate", "--reason", "the demo tries it").code == 0)
    line = scene.wait_for_line("Somebody terminated this incident", seconds=60)
    told = tell.until(
        "the incident answers", say.status, lambda told: told.get("live") and told["record"]["entries"] > before
    )
    tell.check("it is found, and reopened from its record", "reopened" in line and not told["closed_at"], line)
    tell.check(
        "it is the same incident, and what was proved stays proved",
        told["reference"] == say.reference and "the fix is proved" in told["headline"],
        told["headline"],
    )
    again = tell.until("ann is paged again", scene.pages, lambda pages: len(pages) > paged, 20)
    tell.check("somebody is paged again", again[paged:], f"{again[-1]}, page {len(again)} in pages.log")
    scene.said("ack", say.reference, "--by", "ann", what="halon ack")
    scene.calls_are_single(TOOL_PATH, 2)
    scene.calls_are_single(REVOKE_PATH, 1)


def approvals(scene: Scene) -> None:
    """8: who is there, what is known, and the irreversible one: refused from the wrong person, granted by the right one."""
    tell, say = scene.tell, scene.say
    tell.act("8. People: acknowledge, say what is known, approve what can't be taken back")
    ref = say.reference
    scene.said("ack", ref, "--by", "ann", what="halon ack")
    for name, value in (("gdpr_applies", "true"), ("risk_to_individuals", "risk"), ("aware_at", now())):
        scene.said("fact", ref, name, value, "--by", "pat", what=f"halon fact {name} {value}")
    gate = scene.wait_for_gate("revoke-token")
    for asked in gate["question"]:
        tell.saw(asked)
    tell.check(
        "the token is valid while the gate waits",
        say.agent(f"/control/tokens/{TOKEN}")["active"] and not say.calls(REVOKE_PATH),
    )
    wrong = say.halon("approve", ref, gate["id"], "--by", "tom", "--yes", "--json")
    tell.check(
        "tom may not approve it", wrong.code == 1 and say.gate("revoke-token")["status"] == "open", wrong.refusal
    )
    spoken = json.dumps({"by": "sue", "gate": gate["id"], "reason": "billing-bot gets a new token first"})
    granted = say.temporal("update", "execute", "--name", "approve", "--input", spoken)
    tell.check(
        "sue may: temporal workflow update execute --name approve",
        granted.code == 0,
        granted.out or granted.err,
        must=True,
    )
    scene.wait_for_action("revoke-token", "verified")
    token = say.agent(f"/control/tokens/{TOKEN}")
    tell.check(
        "the token is revoked, read back from the agent",
        token["active"] is False,
        f"{token['token']} active {token['active']}",
    )
    scene.calls_are_single(REVOKE_PATH, 1)
    answers = say.gate("revoke-token").get("answers") or []
    line = scene.log_line("name unverified", "approved", gate["id"])
    tell.check("the log says that nobody proved to be sue", line and [one["verified"] for one in answers] == [False],
               f"demo: name unverified. {line}")  # fmt: skip


def notices(scene: Scene) -> None:
    """9: each duty has its clock; each notice its decider, and leaves once."""
    tell, say = scene.tell, scene.say
    tell.act("9. Who must be told by when?")
    clocks = [one for one in say.halon("clocks", "--json").value if not one["what"].startswith("answer to gate")]
    duties = {one["id"]: one for one in say.query("obligations") or []}
    local = [stage["due_local"] for duty in duties.values() for stage in duty["stages"]]
    tell.check(
        "halon clocks shows a clock for each of them",
        len(clocks) == len(NOTICES),
        "; ".join(f"{one['what']}: {one['state']}" for one in clocks),
    )
    tell.check(
        "each due in its own local time",
        len(local) == len(NOTICES) and all("[" in one for one in local),
        "; ".join(local),
    )
    last = max(one["at"] for one in say.timeline() if "aware_at" in one["text"] and "pat" in one["actor"] + one["text"])
    for subject, decider, recipient in NOTICES:
        gate = scene.wait_for_gate(subject, opened_from=last)
        tell.check(f"nothing was sent to {recipient} before the approval", not scene.programs.mail.to(recipient))
        scene.said("approve", say.reference, gate["id"], "--by", decider, "--yes", what=f"{decider} approves {subject}")
        mails = tell.until(f"a mail for {recipient}", lambda to=recipient: scene.programs.mail.to(to), bool)  # type: ignore[misc]
        tell.check(
            f"the mail server has one mail for {recipient}",
            len(mails) == 1,
            f"{mails[0]['Subject']} {mails[0]['Message-ID']}",
        )
        scene.notice_head = _head_in(mails[0])
        tell.check("it has a Message-ID of its own, and the head of the record",
                   mails[0]["Message-ID"] and scene.notice_head, f"head {scene.notice_head[:16]}…")  # fmt: skip
    filed = tell.until("both are filed", lambda: [stage["filed_at"] for duty in say.query("obligations") or [] for stage in duty["stages"]],
                       lambda times: times and all(times))  # fmt: skip
    tell.check("both clocks have stopped", len(filed) == len(NOTICES), "filed " + ", ".join(filed))


def _head_in(mail: EmailMessage) -> str:
    found = re.search(r"record head:\s*([0-9a-f]{8,64})", mail.get_content())
    return found[1] if found else ""
