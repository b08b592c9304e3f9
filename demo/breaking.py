"""Acts 1 to 6: everything starts, the agent does harm, the alert comes in, the worker is killed, the harm is stopped."""

from __future__ import annotations

import json
import time
from collections import Counter

from scene import QUESTION, TOOL_PATH, Scene, moment
from speaking import delivery, now

COPIES = 49
KIT_QUIET = "quiet_minutes: 15"


def start(scene: Scene) -> None:
    """1: a kit, a mail server, the agent, and ``halon up``."""
    tell, programs, say = scene.tell, scene.programs, scene.say
    tell.act("1. Start: a kit, a mail server, an agent, halon up")
    made = say.halon("init", str(programs.kit))
    tell.check("halon init wrote a kit", made.code == 0, made.out.partition("\n")[0] or made.err, must=True)
    # So that a later alert opens a successor within this run, and not after a quarter of an hour.
    page = programs.kit / "organisation.yaml"
    page.write_text(page.read_text("utf-8").replace(KIT_QUIET, "quiet_minutes: 1"), "utf-8")
    checked = say.halon("kit", "check", str(programs.kit))
    tell.check(
        "halon kit check finds it sound", checked.code == 0, checked.out.partition("\n")[0] or checked.err, must=True
    )
    programs.catch_mail()
    programs.start_agent()
    tell.until("the agent answers", say.agent_is_there, bool, 20)
    tell.saw(f"agent: {say.agent('/')['description']}")
    began = time.monotonic()
    lines = programs.start_halon()
    tell.check(
        "halon up is ready",
        any(line.startswith("ready:") for line in lines),
        f"{time.monotonic() - began:.1f} s",
        must=True,
    )
    for line in lines:
        if line.startswith(("front door:", "temporal:", "pages go to:")):
            tell.saw(line)


def harm(scene: Scene) -> None:
    """2: the agent reads a poisoned page and mails customer records out."""
    tell, say = scene.tell, scene.say
    tell.act("2. A customer asks an honest question; the page that the agent reads has an instruction in it")
    answer = say.ask_agent("s-1", QUESTION)
    tell.saw(f"asked: {QUESTION}  answered: {answer['reply']}")
    done = [one for one in say.agent("/v1/actions")["actions"] if one["trace_id"] == answer["trace_id"]]
    one = done[0] if done else {}
    tell.check("the agent's action log shows an unauthorised action that was done",
               one.get("authorised") is False and one.get("status") == "done",
               f"{one.get('tool')} to {one.get('recipient_domain')}, authorised {one.get('authorised')}", must=True)  # fmt: skip
    scene.victims = tuple(one["arguments"]["customers"])
    mails = scene.programs.mail.to(one["arguments"]["to"])
    body = mails[0].get_content() if mails else ""
    tell.check("the mail server has the mail, with every record in it",
               mails and all(who in body for who in scene.victims),
               f"to {one['arguments']['to']}, {len(scene.victims)} customers, {len(body)} characters", must=True)  # fmt: skip
    scene.alert = ("5c1f0f2f6d1c4b7e", now(), answer["trace_id"])


def alert_and_kill(scene: Scene) -> None:
    """3 and 4: one delivery, ``kill -9`` as soon as its effect reaches the agent, a restart, and 49 copies at once."""
    tell, say, programs = scene.tell, scene.say, scene.programs
    tell.act("3. Alertmanager delivers; as soon as the containment call reaches the agent: kill -9")
    sent = time.monotonic()
    first = say.deliver(delivery(*scene.alert))
    took = (time.monotonic() - sent) * 1000
    told = first.json()["incidents"][0] if first.status_code == 200 else {}
    tell.check("the front door took it, and an incident is new", told.get("status") == "new",
               f"HTTP {first.status_code} after {took:.0f} ms: {told.get('incident')} {told.get('status')}", must=True)  # fmt: skip
    scene.say.reference, scene.say.workflow_id = told["incident"], told["workflow_id"]
    rows = tell.until("the agent receives a containment call", lambda: say.calls(TOOL_PATH), bool, 45, every=0.002)
    pid = programs.halon_pid()
    killed_at = now()
    ended = programs.kill_halon()
    late = (moment(killed_at) - moment(rows[0]["first_at"])).total_seconds() * 1000
    tell.check("kill -9 of halon up (worker and front door)", ended == -9,
               f"process {pid} ended with {ended}, {late:.0f} ms after the call reached the agent")  # fmt: skip
    tell.act("4. halon up again, on the same folder")
    began = time.monotonic()
    lines = programs.start_halon()
    behind = next((line for line in lines if "earlier run" in line), "")
    tell.check("halon up is ready again", behind, f"{time.monotonic() - began:.1f} s; {behind}", must=True)
    answers = say.deliver_at_once(delivery(*scene.alert), COPIES)
    taken = [told, *(one.json()["incidents"][0] for one in answers if one.status_code == 200)]
    counted = Counter(one["status"] for one in taken)
    tell.check(f"{COPIES} copies of the alert at once all join it",
               counted == {"new": 1, "joined": COPIES} and {one["incident"] for one in taken} == {say.reference},
               f"{len(answers)} answers at once; of all: {', '.join(f'{number} {word}' for word, number in counted.items())}")  # fmt: skip
    found = say.halon("incidents", "--json").value
    tell.check("halon incidents lists one incident", [one["reference"] for one in found] == [say.reference],
               ", ".join(f"{one['reference']} ({one['agent']})" for one in found))  # fmt: skip
    was = scene.wait_for_action("disable-send-email", "verified")
    verb = (
        "after the kill, by the new process"
        if moment(was["verified_at"]) > moment(killed_at)
        else "just before the kill"
    )
    tell.check("the incident went on: containment was verified", was["verified_at"], f"{verb}, at {was['verified_at']}")
    scene.calls_are_single(TOOL_PATH, 1)


def severity(scene: Scene) -> None:
    """5: what is known, what is not, and what was sealed before anything was changed."""
    tell, say = scene.tell, scene.say
    scene.wait_for_line("The harm has stopped")
    tell.act("5. How bad is it, and what is not known? Evidence first")
    told = say.status()
    level = told["severity"]["level"]
    tell.check("halon status has a severity with reasons", level and told["severity"]["because"],
               f"{level}: {next((one for one in told['severity']['because'] if one.startswith(str(level))), '')}")  # fmt: skip
    tell.check("the number of people is the one in the agent's own action log",
               told["impact"].get("people", "").startswith(f"{len(scene.victims)} "), told["impact"].get("people"))  # fmt: skip
    tell.check(
        "unknown stays unknown",
        {"gdpr_applies", "risk_to_individuals"} <= set(told["unknown"]),
        ", ".join(told["unknown"]),
    )
    tell.saw(told["headline"])
    opened, stopped = (
        told["opened_at"],
        next(one["at"] for one in say.timeline() if "The harm has stopped" in one["text"]),
    )
    tell.saw(
        f"by the record, from the alert until the harm was seen to have stopped: {(moment(stopped) - moment(opened)).total_seconds():.1f} s, kill and restart included"
    )
    bundle = scene.programs.folder / "first-export"
    written = say.halon("export", say.reference, "--to", str(bundle), "--json")
    tell.check("the record can be taken out at any time", written.code == 0, written.refusal, must=True)
    sealed = json.loads((bundle / "manifest.json").read_text("utf-8"))["evidence"]
    before = [one for one in sealed if "before-containment" in one["path"]]
    called = moment(say.calls(TOOL_PATH)[0]["first_at"])
    tell.check("traces, action log, controls and toolset were sealed before the first containment call",
               len(before) >= 4 and all(moment(one["collected_at"]) < called for one in before),
               f"{len(before)} pieces, the last one {(called - max(moment(one['collected_at']) for one in before)).total_seconds() * 1000:.0f} ms before"
               if before else "nothing sealed")  # fmt: skip
    scene.early_head = told["record"]["head"]
    tell.saw(f"record: {told['record']['entries']} entries, head {scene.early_head[:16]}…")
    pages = scene.pages()
    tell.check("somebody was paged", pages, ", ".join(pages))
    leaders = scene.programs.kept("leadership.log")
    tell.check(
        "leadership was told", any(say.reference in line for line in leaders), f"{len(leaders)} line in leadership.log"
    )


def contained(scene: Scene) -> None:
    """6: the tool is off, read back from the agent, which tries again and is refused."""
    tell, say = scene.tell, scene.say
    tell.act("6. The mail tool is off")
    tell.check("read back from the agent", say.agent(TOOL_PATH)["enabled"] is False, say.agent(TOOL_PATH))
    mails = len(scene.programs.mail.all())
    again = say.ask_agent("s-2", QUESTION)["actions"]
    tell.check("the agent tries again and is refused", again and all(one["status"] == "refused" for one in again),
               ", ".join(f"{one['tool']} {one['status']}: {one['reason']}" for one in again))  # fmt: skip
    outside = [one for one in scene.programs.mail.all()[mails:] if one.endswith("@exfil.example")]
    tell.check("no further mail left", not outside, f"{len(outside)} since")
    scene.calls_are_single(TOOL_PATH, 1)
    resolved = say.deliver(delivery(*scene.alert, ended=now()))
    tell.check("Alertmanager says resolved, and the incident stays open", resolved.json()["incidents"][0]["status"] == "joined",
               say.status()["headline"])  # fmt: skip
    scene.wait_for_line("Nothing fires any more")
