"""Apprise: an extra that may be missing, and targets that fail by themselves."""

from __future__ import annotations

import enum
import sys
from types import SimpleNamespace
from typing import Any

import pytest

from halon.connectors import apprise
from halon.connectors.errors import MissingSecret, NoAnswer, Refused
from halon.connectors.product import Dispatch

SENT = Dispatch("halon:x", "Subject", "Body", severity="SEV1", link="https://halon.acme.example/i/1")


class NotifyType(enum.Enum):
    INFO, WARNING, FAILURE = "info", "warning", "failure"


class Stand:
    """As much of the library as is called, with its signatures."""

    sent: list[tuple[str, dict[str, Any]]]

    def __init__(self) -> None:
        self.url = ""

    def add(self, url: str) -> bool:
        self.url = url
        return not url.startswith("nonsense:")

    async def async_notify(self, **given: Any) -> bool:
        self.sent.append((self.url, given))
        return not self.url.startswith("dead:")


@pytest.fixture
def stand(monkeypatch: pytest.MonkeyPatch) -> type[Stand]:
    """The library's place is taken by a stand-in."""
    Stand.sent = []
    made = SimpleNamespace(Apprise=Stand, NotifyFormat=SimpleNamespace(TEXT="text"), NotifyType=NotifyType)
    monkeypatch.setitem(sys.modules, "apprise", made)
    return Stand


def test_a_missing_library_is_one_line_with_the_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """What to install, where, and what else to do."""
    monkeypatch.setitem(sys.modules, "apprise", None)
    with pytest.raises(Refused, match=r"install halon\[apprise\] where the worker runs") as caught:
        apprise.library()
    assert "\n" not in str(caught.value)


async def test_text_is_sent_as_text(stand: type[Stand]) -> None:
    """Apprise is told that it is plain text, so that it escapes it where HTML or markdown is shown."""
    await apprise.notify(SENT, "ok://t", "target 1")
    assert stand.sent == [
        (
            "ok://t",
            {
                "title": "Subject",
                "body": "Body\n\nhttps://halon.acme.example/i/1",
                "body_format": "text",
                "notify_type": NotifyType.FAILURE,
                "interpret_escapes": False,
            },
        )
    ]


async def test_a_target_that_fails_is_named_without_its_address(stand: type[Stand]) -> None:
    """Not taken, and not known, are errors of their own; the address, a secret, is in neither."""
    for url, error in (("dead://user:password@host", NoAnswer), ("nonsense://user:password@host", Refused)):
        with pytest.raises(error, match="target 2") as caught:
            await apprise.notify(SENT, url, "target 2 of chat")
        assert "password" not in str(caught.value)
    assert [url for url, _ in stand.sent] == ["dead://user:password@host"]


def test_targets_are_apart_by_spaces_or_lines() -> None:
    """A comma belongs to an address; the same target twice is one."""
    environ = {"A": " json://a,b \n slack://c\tjson://a,b"}
    assert apprise.targets("A", environ) == ("json://a,b", "slack://c")
    with pytest.raises(MissingSecret, match="B"):
        apprise.targets("B", environ)
    with pytest.raises(Refused, match="more than 20"):
        apprise.targets("C", {"C": " ".join(f"json://{number}" for number in range(21))})
