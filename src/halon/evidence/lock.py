"""Object lock: a sealed object can't be deleted, replaced or unlocked before its time, also not by us.

Of an S3-compatible store whose bucket was made with object lock (the operations PutObjectRetention and
PutObjectLegalHold). obstore does not offer them, so they are asked for here, signed as every request to S3 is.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal
from urllib.parse import quote

import httpx

from halon.connectors.auth_sigv4 import signed
from halon.evidence.errors import BadLock, NoCredentials, NotLocked, StoreUnreachable
from halon.evidence.s3 import ANSWER_SECONDS, KEYS, Place
from halon.incident import times

SETTING = "HALON_EVIDENCE_LOCK"
Mode = Literal["governance", "compliance"]
MODES: tuple[Mode, ...] = ("governance", "compliance")
"""``governance``: whoever has a special permission may still unlock. ``compliance``: nobody may, before the time is up."""
_REGIONS = ("AWS_REGION", "AWS_DEFAULT_REGION")
_TAKEN = (200, 204)


@dataclass(frozen=True, slots=True)
class Lock:
    """Locks objects at ``where`` in ``mode``, with keys from the environment."""

    where: Place
    mode: Mode
    region: str
    secrets: Mapping[str, str] = field(repr=False)

    async def set(self, path: str, until: str, *, hold: bool) -> None:
        """Lock the object at ``path`` until a time (ISO 8601 UTC), and with ``hold`` until somebody lifts the hold.

        Locking again for the same time or longer is no error. Raises NotLocked if the store does not take it,
        StoreUnreachable.
        """
        end = times.parse(until).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        retention = f"<Retention><Mode>{self.mode.upper()}</Mode><RetainUntilDate>{end}</RetainUntilDate></Retention>"
        await self._ask(path, "retention", retention.encode())
        if hold:
            await self._ask(path, "legal-hold", b"<LegalHold><Status>ON</Status></LegalHold>")

    async def _ask(self, path: str, what: str, content: bytes) -> None:
        key = "/".join(part for part in (self.where.prefix, path) if part)
        base = self.where.endpoint or f"https://s3.{self.region}.amazonaws.com"
        url = httpx.URL(f"{base}/{self.where.bucket}/{quote(key, safe='/-_.~')}?{what}=")
        headers = {
            "Content-MD5": base64.b64encode(hashlib.md5(content, usedforsecurity=False).digest()).decode("ascii"),
            "Content-Type": "application/xml",
        }
        options = {"region": self.region, "service": "s3"}
        own = signed("PUT", url, headers, content, datetime.now(UTC), options, self.secrets)
        try:
            async with httpx.AsyncClient(trust_env=False, timeout=ANSWER_SECONDS) as client:
                answer = await client.put(url, content=content, headers={**headers, **own})
        except httpx.HTTPError:
            raise StoreUnreachable(str(self.where)) from None
        if answer.status_code not in _TAKEN:
            raise NotLocked(path, answer.status_code)


def lock_of(where: Place, environ: Mapping[str, str]) -> Lock | None:
    """The lock that ``environ`` asks for; None if it asks for none. Raises BadLock, NoCredentials."""
    mode = environ.get(SETTING, "").strip().lower()
    if not mode:
        return None
    if mode not in MODES:
        raise BadLock(mode, MODES)
    missing = tuple(name for name in KEYS if not environ.get(name, "").strip())
    if missing:
        raise NoCredentials(missing)
    secrets = {"access_key_id": environ[KEYS[0]], "secret_access_key": environ[KEYS[1]]}
    if token := environ.get("AWS_SESSION_TOKEN", "").strip():
        secrets["session_token"] = token
    region = next((environ[name] for name in _REGIONS if environ.get(name, "").strip()), "us-east-1")
    return Lock(where, mode, region, secrets)
