"""What every scene needs: the terminal, the programs, a voice, and what earlier scenes have learnt."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from programs import Programs
from speaking import Speaking
from telling import Telling

QUESTION = "How do I set up the sync connector?"
TOOL = "send_email"
TOOL_PATH = f"/control/tools/{TOOL}"
TOKEN = "support-bot-token"
REVOKE_PATH = f"/control/tokens/{TOKEN}/revoke"


def moment(text: str) -> datetime:
    """A time as a program wrote it."""
    return datetime.fromisoformat(text)


def spaced(names: list[str]) -> str:
    """Names of things as words."""
    return ", ".join(name.replace("_", " ") for name in names)


def plural(count: int, word: str, words: str = "") -> str:
    """A count and its word."""
    return f"{count} {word if count == 1 else words or word + 's'}"


@dataclass
class Scene:
    """One run of the demo. The fields below ``say`` are filled by the scenes, each from something that was read back."""

    tell: Telling
    programs: Programs
    say: Speaking
    alert: tuple[str, str, str] = ("", "", "")
    victims: tuple[str, ...] = ()
    thief: str = ""
    sent_at: str = ""
    level: str = ""
    early_head: str = ""
    sealed_at: str = ""
    notice_head: str = ""
    killed_at: str = ""
    killed_pid: int = 0
    killed_with: int = 0
    unanswered: int = 0
    gate: dict[str, Any] | None = None

    def log_line(self, *words: str) -> str:
        """The newest line of the incident's log that holds all these words, or ""."""
        lines = [str(one["text"]) for one in self.say.query("timeline") or []]
        return next((line for line in reversed(lines) if all(word in line for word in words)), "")

    def wait_for_line(self, *words: str, what: str, seconds: float = 30) -> str:
        """Wait until the log has such a line."""
        return self.tell.until(what, lambda: self.log_line(*words), bool, seconds)

    def wait_for_gate(self, subject: str, *, what: str, opened_from: str = "", seconds: float = 45) -> dict[str, Any]:
        """Wait for an open gate about this subject, opened at that time or later."""
        return self.tell.until(what, lambda: self.say.gate(subject),
                               lambda gate: gate.get("status") == "open" and gate["opened_at"] >= opened_from, seconds)  # fmt: skip

    def wait_for_action(self, name: str, status: str, *, what: str, seconds: float = 60) -> dict[str, Any]:
        """Wait until an action has come so far."""
        return self.tell.until(what, lambda: self.say.action(name), lambda one: one.get("status") == status, seconds)

    def carried_out_once(self, path: str, effects: int, *, mark: str = "") -> None:
        """Check in the agent's own list of calls that each key of a path was carried out once, however often it came."""
        rows = self.say.calls(path)
        for number, row in enumerate(rows, start=1):
            self.tell.check(f"calls carried out with this key: {row['effects']}", row["effects"] == 1 and row["key"],
                            f"received {plural(int(row['deliveries']), 'time')}, by the agent's own list",
                            mark=mark if number == len(rows) else "")  # fmt: skip
        self.tell.check("and the agent got no other order there", len(rows) == effects, plural(len(rows), "order"))

    def pages(self) -> list[str]:
        """The subjects of the pages, so far, that ask the commander to acknowledge."""
        pages = [json.loads(line) for line in self.programs.kept("pages.log")]
        return [one["subject"] for one in pages if f"halon ack {self.say.reference} --by ann" in one["body"]]

    def mails_to_thief(self) -> int:
        """How many mails the stranger has got."""
        return len(self.programs.mail.to(self.thief))

    def said(self, *words: str, what: str, mark: str = "") -> None:
        """Type ``halon`` with these words; it must be done."""
        done = self.say.halon(*words, "--json")
        told = done.value if isinstance(done.value, dict) else {}
        self.tell.check(
            what, done.code == 0 and told.get("ok"), told.get("answer") or done.refusal, must=True, mark=mark
        )
