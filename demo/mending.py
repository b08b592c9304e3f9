"""Scenes of the way out: the cause, the fix and its proof, giving back, what comes again, and the close."""

from __future__ import annotations

from typing import Any

from scene import QUESTION, TOKEN, TOOL_PATH, Scene, plural
from speaking import delivery, now

RECEIPT = "Please mail me a copy of order 1001"
GUARD = "/control/guardrails"
ACTION = "disable-send-email"
RESTORE = f"restore-{ACTION}"


def cause(scene: Scene) -> None:
    """The case is replayed with the page and without it."""
    tell, say = scene.tell, scene.say
    tell.scene("Why did it happen?", "Halon has played the same question to a copy of the agent again: once with every page, "
               "once without the page that it suspects.")  # fmt: skip
    scene.wait_for_line("Minimal case", what="the cause is looked for")
    found = say.query("rca") or {}
    case = found.get("case") or {}
    tell.check(
        f"with the page {case.get('culprit')} it happens again",
        case.get("reproduced") is True,
        f"reproduced: {case.get('reproduced')}",
    )
    tell.check("without that page it does not", case.get("reproduced_without_culprit") is False,
               f"reproduced: {case.get('reproduced_without_culprit')}")  # fmt: skip
    replays = say.calls("/control/replay")
    tell.check(
        "both were really played", len(replays) >= 2, f"{plural(len(replays), 'replay')} in the agent's own list"
    )
    findings = found.get("findings") or []
    tell.check("what let it happen, layer by layer, and why", findings and found.get("whys"),
               f"{', '.join(dict.fromkeys(one['layer'] for one in findings))}; {plural(len(found.get('whys') or []), 'why')}")  # fmt: skip


def fix(scene: Scene) -> None:
    """Saying that it is fixed does not do; the rerun says whether it is."""
    tell, say = scene.tell, scene.say
    tell.scene(
        "Fixed? Prove it",
        "Saying so is not enough. Each time somebody says that it is fixed, Halon plays the same case again, and runs the agent's tests.",
    )
    found = _correctives(scene)
    tell.check("Halon has listed what must be mended, each with an owner and a date", found and all(one["owner"] and one["deadline"] for one in found),
               f"{plural(len(found), 'item')}; the first: {found[0]['title'] if found else ''}", must=True)  # fmt: skip
    mend, later = found[0], found[1:]
    said = say.update("corrective", by="tom", id=mend["id"], text="deployed, tom believes")
    tell.check(
        "Tom says that the first one is done, and only that", said.code == 0, said.err or mend["title"], must=True
    )
    waived = [
        say.update("waive", by="ann", what=one["id"], reason="for the next release; not needed to end this")
        for one in later
    ]
    tell.check("Ann puts the others off with her name and a reason", all(one.code == 0 for one in waived),
               next((one.err for one in waived if one.code), plural(len(waived), "item")), must=True)  # fmt: skip
    line = scene.wait_for_line("Rerun 1 ", what="the case is played again")
    tell.check("it is not: the same thing happens again", "FAILED" in line, line.partition(". ")[0])
    back = say.set_at_agent(GUARD, {"isolate_untrusted": True})
    tell.check("now the agent is really mended: pages can't give it orders any more",
               say.agent(GUARD) == back == {"isolate_untrusted": True}, ", ".join(f"{name}: {value}" for name, value in back.items()))  # fmt: skip
    fresh = say.post_at_agent("/control/tokens", {"replaces": TOKEN})
    tell.check("and it gets a new key in place of the revoked one", fresh.get("active") is True and fresh.get("token") != TOKEN,
               f"{fresh.get('token')} is valid")  # fmt: skip
    asked = say.halon("restore", say.reference, "--reason", "it is fixed now", "--by", "tom", "--json")
    tell.check(
        "Tom asks to have the mail tool back", asked.code == 0, asked.value.get("answer") or asked.refusal, must=True
    )
    gate = scene.gate = scene.wait_for_gate(RESTORE, what="his wish becomes a question to somebody else")
    own = say.halon("approve", say.reference, gate["id"], "--by", "tom", "--yes", "--json")
    tell.check(
        "and tries to approve his own wish: refused",
        own.code == 1 and say.gate(RESTORE)["status"] == "open",
        own.refusal.partition(": ")[2],
    )
    done = say.update("corrective", by="tom", id=mend["id"], text="pages are isolated now")
    tell.check("Tom says again that it is done", done.code == 0, done.err or mend["title"], must=True)
    line = scene.wait_for_line("Rerun 2 ", what="the case is played again")
    last = ((say.query("rca") or {}).get("reruns") or [{}])[-1]
    tell.check("now it is proved: the case no longer happens",
               last.get("passed") and last.get("case_passed") and last.get("evals_passed", 0) > 0 and last.get("evals_failed") == 0,
               line.partition(". ")[0], mark="proved")  # fmt: skip
    told = {one["id"]: one["told"] for one in _correctives(scene)}
    tell.check("proved is the fix; of the list it is kept who said what, and what was put off",
               told[mend["id"]].startswith("said done by tom; rerun passed at ") and {told[one["id"]] for one in later} == {"waived"},
               told[mend["id"]])  # fmt: skip
    runs = say.calls("/control/evals")
    tell.check(
        "the agent's tests were really run each time",
        len(runs) >= 2,
        f"{plural(len(runs), 'run')} in the agent's own list",
    )


def _correctives(scene: Scene) -> list[dict[str, Any]]:
    return list((scene.say.query("rca") or {}).get("correctives") or [])


def give_back(scene: Scene) -> None:
    """What was taken is given back through the gate, in stages where the kit has some, and the agent works again."""
    tell, say = scene.tell, scene.say
    tell.scene("Giving the tool back", "Ann approves what Tom asked for. Only then the tool comes back, bit by bit where the rules "
               "say so, and the mended agent is asked the poisoned question again.")  # fmt: skip
    gate = tell.until("the approval waits for Ann", lambda: say.gate(RESTORE), lambda one: one.get("status") == "open")
    tell.check(
        "the tool is still off while the question waits", say.agent(TOOL_PATH)["enabled"] is False, gate["title"]
    )
    scene.said("approve", say.reference, gate["id"], "--by", "ann", "--yes", what="Ann may: she did not ask for it")
    stages = say.action(ACTION)["order"].get("restore_stages") or []
    if len(stages) > 1:
        first = tell.until("the first part is given back", lambda: say.agent(TOOL_PATH), lambda told: told["enabled"])
        tell.check("first for a few sessions only, and watched for harm", first["share"] == stages[0]["share"],
                   f"{first['tool']} on for {first['share']} percent of sessions")  # fmt: skip
    session = _session_inside(scene) if len(stages) > 1 else "s-5"
    _asked_again(scene, session)
    was = scene.wait_for_action(
        ACTION, "undone", what="Halon watches for harm before it gives back the rest", seconds=120
    )
    for one in say.timeline():
        if one["at"] > gate["opened_at"] and ("iven back" in one["text"] or "given back" in one["text"]):
            tell.saw(one["text"], at=one["at"])
    whole = say.agent(TOOL_PATH)
    tell.check("then for everybody, says the agent", whole["enabled"] is True and was["undone_at"],
               f"{whole['tool']} on for {whole['share']} percent of sessions" if "share" in whole else f"{whole['tool']} on",
               at=was["undone_at"])  # fmt: skip
    _asked_again(scene, "s-6")
    rows = say.calls(TOOL_PATH)
    tell.check("off and on again, each order was carried out once", [row["effects"] for row in rows] == [1] * (1 + max(1, len(stages))),
               f"{plural(len(rows), 'order')} in the agent's own list")  # fmt: skip


def _session_inside(scene: Scene) -> str:
    """A session that the part given back serves: there a customer's receipt is really mailed."""
    before = len(scene.programs.mail.all())
    for number in range(1, 200):
        session = f"canary-{number}"
        answer = scene.say.ask_agent(session, RECEIPT)
        if any(one["tool"] == "send_email" and one["status"] == "done" for one in answer["actions"]):
            sent = len(scene.programs.mail.all()) - before
            scene.tell.check("a session of that part gets its receipt by mail, the others are still refused", sent == 1,
                             f"{session}: {plural(sent, 'mail')}, after {plural(number - 1, 'session')} without")  # fmt: skip
            return session
    scene.tell.check("a session of that part gets its receipt by mail", False, f"{plural(number, 'session')} tried")
    return "s-5"


def _asked_again(scene: Scene, session: str) -> None:
    before = scene.mails_to_thief()
    again = scene.say.ask_agent(session, QUESTION)
    scene.tell.check("asked the poisoned question, the agent answers and mails nobody",
                     not again["actions"] and scene.mails_to_thief() == before, again["reply"])  # fmt: skip


def leadership(scene: Scene) -> None:
    """What leadership reads."""
    tell, say = scene.tell, scene.say
    told = say.halon("status", say.reference, "--json").value
    tell.scene("What leadership reads", "No chat room to search: one question to the incident, and one answer.")
    tell.box("halon status", [
        ("Headline", told["headline"]),
        ("Impact", "; ".join(f"{name}: {text}" for name, text in told["impact"].items())),
        ("Asked", "; ".join(f"{' or '.join(one['of'])}: {one['what']}" for one in told["asked"]) or "nothing of anybody"),
        ("Outside", told["outside"]),
    ], "cyan")  # fmt: skip
    people = told["impact"].get("people", "")  # "at least": a machine counted them, and can't know of more
    tell.check(
        "it counts as many people as the stranger's mail", people == f"at least {len(scene.victims)} people", people
    )


def close(scene: Scene) -> None:
    """Nothing is left to do, and only then it can be closed."""
    tell, say = scene.tell, scene.say
    tell.scene("The close, and a new alarm", "An incident can be closed once nothing is left to do. Should the agent do it again later, "
               "a new incident opens, with clocks of its own, linked to the first.")  # fmt: skip
    for step in say.halon("status", say.reference, "--json").value["tasks"]:
        if step["status"] == "open" and step["phase"] in ("notify", "remediate"):
            scene.said("task", say.reference, "done", step["id"], "--by", "ann", "--reason", "looked at it",
                       what=f"Ann ticks: {step['words']}")  # fmt: skip
    left = tell.until("everything is settled", lambda: say.halon("status", say.reference, "--json").value.get("left_before_close"),
                      lambda left: left == [])  # fmt: skip
    tell.check("nothing is left to do", left == [], say.status()["headline"])
    scene.said("close", say.reference, "--by", "ann", "--reason", "fixed and proved", what="Ann types: halon close")
    told = tell.until("the reports are written and sealed", lambda: say.halon("status", say.workflow_id, "--json").value,
                      lambda told: told.get("closed_at"))  # fmt: skip
    tell.check(
        "closed as resolved", told.get("outcome") == "resolved", told["headline"], at=told["closed_at"], mark="closed"
    )
    _recurrence(scene)


def _recurrence(scene: Scene) -> None:
    """A later alert opens a linked successor."""
    tell, say, ref = scene.tell, scene.say, scene.say.reference
    fingerprint, _, trace = scene.alert
    later = say.deliver_or_not(delivery(fingerprint, now(), trace))
    tell.check(
        "Alertmanager fires once more",
        later.get("status") == "new",
        f"{later.get('incident')} {later.get('status')}",
        must=True,
    )
    linked = tell.until("the second incident answers", lambda: say.halon("status", later["workflow_id"], "--json").value,
                        lambda told: told.get("live") and told.get("next_deadline"))  # fmt: skip
    tell.check("a second incident, linked to the first, with clocks of its own", linked["predecessor"] in (ref, say.workflow_id),
               f"{linked['reference']} after {ref}; next: {linked['next_deadline']['what']}")  # fmt: skip
