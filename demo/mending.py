"""Acts 10 and 11: the cause, the fix and its proof, giving back, closing, and the record that is checked alone."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from scene import QUESTION, TOOL_PATH, Scene, moment
from speaking import delivery, now

GUARD = "/control/guardrails"
RESTORE = "restore-disable-send-email"


def cause(scene: Scene) -> None:
    """10a: the case is replayed with the page and without it."""
    tell, say = scene.tell, scene.say
    tell.act("10. Why did it happen, and is it fixed?")
    scene.wait_for_line("Minimal case")
    found = say.query("rca") or {}
    case = found.get("case") or {}
    tell.check("replayed with the page it happens, without the page it does not",
               case.get("reproduced") is True and case.get("reproduced_without_culprit") is False,
               f"with {case.get('culprit')} {case.get('reproduced')}, without {case.get('reproduced_without_culprit')}")  # fmt: skip
    replays = say.calls("/control/replay")
    tell.check(
        "the agent was asked to replay at least twice",
        len(replays) >= 2,
        f"{len(replays)} replays in the agent's ledger",
    )
    tell.check("findings by layer, and whys", found.get("findings") and found.get("whys"),
               ", ".join(f"{one['layer']} ({one['certainty']})" for one in found.get("findings") or []))  # fmt: skip


def fix(scene: Scene) -> None:
    """10b: saying that it is fixed does not do; the rerun says whether it is."""
    tell, say = scene.tell, scene.say
    for one in _correctives(scene):
        spoken = json.dumps({"by": "tom", "id": one["id"], "text": "deployed, tom believes"})
        said = say.temporal("update", "execute", "--name", "corrective", "--input", spoken)
        tell.check(f"tom says that {one['id']} is done", said.code == 0, said.err or one["title"], must=True)
    line = scene.wait_for_line("Rerun 1 ")
    tell.check("tom says that it is fixed, and it is not: the rerun fails", "FAILED" in line, line)
    back = say.set_at_agent(GUARD, {"isolate_untrusted": True})
    tell.check(
        "the owner fixes the agent: pages are kept from giving orders",
        say.agent(GUARD) == back == {"isolate_untrusted": True},
        back,
    )
    for one in _correctives(scene):
        scene.said("corrective", "done", say.reference, one["id"], "--text", "pages are isolated now", "--by", "tom",
                   what=f"halon corrective done {one['id']}")  # fmt: skip
    line = scene.wait_for_line("Rerun 2 ")
    last = ((say.query("rca") or {}).get("reruns") or [{}])[-1]
    tell.check("the rerun passes: case and evals", last.get("passed") and last.get("case_passed") and last.get("evals_passed", 0) > 0
               and last.get("evals_failed") == 0, line)  # fmt: skip
    runs = say.calls("/control/evals")
    tell.check("the agent ran its evals for each rerun", len(runs) >= 2, f"{len(runs)} runs in the agent's ledger")


def _correctives(scene: Scene) -> list[dict[str, Any]]:
    found = (scene.say.query("rca") or {}).get("correctives") or []
    scene.tell.check("corrective actions are named, each with an owner and a deadline",
                     found and all(one["owner"] and one["deadline"] for one in found),
                     f"{len(found)}: {', '.join(one['id'] + ' ' + one['status'] for one in found)}", must=True)  # fmt: skip
    return list(found)


def give_back(scene: Scene) -> None:
    """10c: what was taken is given back through a gate, and the agent works again."""
    tell, say = scene.tell, scene.say
    gate = scene.wait_for_gate(RESTORE)
    tell.check("the tool is still off while the gate waits", say.agent(TOOL_PATH)["enabled"] is False, gate["title"])
    scene.said("approve", say.reference, gate["id"], "--by", "tom", "--yes", what="tom approves giving it back")
    was = scene.wait_for_action("disable-send-email", "undone")
    tell.check(
        "the mail tool is on again, read back from the agent",
        say.agent(TOOL_PATH)["enabled"] is True and was["undone_at"],
        say.agent(TOOL_PATH),
    )
    scene.calls_are_single(TOOL_PATH, 2)
    mails = scene.programs.mail.all().count("collector@exfil.example")
    again = say.ask_agent("s-3", QUESTION)
    tell.check("asked the same question, the agent mails nobody",
               not again["actions"] and scene.programs.mail.all().count("collector@exfil.example") == mails, again["reply"])  # fmt: skip


def recurrence_and_close(scene: Scene) -> None:
    """10e: a later alert opens a successor; the incident is closed."""
    tell, say, ref = scene.tell, scene.say, scene.say.reference
    recovered = max(moment(one["at"]) for one in say.timeline() if "Nothing fires any more" in one["text"])
    left = 60.5 - (moment(now()) - recovered).total_seconds()
    if left > 0:
        tell.saw(f"the kit's quiet minute is over in {left:.0f} s")
    tell.until(
        "the quiet minute is over",
        lambda: (moment(now()) - recovered).total_seconds(),
        lambda gone: gone > 60.5,
        90,
        every=0.5,
    )
    fingerprint, _, trace = scene.alert
    later = say.deliver(delivery(fingerprint, now(), trace))
    tell.check(
        "Alertmanager fires once more, after the quiet time", later.status_code == 200, f"HTTP {later.status_code}"
    )
    line = scene.wait_for_line(" went to incident-")
    rows = tell.until(
        "a second incident", lambda: say.halon("incidents", "--json").value, lambda rows: len(rows) == 2, 20
    )
    other: dict[str, Any] = next((one for one in rows if one["reference"] != ref), {})
    linked = tell.until(
        "the successor answers",
        lambda: say.halon("status", other["workflow_id"], "--json").value,
        lambda told: told.get("live"),
    )
    tell.check("it opens a linked successor with clocks of its own", linked["predecessor"] in (ref, say.workflow_id) and linked["next_deadline"],
               f"{linked['reference']} after {linked['predecessor']}; {line}")  # fmt: skip
    left_over = tell.until(
        "everything is settled", lambda: say.status().get("left_before_close"), lambda left: left == []
    )
    tell.check("nothing is left to do in the first one", left_over == [], say.status()["headline"])
    scene.said("close", ref, "--by", "ann", "--reason", "fixed and proved", what="halon close")
    told = tell.until(
        "it is closed", lambda: say.halon("status", say.workflow_id, "--json").value, lambda told: told.get("closed_at")
    )
    tell.check("closed as resolved", told.get("outcome") == "resolved", told["headline"])


def record(scene: Scene) -> None:
    """11: the bundle, its own verifier on plain Python, and one flipped byte."""
    tell, say = scene.tell, scene.say
    tell.act("11. The record, checked alone")
    bundle = scene.programs.folder / "record"
    written = say.halon("export", say.reference, "--to", str(bundle), "--json")
    tell.check(
        "halon export", written.code == 0, written.refusal or f"head {written.value.get('head', '')[:16]}…", must=True
    )
    manifest: dict[str, Any] = json.loads((bundle / "manifest.json").read_text("utf-8"))
    reports = [name for name in ("postmortem.md", "timeline.md", "status.json")
               if any(one["path"].endswith(f"-{name}") for one in manifest["evidence"])]  # fmt: skip
    tell.check("the reports were rendered and sealed at the close", len(reports) == 3, ", ".join(reports))
    code, said = _verify(bundle, scene.notice_head)
    tell.check("its own verify.py on plain Python holds it, with the head from the notice", code == 0, said)
    code, said = _verify(bundle, scene.early_head)
    tell.check("the head that was shown early on is still in it", code == 0, said)
    altered = scene.programs.folder / "altered"
    shutil.copytree(bundle, altered)
    log = altered / "record.jsonl"
    content = bytearray(log.read_bytes())
    content[len(content) // 2] ^= 1
    log.write_bytes(content)
    code, said = _verify(altered, "")
    tell.check("one flipped bit in a copy, and verify.py finds it (exit 1)", code == 1, said)
    cut = scene.programs.folder / "cut"
    shutil.copytree(bundle, cut)
    artefact = next(cut / one["path"] for one in manifest["evidence"] if "before-containment" in one["path"])
    artefact.unlink()
    code, said = _verify(cut, "")
    tell.check("one piece of evidence missing in a copy, and verify.py finds it (exit 1)", code == 1, said)


def _verify(bundle: Path, head: str) -> tuple[int, str]:
    """The bundle's own verifier: -I keeps every package and variable of ours out."""
    asked = [sys.executable, "-I", str(bundle / "verify.py"), str(bundle), *(["--head", head] if head else [])]
    done = subprocess.run(asked, capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL)
    lines = [line for line in (done.stdout or done.stderr).splitlines() if line.strip()]
    found = [line for line in lines if line.startswith("problem:")]
    return done.returncode, " | ".join([*found[:1], *lines[-1:]])
