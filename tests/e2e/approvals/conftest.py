"""A house whose kit is not for development, and people with authenticators of their own."""

from __future__ import annotations

import base64
import hmac
import struct
import time
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

STEP = 30
KEY = "the identity key of the end-to-end tests"


class Authenticator:
    """An authenticator app: it knows nothing but the address that ``halon enrol`` printed (RFC 6238)."""

    def __init__(self, uri: str) -> None:
        asked = parse_qs(urlsplit(uri).query)
        secret = asked["secret"][0]
        assert (asked["algorithm"], asked["digits"], asked["period"]) == (["SHA1"], ["6"], [str(STEP)])
        self._key = base64.b32decode(secret + "=" * (-len(secret) % 8))
        self._given: set[int] = set()

    def code(self) -> str:
        """One that counts for half a minute at least and was not given before; where there is none, the next is waited for."""
        while True:
            now = int(time.time()) // STEP
            step = next((one for one in (now, now + 1) if one not in self._given), None)
            if step is not None:
                self._given.add(step)
                return self.at(step)
            time.sleep(1)

    def at(self, step: int) -> str:
        """What it shows in a step."""
        mac = hmac.digest(self._key, struct.pack(">Q", step), "sha1")
        start = mac[-1] & 15
        return f"{(struct.unpack('>I', mac[start : start + 4])[0] & 0x7FFFFFFF) % 10**6:06}"


@pytest.fixture
def strict(house: Any) -> Any:
    """``house`` without the mark ``development``; sue and lee, the security leads, are enrolled: ``house.apps`` has theirs."""
    kit = house.environment["HALON_KIT"]
    organisation = house.home.parent / "kit" / "organisation.yaml"
    assert str(organisation.parent) == kit
    text = organisation.read_text()
    assert "development: true\n" in text
    organisation.write_text(text.replace("development: true\n", ""))
    house.environment["HALON_IDENTITY_KEY"] = KEY
    sue = Authenticator(house.say("enrol", "sue", "--totp", "--by", "sue", "--json").value["uri"])
    house.say("enrol", "sue", "--confirm", sue.code())
    told = house.say("enrol", "lee", "--totp", "--by", "sue", "--code", sue.code(), "--json")
    lee = Authenticator(told.value["uri"])
    house.say("enrol", "lee", "--confirm", lee.code())
    house.apps = {"sue": sue, "lee": lee}
    return house


@pytest.fixture
def asked(strict: Any) -> tuple[str, str]:
    """Halon is up, and asks whether to revoke a token for good, which lee alone brought up: the incident and its gate."""
    strict.up()
    told = strict.say("report", "The token may be in a public log.", "--agent", "support-bot", "--what",
                      "unauthorised_tool_action", "--by", "ann", "--json")  # fmt: skip
    name = str(told.value["incidents"][0]["incident"])
    strict.until_status(name, "a severity", lambda now: now["severity"]["level"])
    strict.say("fact", name, "credential_exposed", "true", "--by", "lee")

    def gate() -> str:
        open_now = [one for one in strict.shown(name).get("gates") or [] if one["status"] == "open"]
        return next((str(one["id"]) for one in open_now if one["subject"] == "revoke-token"), "")

    return name, strict.until("the gate of the token", gate)
