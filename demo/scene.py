"""What every act needs: the terminal, the programs, a voice, and what earlier acts have learnt."""

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


@dataclass
class Scene:
    """One run of the demo. The fields below ``say`` are filled by the acts, each from something that was read back."""

    tell: Telling
    programs: Programs
    say: Speaking
    alert: tuple[str, str, str] = ("", "", "")
    victims: tuple[str, ...] = ()
    early_head: str = ""
    notice_head: str = ""

    def log_line(self, *words: str) -> str:
        """The newest line of the incident's log that holds all these words, or ""."""
        lines = [f"{one['actor']}: {one['text']}" for one in self.say.query("timeline") or []]
        return next((line for line in reversed(lines) if all(word in line for word in words)), "")

    def wait_for_line(self, *words: str, seconds: float = 30) -> str:
        """Wait until the log has such a line."""
        return self.tell.until(f"the log says {' … '.join(words)}", lambda: self.log_line(*words), bool, seconds)

    def wait_for_gate(self, subject: str, *, opened_from: str = "", seconds: float = 45) -> dict[str, Any]:
        """Wait for an open gate about this subject, opened at that time or later."""
        return self.tell.until(
            f"a gate opens for {subject}", lambda: self.say.gate(subject),
            lambda gate: gate.get("status") == "open" and gate["opened_at"] >= opened_from, seconds)  # fmt: skip

    def wait_for_action(self, name: str, status: str, seconds: float = 60) -> dict[str, Any]:
        """Wait until an action has come so far."""
        return self.tell.until(
            f"{name} becomes {status}", lambda: self.say.action(name), lambda one: one.get("status") == status, seconds
        )

    def calls_are_single(self, path: str, effects: int) -> None:
        """Check at the agent that each idempotency key of a path took effect once."""
        rows = self.say.calls(path)
        shown = ", ".join(f"{row['effects']} effect, arrived {row['deliveries']}x" for row in rows)
        self.tell.check(
            f"the agent's own ledger of {path}: one effect for each key",
            [row["effects"] for row in rows] == [1] * effects and all(row["key"] for row in rows), shown)  # fmt: skip

    def pages(self) -> list[str]:
        """The subjects of the pages, so far, that ask the commander to acknowledge."""
        pages = [json.loads(line) for line in self.programs.kept("pages.log")]
        return [one["subject"] for one in pages if f"halon ack {self.say.reference} --by ann" in one["body"]]

    def said(self, *words: str, what: str) -> None:
        """Type ``halon`` with these words; it must be done."""
        done = self.say.halon(*words, "--json")
        told = done.value if isinstance(done.value, dict) else {}
        self.tell.check(what, done.code == 0 and told.get("ok"), told.get("answer") or done.refusal, must=True)
