"""The pictures of Temporal's web UI in the docs: ``python docs/pictures.py`` makes each of them from a real incident.

It starts ``halon up`` and the sandbox agent on free ports, lets the agent do its harm, and photographs what Temporal's
own UI shows, in a Chromium without a window (on Debian: ``apt-get install chromium``). Sizes are fixed; times and ids
are those of the run.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
from chromium import Browser

from halon.drill.launch import running_agent

HERE = Path(__file__).parent / "pictures"
BIN = Path(sys.executable).parent
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
WIDTH, HEIGHT = 1440, 1600
CONTENT = 256.0
"""Where the page begins, right of the UI's own menu."""
LARGEST = 200_000
"""Bytes that one picture may have."""
READY_SECONDS = 90.0
QUESTION = {"session": "s-1", "customer": "C-1001", "message": "How do I set up the sync connector?"}
COLUMNS = ("Status", "Workflow ID", "HalonSeverity", "HalonWaitingOn")
DIALOG = "dialog[open]"
WAITING = 'HalonWaitingOn = "security_lead"'
Clip = tuple[float, float, float, float]


class NotMade(Exception):
    """A picture could not be made; the message says why and what to do."""


class House:
    """A running Halon with one incident, and how to ask it. ``ui`` is the URL of Temporal's web UI."""

    def __init__(self, folder: Path, agent_url: str, token: str) -> None:
        self.home = folder / "home"
        door, temporal, ui = _free_ports(3)
        self.agent_url = agent_url
        self.door = f"http://127.0.0.1:{door}"
        self.ui = f"http://127.0.0.1:{ui}"
        bare = {name: value for name, value in os.environ.items() if not name.startswith(("HALON_", "TEMPORAL_"))}
        self.environment = {
            **bare, "HALON_HOME": str(self.home), "HALON_GATEWAY_PORT": str(door), "HALON_TEMPORAL_PORT": str(temporal),
            "HALON_UI_PORT": str(ui), "HALON_SUPPORT_BOT_URL": agent_url, "SANDBOX_AGENT_TOKEN": token,
            "HALON_USER": "cus",
        }  # fmt: skip

    @contextmanager
    def up(self, log: Path) -> Iterator[None]:
        """``halon up`` while the block runs. Raises NotMade if it is never ready."""
        with log.open("wb") as to:
            process = subprocess.Popen([BIN / "halon", "up"], env=self.environment, stdout=to, stderr=subprocess.STDOUT)  # noqa: S603
        try:
            until = time.monotonic() + READY_SECONDS
            while b"\nready:" not in log.read_bytes():
                if process.poll() is not None or time.monotonic() > until:
                    raise NotMade(f"halon up is not ready: {log.read_text()[-800:]}")
                time.sleep(0.2)
            yield
        finally:
            process.terminate()
            process.wait(60)

    def halon(self, *words: str) -> Any:
        """What a ``halon`` command answers as JSON."""
        done = subprocess.run([BIN / "halon", *words, "--json"], env=self.environment, capture_output=True, text=True)  # noqa: S603
        if done.returncode != 0:
            raise NotMade(f"halon {' '.join(words)}: {done.stderr.strip()}")
        return json.loads(done.stdout)

    def begin_incidents(self) -> str:
        """Let the agent do its harm, report it, and wait for the gate. Returns the gate's id."""
        harm = httpx.post(f"{self.agent_url}/v1/chat", json=QUESTION, trust_env=False)
        harm.raise_for_status()
        self.halon("report", "It mailed customer records to an outside address.", "--agent", "support-bot",
                   "--what", "unauthorised_tool_action", "--trace-id", harm.json()["trace_id"])  # fmt: skip
        self.halon("report", "It invoices twice.", "--agent", "billing-bot", "--what", "wrong_decision")
        until = time.monotonic() + READY_SECONDS
        while time.monotonic() < until:
            rows = self.halon("incidents")
            asked = [
                one
                for row in rows
                for one in self.halon("status", row["workflow_id"])["asked"]
                if str(one.get("gate", "")).startswith("revoke-token-")
            ]
            if asked and len(rows) == 2:
                return str(asked[0]["gate"])
            time.sleep(1)
        raise NotMade("no gate for the token opened; look whether the sandbox agent still does its harm")


class Photographer:
    """Takes the pictures, one method each."""

    def __init__(self, browser: Browser, house: House, workflow: str, gate: str) -> None:
        self.browser, self.house, self.workflow, self.gate = browser, house, workflow, gate
        self.workflows = f"{house.ui}/namespaces/default/workflows"

    def all(self) -> None:
        """Every picture."""
        self.list()
        self.timeline()
        self.details()
        self.buttons()
        self.dialog()

    def list(self) -> None:
        """The list of incidents, filtered by whom they wait for, with Halon's columns."""
        self.browser.open(self.workflows)
        self.browser.wait_for_text("Workflow ID")
        columns = {"default": [{"label": name} for name in COLUMNS]}
        self.browser.run(f"localStorage.setItem('namespace-workflow-table-columns', {json.dumps(json.dumps(columns))})")
        self.browser.open(f"{self.workflows}?query={quote(WAITING)}")
        self.browser.wait_for_text(self.workflow)
        self._keep("ui-list", (CONTENT, 60, WIDTH - CONTENT, 270))

    def timeline(self) -> None:
        """The timeline with the summaries of timers and activities."""
        self._open()
        self.browser.wait_for_text("evidence")
        top = self._top("Timeline", "h2, h3")
        self._keep("ui-timeline", (CONTENT, top - 20, WIDTH - CONTENT, 560))

    def details(self) -> None:
        """The current details: the headline, the phases, the gate and the JSON to paste."""
        self._open()
        self.browser.click("User Metadata", "a")
        self.browser.wait_for_text("Press the")
        # The UI draws the markdown inside a frame of its own.
        inside = f"document.querySelector('iframe')?.contentDocument?.body?.innerText.includes({json.dumps(self.gate)})"
        # It asks only a worker that has reported itself to Temporal, which a new one does within its first minute or so.
        for _ in range(24):
            time.sleep(5)
            if self.browser.run(inside):
                break
            self.browser.run("location.reload()")
        self.browser.wait("the JSON to paste", inside)
        frame_x, frame_y, below = self.browser.run(
            "(() => { const frame = document.querySelector('iframe'); const box = frame.getBoundingClientRect(); const code"
            " = [...frame.contentDocument.querySelectorAll('pre')].find(one => one.innerText.includes("
            f"{json.dumps(self.gate)})); return [box.x, box.y, code.getBoundingClientRect().bottom]; }})()"
        )
        top = self._top("Current Details", "h2, h3")
        self._keep("ui-details", (frame_x - 15, top - 20, WIDTH - frame_x + 15, frame_y + below - top + 40))

    def buttons(self) -> None:
        """The menu with Reset, Send a Signal, Send an Update and Terminate, beside Request Cancellation."""
        self._open()
        self.browser.click("More Actions", "button")
        self.browser.wait_for_text("Send an Update")
        time.sleep(0.5)
        self._keep("ui-buttons", (CONTENT, 60, WIDTH - CONTENT, 330))

    def dialog(self) -> None:
        """The dialog Send an Update, filled in, and then with the refusal that answers it."""
        self.browser.click("Send an Update")
        self.browser.wait("the dialog", f"document.querySelector('{DIALOG}') !== null")
        self.browser.click_on(f"{DIALOG} [data-testid=update-select-button]")
        time.sleep(1)  # the list unfolds
        self.browser.click("approve", f"{DIALOG} li span")
        time.sleep(1)
        self.browser.click_on(f"{DIALOG} .cm-content")
        self.browser.write(json.dumps({"by": "tom", "gate": self.gate, "reason": "seen in the logs"}))
        self.browser.wait("approve and its JSON", f"document.querySelector('{DIALOG} .cm-content').innerText.includes('tom')"
                          f" && document.querySelector('{DIALOG} input').value === 'approve'")  # fmt: skip
        self._keep("ui-update", self._around(DIALOG))
        self.browser.click("Submit", f"{DIALOG} button")
        below = self.browser.wait(
            "the refusal",
            f"[...document.querySelectorAll('{DIALOG} *')].find(one => one.children.length === 0 && "
            "one.textContent.includes('this gate needs security_lead'))?.getBoundingClientRect().bottom",
        )
        x, y, width, _ = self._around(DIALOG)
        self._keep("ui-refusal", (x, y, width, float(below) + 12 - y))

    def _open(self) -> None:
        self.browser.open(f"{self.workflows}/{quote(self.workflow)}")
        self.browser.wait_for_text("Results will appear")

    def _top(self, words: str, among: str) -> float:
        script = (
            f"[...document.querySelectorAll({json.dumps(among)})].find(one => one.innerText.trim().startsWith("
            f"{json.dumps(words)}))?.getBoundingClientRect().top"
        )
        return float(self.browser.wait(f"the heading {words!r}", script))

    def _around(self, selector: str) -> Clip:
        script = (
            f"(() => {{ const box = document.querySelector({json.dumps(selector)}).getBoundingClientRect(); "
            "return [box.x, box.y, box.width, box.height]; })()"
        )
        x, y, width, height = self.browser.run(script)
        return (x, y, width, height)

    def _keep(self, name: str, clip: Clip) -> None:
        time.sleep(1)  # fonts and fading in
        picture = self.browser.picture(clip)
        if len(picture) > LARGEST:
            raise NotMade(f"{name} has {len(picture)} bytes, more than {LARGEST}: show less of the page")
        (HERE / f"{name}.png").write_bytes(picture)
        print(f"{name}.png: {clip[2]:.0f} x {clip[3]:.0f}, {len(picture)} bytes")


def main() -> None:
    """Make every picture."""
    program = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    if program is None:
        raise SystemExit("no Chromium was found; on Debian: apt-get install chromium")
    HERE.mkdir(exist_ok=True)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="halon-pictures-")))
        agent = stack.enter_context(running_agent(token=secrets.token_urlsafe(24)))
        house = House(folder, agent.url, agent.token)
        stack.enter_context(house.up(folder / "up.log"))
        gate = house.begin_incidents()
        browser = stack.enter_context(Browser(program, folder / "profile", WIDTH, HEIGHT))
        Photographer(browser, house, "incident-support-bot.unauthorised_tool_action", gate).all()


def _free_ports(count: int) -> tuple[int, ...]:
    with ExitStack() as stack:
        probes = [stack.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return tuple(int(probe.getsockname()[1]) for probe in probes)


if __name__ == "__main__":
    main()
