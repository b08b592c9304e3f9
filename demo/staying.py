"""``KEEP=1``: everything stays up before the close, with what to open and what to type, until Ctrl-C."""

from __future__ import annotations

import json
import shlex
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from mending import GUARD
from programs import BIN, Programs
from scene import QUESTION, Scene
from speaking import AGENT

_EXPORTED = ("HALON_HOME", "HALON_KIT", "HALON_SMTP", "HALON_SUPPORT_BOT_URL", "HALON_GATEWAY_PORT", "HALON_TEMPORAL_PORT",
             "HALON_UI_PORT", "SANDBOX_AGENT_TOKEN", "TEMPORAL_ADDRESS")  # fmt: skip
_SEEN = "It mailed the customer list to an outside address."


def stay(scene: Scene) -> None:
    """Open a second incident for the reader, say what can be looked at and typed, and wait for Ctrl-C."""
    tell, programs, say, ref = scene.tell, scene.programs, scene.say, scene.say.reference
    tell.scene("It is yours", "The first incident is ready to be closed. A second one is opened for you, by a person's report, "
               "and waits for your answer. All keeps running until you press Ctrl-C here.")  # fmt: skip
    say.set_at_agent(GUARD, {"isolate_untrusted": False})
    again = say.ask_agent("somebody-else", QUESTION)
    tell.check("somebody takes the fix back, and the agent does it again", any(one["status"] == "done" for one in again["actions"]),
               f"{scene.mails_to_thief()} mails with customer records by now")  # fmt: skip
    told = say.halon("report", _SEEN, "--agent", AGENT, "--what", "data_leak", "--by", "ann", "--json")
    second: dict[str, Any] = tell.until("the second incident opens", lambda: _other(scene), bool)
    gate: dict[str, Any] = tell.until("it asks for an approval", lambda: _open_gate(scene, second["workflow_id"]), bool)
    tell.check("halon report opened a second incident, and it asks for an approval", told.code == 0,
               f"{second['reference']}: {gate['title']}")  # fmt: skip
    answer = json.dumps({"by": "cus", "gate": gate["id"], "reason": "I have read the draft"})
    chat = json.dumps({"session": "mine", "customer": "C-1001", "message": QUESTION})
    _part(scene, "In another terminal, once", f". {_variables(programs)}")
    _part(scene, "Look", "halon incidents", f"halon status {ref}", f"halon timeline {ref}", f"halon show {second['reference']}",
          f"temporal workflow query --workflow-id {say.workflow_id} --type status", f"cat {programs.home / 'pages.log'}")  # fmt: skip
    _part(scene, f"Answer, as Cus, who speaks to customers: {gate['title']}? One of",
          f"halon approve {second['reference']} {gate['id']} --by cus",
          f"temporal workflow update execute --workflow-id {second['workflow_id']} --name approve --input {shlex.quote(answer)}",
          f"Temporal's pages, Send an Update, name approve, input {answer}")  # fmt: skip
    _part(scene, "Ask the agent", f"curl -sS {programs.agent_url}/v1/chat -H \"Authorization: Bearer $SANDBOX_AGENT_TOKEN\" "
          f"-H 'Content-Type: application/json' -d {shlex.quote(chat)}")  # fmt: skip
    _part(scene, "Close the first one, and check its log alone", f"halon close {ref} --by ann --reason 'fixed and proved'",
          f"halon export {ref} --to the-record", "halon verify the-record")  # fmt: skip
    _part(scene, "Open in a browser", f"{programs.ui_url}/namespaces/default/workflows/{second['workflow_id']}   Temporal's pages",
          f"{programs.door_url}/docs   Halon's front door", f"{programs.agent_url}/openapi.json   what the agent can do")  # fmt: skip
    tell.line("\nCtrl-C ends everything.", "bold")
    with suppress(KeyboardInterrupt):
        while True:
            programs.require_running()
            time.sleep(0.5)
    tell.line("\nEnding everything.")


def _part(scene: Scene, head: str, *typed: str) -> None:
    scene.tell.line(f"\n{head}:", "bold")
    for one in typed:
        scene.tell.line(f"  {one}")


def _variables(programs: Programs) -> Path:
    """A file to source: where everything is, and the tokens."""
    page = programs.folder / "env.sh"
    page.touch(0o600)
    lines = [f"export {name}={shlex.quote(programs.environment[name])}" for name in _EXPORTED]
    lines += [
        f'export PATH={shlex.quote(str(BIN))}:"$PATH"',
        f"set -a; . {shlex.quote(str(programs.home / 'tokens.env'))}; set +a",
    ]
    page.write_text("\n".join(lines) + "\n", "utf-8")
    return page


def _other(scene: Scene) -> dict[str, Any]:
    rows = scene.say.halon("incidents", "--json").value
    return next((one for one in rows if one["reference"] != scene.say.reference), {})


def _open_gate(scene: Scene, workflow_id: str) -> dict[str, Any]:
    """A gate that whoever speaks to customers may answer, or nothing."""
    found = scene.say.ask(workflow_id, "gates") or []
    return next((one for one in found if one["status"] == "open" and "customer_lead" in one["policy"]["roles"]), {})
