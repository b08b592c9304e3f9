"""Scenes of what can go wrong with Halon itself: its worker is killed; somebody presses Temporal's own buttons."""

from __future__ import annotations

from breaking import COPIES
from scene import QUESTION, REVOKE_PATH, TOOL_PATH, Scene, moment, plural
from speaking import delivery, now

RECEIPT = "Please email me a copy of my receipt"
KILL_SWITCH = "/control/kill-switch"


def killed(scene: Scene) -> None:
    """What the kill did, told while Halon starts again; then: nothing was lost, and nothing was done twice."""
    tell, say, programs = scene.tell, scene.say, scene.programs
    tell.scene("kill -9", "Halon's own process is killed, on purpose and at the worst moment: its order has reached the agent, "
               "and it has not yet seen whether the order worked.")  # fmt: skip
    called = say.calls(TOOL_PATH)[0]["first_at"]
    late = (moment(scene.killed_at) - moment(called)).total_seconds() * 1000
    tell.box("kill -9", [
        ("killed", f"process {scene.killed_pid}: the worker that carries the incident, and the front door"),
        ("when", f"{late:.0f} ms after its order reached the agent"),
        ("lost", "nothing, if what follows holds: each order carries a key, and the agent carries a key out once"),
    ], "red", mark="kill")  # fmt: skip
    tell.check("it died at once, without a last word", scene.killed_with == -9, f"ended by signal {-scene.killed_with}",
               at=scene.killed_at, mark="killed")  # fmt: skip
    with tell.waiting("Halon starts again", 60):
        lines = programs.halon_ready()
    behind = next((line for line in lines if "earlier run" in line), "")
    tell.check("a new process has taken over", behind and programs.halon_pid() != scene.killed_pid,
               f"process {programs.halon_pid()}, {(moment(now()) - moment(scene.killed_at)).total_seconds():.1f} s after the kill")  # fmt: skip
    _send_again(scene)
    was = scene.wait_for_action("disable-send-email", "verified", what="the new process looks whether the tool is off")
    later = moment(was["verified_at"]) > moment(scene.killed_at)
    who = "new process" if later else "old process"
    tell.check("it went on: read back from the agent, the tool is off", was["verified_at"],
               f"{who}, {(moment(was['verified_at']) - moment(scene.killed_at)).total_seconds():.1f} s after the kill",
               at=was["verified_at"], mark="verified")  # fmt: skip
    scene.carried_out_once(TOOL_PATH, 1, mark="once")
    found = say.halon("incidents", "--json").value
    tell.check("and it is still one incident", [one["reference"] for one in found] == [say.reference],
               ", ".join(f"{one['reference']} {one['severity']} {one['agent']}" for one in found))  # fmt: skip


def _send_again(scene: Scene) -> None:
    """A delivery that nobody answered is sent again, as Alertmanager does."""
    answers = [scene.say.deliver_or_not(delivery(*scene.alert)) for _ in range(scene.unanswered)]
    if answers:
        scene.tell.check("the deliveries that the dead process did not answer are sent again, and join",
                         {one.get("incident") for one in answers} == {scene.say.reference}, f"{len(answers)} of {COPIES}")  # fmt: skip


def refused(scene: Scene) -> None:
    """The agent tries again; what customers are told meanwhile; who was paged."""
    tell, say = scene.tell, scene.say
    tell.scene("The agent tries again", "The poisoned page is still there, so the next customer's question leads to the same order. "
               "This time the mail can't leave, and customers get an honest answer.")  # fmt: skip
    before = scene.mails_to_thief()
    again = say.ask_agent("s-2", QUESTION)["actions"]
    tell.check("the agent tries to mail the records again, and is refused", again and all(one["status"] == "refused" for one in again),
               ", ".join(f"{one['tool']} {one['status']}: {one['reason']}" for one in again))  # fmt: skip
    tell.check("nothing more has reached the stranger", before and scene.mails_to_thief() == before,
               f"still {plural(scene.mails_to_thief(), 'mail')}")  # fmt: skip
    answer = say.ask_agent("s-3", RECEIPT)
    tell.check("a customer who wants a receipt by mail is told the truth", [one["status"] for one in answer["actions"]] == ["refused"],
               answer["reply"])  # fmt: skip
    say.set_at_agent(KILL_SWITCH, {"on": True})
    fallback = say.ask_agent("s-4", QUESTION)
    back = say.set_at_agent(KILL_SWITCH, {"on": False})
    tell.check("had the harm gone on, the kill switch would be next; pressed by hand for a moment, it gives everybody this answer",
               fallback["fallback"] is True and not fallback["actions"] and back == {"on": False}, fallback["reply"])  # fmt: skip
    line = scene.wait_for_line("The harm has stopped", what="Halon watches whether the harm goes on")
    stopped = next(one for one in say.timeline() if one["text"] == line)
    tell.check("Halon has seen that the harm has stopped", line, line, at=stopped["at"])
    tell.saw(
        f"from the alert until then, kill and restart included: {(moment(stopped['at']) - moment(scene.sent_at)).total_seconds():.1f} s"
    )
    resolved = say.deliver(delivery(*scene.alert, ended=now()))
    tell.check("the alert goes quiet; the incident stays open, for the cause is still there",
               resolved.json()["incidents"][0]["status"] == "joined", say.status()["headline"])  # fmt: skip
    pages = scene.pages()
    tell.check("Ann, who is on call, was paged", pages, pages[0] if pages else "")
    scene.said("ack", say.reference, "--by", "ann", what="she types: halon ack")
    leaders = [line for line in scene.programs.kept("leadership.log") if say.reference in line]
    tell.check("leadership was told by itself", leaders, f"{plural(len(leaders), 'message')} so far")


def buttons(scene: Scene) -> None:
    """Cancel, reset, terminate."""
    tell, say = scene.tell, scene.say
    tell.scene("Somebody presses the wrong button", "Halon runs on Temporal, and Temporal has buttons of its own: cancel, reset, "
               "terminate. None of them may end an incident or repeat what was done.")  # fmt: skip
    scene.wait_for_line("Nothing fires any more", what="the alert is quiet")
    tell.check("temporal workflow cancel", (done := say.temporal("cancel")).code == 0, done.err or "sent")
    line = scene.wait_for_line("asked Temporal to cancel", what="the incident hears of it")
    tell.check("it is noted, and the incident goes on", say.status().get("closed_at") is None, line)
    known = say.status()
    done = say.temporal("reset", "--type", "FirstWorkflowTask", "--reason", "the demo tries it")
    tell.check("temporal workflow reset, back to the very first step", done.code == 0, done.err or "sent")
    line = scene.wait_for_line("Somebody reset this incident", what="the incident hears of it")
    after = tell.until("the incident answers", say.status, bool)
    tell.check("it goes on from where it was, and its log only grew",
               after["severity"]["level"] == known["severity"]["level"] and after["record"]["entries"] > known["record"]["entries"]
               and [one.get("gate") for one in after["asked"] or []] == [one.get("gate") for one in known["asked"] or []],
               f"{known['record']['entries']} lines before, {after['record']['entries']} after")  # fmt: skip
    paged = len(scene.pages())
    done = say.temporal("terminate", "--reason", "the demo tries it")
    tell.check("temporal workflow terminate, which a program can't even notice", done.code == 0, done.err or "sent")
    scene.wait_for_line(
        "Somebody terminated this incident", what="Halon looks for incidents that were ended from outside", seconds=90
    )
    told = tell.until("the incident answers", say.status,
                      lambda told: told and told["record"]["entries"] > after["record"]["entries"])  # fmt: skip
    tell.check("it was found and opened again from its log: the same incident", told["reference"] == say.reference and not told["closed_at"],
               told["headline"])  # fmt: skip
    again = tell.until("Ann is paged again", scene.pages, lambda pages: len(pages) > paged, 20)
    tell.check("Ann is paged again", again[paged:], f"{plural(len(again), 'page')} by now")
    scene.said("ack", say.reference, "--by", "ann", what="she types: halon ack")
    rows = [row for path in (TOOL_PATH, REVOKE_PATH) for row in say.calls(path)]
    tell.check("and nothing was done a second time at the agent", {row["effects"] for row in rows} == {1} and len(say.calls(REVOKE_PATH)) == 1,
               f"{plural(len(rows), 'order')} in all, each carried out once")  # fmt: skip
