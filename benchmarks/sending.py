"""A sender in a process of its own: ``python -m benchmarks.sending`` reads a plan on stdin and writes what came of it.

Connections are kept open; each delivers one alert, waits for the answer and goes on to the next. A 5xx and a broken
connection are tried again with the same payload, as Alertmanager does; every other refusal counts as lost. It speaks
HTTP/1.1 by hand, because a client that needs as much time as the door would measure itself.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from urllib.parse import urlsplit

PAYLOAD = 1024
"""Bytes of one delivery's body."""
_PATIENCE = 30.0
_PAUSES = (0.05, 0.1, 0.2, 0.4, 0.8)
_LOST = (OSError, TimeoutError)


@dataclass(frozen=True)
class Plan:
    """What to send: ``alerts`` alerts of ``groups`` groups over ``connections`` connections to ``url``.

    ``severities`` names how many of the groups, from the first on, carry which severity; the rest carry ``warning``.
    ``seconds`` bounds how long one alert is tried.
    """

    url: str
    token: str
    alerts: int
    groups: int
    connections: int
    agent: str = "support-bot"
    prefix: str = "storm"
    severities: dict[str, int] = field(default_factory=dict)
    seconds: float = 120.0
    shuffled: bool = False
    seed: int = 1


@dataclass
class Came:
    """What came of it: seconds of each acknowledged alert's last try, and from its first; answers by status; names."""

    seconds: float = 0.0
    spent: list[float] = field(default_factory=list)
    statuses: dict[str, int] = field(default_factory=dict)
    acknowledged: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    tried_again: int = 0
    cpu: float = 0.0


def body(plan: Plan, number: int) -> bytes:
    """The payload of alert ``number``: as Alertmanager sends it, of ``PAYLOAD`` bytes."""
    group = number % plan.groups
    labels = {
        "agent": plan.agent, "alertname": f"Rule{group}", "group": f"{plan.prefix}-{group}",
        "severity": severity(plan, group), "pod": f"support-bot-{number}", "region": "eu-central-1",
    }  # fmt: skip
    alert = {
        "status": "firing", "labels": labels, "startsAt": "2026-11-22T08:16:15.508Z", "endsAt": "0001-01-01T00:00:00Z",
        "annotations": {"summary": "It used a tool without authorisation.", "description": ""},
        "generatorURL": "http://prometheus.example:9090/graph?g0.expr=rate", "fingerprint": name(plan, number),
    }  # fmt: skip
    delivery = {
        "receiver": "halon", "status": "firing", "version": "4", "groupKey": f'{{}}:{{group="{group}"}}',
        "truncatedAlerts": 0, "groupLabels": {"group": labels["group"]}, "commonLabels": {"agent": plan.agent},
        "commonAnnotations": {}, "externalURL": "http://alertmanager.example:9093", "alerts": [alert],
    }  # fmt: skip
    missing = PAYLOAD - len(json.dumps(delivery))
    alert["annotations"]["description"] = ("The agent called a tool that its role does not have. " * 20)[:missing]  # type: ignore[index]
    return json.dumps(delivery).encode()


def severity(plan: Plan, group: int) -> str:
    """The severity that alerts of ``group`` carry."""
    for word, count in plan.severities.items():
        if group < count:
            return word
        group -= count
    return "warning"


def name(plan: Plan, number: int) -> str:
    """The fingerprint of alert ``number``."""
    return f"{plan.prefix}-{number:06d}"


class _Answers(asyncio.Protocol):
    """The answers on one connection: the status of each, as soon as its body is there."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self.closing = False
        self._came = b""
        self._waiting: asyncio.Future[int] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def next(self) -> asyncio.Future[int]:
        self._waiting = asyncio.get_running_loop().create_future()
        return self._waiting

    def data_received(self, data: bytes) -> None:
        self._came += data
        head, end, rest = self._came.partition(b"\r\n\r\n")
        if not end or self._waiting is None or self._waiting.done():
            return
        lowered = head.lower()
        length = int(lowered.partition(b"content-length:")[2].partition(b"\r\n")[0])
        if len(rest) >= length:
            self._came = rest[length:]
            self.closing = b"connection: close" in lowered
            self._waiting.set_result(int(head[9:12]))

    def connection_lost(self, exc: Exception | None) -> None:
        self.closing = True
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_exception(exc or ConnectionResetError("closed without an answer"))


class Connection:
    """One connection, opened again when it breaks."""

    def __init__(self, plan: Plan) -> None:
        parts = urlsplit(plan.url)
        self._host, self._port = str(parts.hostname), int(parts.port or 80)
        self._head = (
            f"POST {parts.path} HTTP/1.1\r\nHost: {self._host}:{self._port}\r\nUser-Agent: Alertmanager/0.27.0\r\n"
            f"Authorization: Bearer {plan.token}\r\nContent-Type: application/json\r\nContent-Length: "
        ).encode()
        self._answers: _Answers | None = None

    async def post(self, content: bytes) -> int:
        """The status of the answer. Raises one of ``_LOST`` if there is none."""
        answers = self._answers
        if answers is None or answers.closing:
            loop = asyncio.get_running_loop()
            _, answers = await loop.create_connection(_Answers, self._host, self._port)
            self._answers = answers
        assert answers.transport is not None
        try:
            async with asyncio.timeout(_PATIENCE):
                coming = answers.next()
                answers.transport.write(b"%s%d\r\n\r\n%s" % (self._head, len(content), content))
                return await coming
        except _LOST:
            self.close()
            raise

    def close(self) -> None:
        if self._answers is not None and self._answers.transport is not None:
            self._answers.transport.close()
        self._answers = None


async def send(plan: Plan, came: Came | None = None) -> Came:
    """Send it all, and say what came of it; ``came``, if given, grows meanwhile."""
    numbers = list(range(plan.alerts))
    if plan.shuffled:
        random.Random(plan.seed).shuffle(numbers)
    bodies = [(number, body(plan, number)) for number in numbers]
    came, statuses = came or Came(), Counter[str]()
    waiting = iter(bodies)
    began, cpu = time.perf_counter(), time.process_time()
    await asyncio.gather(*(_lane(plan, waiting, came, statuses) for _ in range(plan.connections)))
    came.seconds, came.cpu = time.perf_counter() - began, time.process_time() - cpu
    came.statuses = dict(statuses)
    return came


async def _lane(plan: Plan, waiting: Iterator[tuple[int, bytes]], came: Came, statuses: Counter[str]) -> None:
    connection = Connection(plan)
    for number, content in waiting:
        end, tries = time.perf_counter() + plan.seconds, 0
        while True:
            began = time.perf_counter()
            try:
                status = await connection.post(content)
            except _LOST as error:
                statuses[type(error).__name__] += 1
                status = 0
            else:
                statuses[str(status)] += 1
            if 200 <= status < 300:
                came.spent.append(time.perf_counter() - began)
                came.acknowledged.append(name(plan, number))
                break
            if 0 < status < 500 or time.perf_counter() > end:
                came.refused.append(name(plan, number))
                break
            came.tried_again += 1
            await asyncio.sleep(_PAUSES[min(tries, len(_PAUSES) - 1)] * random.uniform(0.5, 1.5))
            tries += 1
    connection.close()


if __name__ == "__main__":
    print(json.dumps(asdict(asyncio.run(send(Plan(**json.load(sys.stdin)))))))
