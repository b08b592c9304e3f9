"""Scenes of people: the approval of what can't be undone, a typing mistake, the law's clocks and the notices."""

from __future__ import annotations

import re
from datetime import datetime
from email.message import EmailMessage

from scene import REVOKE_PATH, TOKEN, Scene, moment, plural, spaced
from speaking import now

NOTICES = (
    ("contract-dpa-notification", "cus", "Cus, who looks after the customers,", "security@customer.example"),
    ("eu-gdpr-33-notification", "pat", "Pat, the privacy officer,", "breach-notices@authority.example"),
)


def approval(scene: Scene) -> None:
    """The gate of the token: its whole question, and the answer of somebody who may not give it."""
    tell, say = scene.tell, scene.say
    tell.scene("What can't be undone needs a person", "The agent's key should be revoked for good. Halon may not do that alone: "
               "it asks the security lead, and says all that one needs to decide.")  # fmt: skip
    gate = scene.gate = scene.wait_for_gate("revoke-token", what="Halon asks for the approval")
    rows = [(name, text) for name, _, text in (one.partition(": ") for one in gate["question"])]
    tell.box(f"Approval needed: {gate['title']}", [*rows, ("Asked of", spaced(gate["policy"]["roles"]))], mark="gate")
    asked = " ".join(gate["question"])
    tell.check("it says who else is hit, what would be gentler, the way back, and what happens if nobody answers",
               all(word in asked for word in ("billing-bot", "Gentler: ", "The way back: ", "If nobody answers: ")),
               f"until {_local(gate['deadline_at'])}")  # fmt: skip
    tell.check("meanwhile nothing happens to the key", say.agent(f"/control/tokens/{TOKEN}")["active"] and not say.calls(REVOKE_PATH),
               f"{TOKEN} is valid, {plural(len(say.calls(REVOKE_PATH)), 'call')} to revoke it")  # fmt: skip
    wrong = say.halon("approve", say.reference, gate["id"], "--by", "tom", "--yes", "--json")
    tell.check("Tom, an engineer, says yes: refused", wrong.code == 1 and say.gate("revoke-token")["status"] == "open",
               wrong.refusal.partition(": ")[2], mark="refused")  # fmt: skip


def typo(scene: Scene) -> None:
    """A misspelt signal, and one without its content: both answered in the log, none lost."""
    tell, say = scene.tell, scene.say
    tell.scene("Somebody tired mistypes", "The same things can be said with Temporal's own command line. A misspelt word is no "
               "silence: the incident answers with the right one.")  # fmt: skip
    tell.saw(f"typed: temporal workflow signal --name aprove --workflow-id {say.workflow_id}")
    sent = say.temporal("signal", "--name", "aprove", "--input", "{}")
    tell.check(
        "Temporal takes it without a word", sent.code == 0, " ".join(sent.out.split()) or "no complaint", must=True
    )
    line = scene.wait_for_line("Refused aprove", what="the incident answers")
    tell.check("the incident says the right name", "'approve'" in line, line.partition(" Known:")[0], mark="typo")
    sent = say.temporal("signal", "--name", "approve")
    line = scene.wait_for_line("Refused approve", "an empty input", what="the incident answers")
    tell.check("the right name with nothing in it is answered too", sent.code == 0 and line, line)


def granted(scene: Scene) -> None:
    """The right person says yes; it runs once, and is read back."""
    tell, say = scene.tell, scene.say
    tell.scene(
        "The right person says yes", "Sue is the security lead. She answers with Temporal's own command line this time."
    )
    gate = scene.gate or {}
    answer = say.update("approve", by="sue", gate=gate["id"], reason="billing-bot gets a new token first")
    tell.check(
        "Sue approves exactly what was shown", answer.code == 0, answer.out or answer.err, must=True, mark="granted"
    )
    was = scene.wait_for_action("revoke-token", "verified", what="Halon revokes the key and reads it back")
    token = say.agent(f"/control/tokens/{TOKEN}")
    tell.check("the agent says that its key is revoked", token["active"] is False, f"{token['token']} no longer valid",
               at=was["verified_at"], mark="revoked")  # fmt: skip
    called = moment(say.calls(REVOKE_PATH)[0]["first_at"])
    tell.check("after the evidence was sealed", scene.sealed_at and moment(scene.sealed_at) < called,
               f"{(called - moment(scene.sealed_at)).total_seconds():.1f} s after", at=was["verified_at"])  # fmt: skip
    scene.carried_out_once(REVOKE_PATH, 1, mark="revoked-once")
    answers = say.gate("revoke-token").get("answers") or []
    line = scene.log_line("name unverified", "approved", gate["id"])
    tell.check("demo: name unverified. Nobody proved to be Sue, and the log says so", line and [one["verified"] for one in answers] == [False],
               line)  # fmt: skip


def clocks(scene: Scene) -> None:
    """Each duty has its clock from the start, and names the answers that it needs."""
    tell, say = scene.tell, scene.say
    tell.scene("Who must be told, by when?", "Customer records left the house, so contracts and laws may set deadlines. "
               "Their clocks run from the start, also while it is open whether they apply.")  # fmt: skip
    duties = say.query("obligations") or []
    shown = {one["what"].partition("/")[0]: one["state"] for one in say.halon("clocks", "--json").value}
    tell.box(
        "Clocks running", [(_due(one), f"to {one['authority']}: {shown.get(one['id'], 'no clock')}") for one in duties]
    )
    tell.check("each has its deadline in local time, and says what it still has to know",
               len(duties) == len(NOTICES) and all(one["clock_runs"] and "[" in stage["due_local"] for one in duties for stage in one["stages"]),
               f"{plural(len(duties), 'clock')}")  # fmt: skip
    for name, value in (("gdpr_applies", "true"), ("risk_to_individuals", "risk"), ("aware_at", now())):
        scene.said(
            "fact",
            say.reference,
            name,
            value,
            # Later than the first alert: that loosens a clock, so she says why.
            *(("--reason", "the action log left no doubt only now") if name == "aware_at" else ()),
            "--by",
            "pat",
            what=f"Pat, the privacy officer, answers: {spaced([name])}",
        )
    after = say.query("obligations") or []
    tell.check("now the law is clear: both apply", [one["status"] for one in after] == ["applies"] * len(NOTICES),
               "; ".join(f"{one['authority']}: {one['status']}, due {_due(one)}" for one in after))  # fmt: skip


def notices(scene: Scene) -> None:
    """Drafts, their approvals, and the mails that left, each once."""
    tell, say = scene.tell, scene.say
    tell.scene("The letters", "Halon has drafted both. Nothing leaves without the person who decides about it.")
    last = max(one["at"] for one in say.timeline() if "aware_at" in one["text"] and one["actor"] == "pat")
    for subject, decider, who, recipient in NOTICES:
        gate = scene.wait_for_gate(subject, what="the draft waits for its approval", opened_from=last)
        tell.check("nothing has been sent before the approval", not scene.programs.mail.to(recipient),
                   f"{plural(len(scene.programs.mail.to(recipient)), 'mail')} to {recipient}")  # fmt: skip
        scene.said("approve", say.reference, gate["id"], "--by", decider, "--yes", what=f"{who} approves the draft")
        mails = tell.until("the mail arrives", lambda to=recipient: scene.programs.mail.to(to), bool)  # type: ignore[misc]
        scene.notice_head = _head_in(mails[0])
        tell.check("the mailbox has it, once, and it names the head of the log", len(mails) == 1 and scene.notice_head,
                   f"head {scene.notice_head[:8]}…")  # fmt: skip
        tell.box(f"Mail to {recipient}", [("Subject", mails[0]["Subject"]), ("Begins", _beginning(mails[0]))], "cyan")
    filed = tell.until("both are noted as sent", lambda: [stage["filed_at"] for duty in say.query("obligations") or []
                       for stage in duty["stages"]], lambda times: times and all(times))  # fmt: skip
    tell.check(
        "both clocks have stopped", len(filed) == len(NOTICES), "filed " + ", ".join(_local(one) for one in filed)
    )


def _due(duty: dict[str, object]) -> str:
    stages = duty["stages"]
    assert isinstance(stages, list)
    return ", ".join(_local(str(stage["due_local"])) for stage in stages)


def _local(text: str) -> str:
    """``2026-11-25T14:34:22+01:00[Europe/Berlin]`` as a person reads it; without a zone in it, in this machine's."""
    stamp, _, zone = text.rstrip("]").partition("[")
    at = datetime.fromisoformat(stamp)
    return f"{at:%a %d %b %H:%M} {zone}" if zone else f"{at.astimezone():%a %d %b %H:%M:%S %Z}"


def _beginning(mail: EmailMessage) -> str:
    """The first paragraphs of a mail, on one line."""
    return " ".join(line for line in mail.get_content().splitlines() if line.strip())


def _head_in(mail: EmailMessage) -> str:
    found = re.search(r"record head:\s*([0-9a-f]{8,64})", mail.get_content())
    return found[1] if found else ""
