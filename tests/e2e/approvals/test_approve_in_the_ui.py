"""An answer typed into Temporal's own web UI, in a real browser: a yes with a code, and the no that the asker gets."""

from __future__ import annotations

import importlib.util
import json
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

DOCS = Path(__file__).resolve().parents[3] / "docs"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
DIALOG = "dialog[open]"
CODE_LINES = ("Traceback", 'File "', ".py", "site-packages")
TOKEN = "/control/tokens/support-bot-token"
REVOKE = f"{TOKEN}/revoke"


class Ui:
    """Temporal's page of one workflow, as a person uses it."""

    def __init__(self, browser: Any, page: str, pictures: Path) -> None:
        self.browser, self.page, self.pictures = browser, page, pictures

    def update(self, name: str, said: dict[str, Any]) -> None:
        """More Actions, Send an Update, choose ``name``, type the JSON, Submit."""
        self.browser.open(self.page)
        self.browser.wait_for_text("Results will appear")
        self.browser.click("More Actions", "button")
        self.browser.click("Send an Update")
        self.browser.wait("the dialog", f"document.querySelector('{DIALOG}') !== null")
        self.browser.click_on(f"{DIALOG} [data-testid=update-select-button]")
        time.sleep(1)  # the list unfolds
        self.browser.click(name, f"{DIALOG} li span")
        time.sleep(1)
        self.browser.click_on(f"{DIALOG} .cm-content")
        self.browser.write(json.dumps(said))
        self.browser.wait(f"{name} and its JSON",
                          f"document.querySelector('{DIALOG} .cm-content').innerText.includes({json.dumps(said['gate'])})"
                          f" && document.querySelector('{DIALOG} input').value === {json.dumps(name)}")  # fmt: skip
        self.browser.click("Submit", f"{DIALOG} button")

    def takes_it(self, picture: str) -> None:
        """Wait until the dialog has closed, which is the UI's yes."""
        self.browser.wait("the dialog to close", f"document.querySelector('{DIALOG}') === null")
        (self.pictures / f"{picture}.png").write_bytes(self.browser.picture())

    def shows(self, words: str, picture: str) -> str:
        """All that is to be read on the page as soon as ``words`` are; what it looks like is kept."""
        try:
            self.browser.wait_for_text(words)
        finally:
            time.sleep(0.5)
            (self.pictures / f"{picture}.png").write_bytes(self.browser.picture())
        return str(self.browser.run("document.body.innerText"))


@pytest.fixture
def ui(strict: Any, asked: tuple[str, str], tmp_path: Path) -> Iterator[Ui]:
    """The incident's page in a Chromium without a window."""
    program = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    assert program, "Chromium is not installed; run: tests/e2e/install"
    spec = importlib.util.spec_from_file_location("halon_docs_chromium_e2e", DOCS / "chromium.py")
    assert spec is not None
    assert spec.loader is not None
    chromium = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(chromium)
    workflow = next(one["workflow_id"] for one in strict.incidents() if one["reference"] == asked[0])
    page = f"http://127.0.0.1:{strict.environment['HALON_UI_PORT']}/namespaces/default/workflows/{quote(workflow)}"
    with chromium.Browser(program, tmp_path / "profile", 1440, 1600) as browser:
        yield Ui(browser, page, tmp_path)


def token_is_active(house: Any) -> bool:
    """What the agent says of its token."""
    return bool(house.api.get(TOKEN).json()["active"])


def test_a_responder_approves_in_the_ui_and_who_proposed_it_is_told_why_not(
    strict: Any, asked: tuple[str, str], ui: Ui
) -> None:
    """Who brought it up is refused in plain words, a typed name too; another's yes with a code revokes the token, once."""
    name, gate = asked
    ui.update("approve", {"by": "lee", "gate": gate, "code": strict.apps["lee"].code()})
    read = ui.shows("lee proposed this; somebody else with security_lead must agree", "self-approval")
    assert not any(line in read for line in CODE_LINES), read

    ui.update("approve", {"by": "sue", "gate": gate})
    read = ui.shows("this takes the verifier totp, and a name alone proves nothing", "a-name-alone")
    assert not any(line in read for line in CODE_LINES), read
    assert token_is_active(strict)
    assert strict.calls(REVOKE) == []

    code = strict.apps["sue"].code()
    ui.update("approve", {"by": "sue", "gate": gate, "code": code, "reason": "seen in the log"})
    ui.takes_it("approved")
    strict.until("the token revoked", lambda: not token_is_active(strict))
    strict.until_status(name, "it read back", lambda now: now["actions"]["revoke-token"] == "verified")
    assert [(call["method"], call["effects"], call["conflicts"]) for call in strict.calls(REVOKE)] == [("POST", 1, 0)]

    shown = strict.shown(name)
    (asked_for,) = [one for one in shown["gates"] if one["id"] == gate]
    assert [(one["by"], one["how"]) for one in asked_for["answers"]] == [("sue", "totp")]
    log = [one["text"] for one in strict.say("timeline", name, "--json").value]
    assert f"sue (totp) approved {gate}: seen in the log" in log
    assert any(line.startswith("Refused approve: lee proposed this") for line in log)
    assert not any(code in line for line in log)
    assert f'"{code}"' not in json.dumps(shown)
