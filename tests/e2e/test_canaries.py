"""Planted secrets and personal data: sealed with the evidence, and nowhere else that Halon writes.

Every text of every kind of source gets a canary, if its reader still takes the payload: values, names of labels, ids,
agents, groups; so do headers, query strings, reports, and what the agent was asked and answered. Then all that Halon
keeps or says is searched: Temporal's database (rows and bytes, and what they hold in base64 or deflated), logs,
metrics, lists, pages, the record and its exports.
"""

from __future__ import annotations

import base64
import copy
import json
import re
import shutil
import sqlite3
import zlib
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import httpx

import halon_templates
from halon.intake.problems import BadPayload
from halon.intake.sources.reader import Arrived
from halon.intake.sources.readers import READERS
from halon.kit.loading import load

CAPTURES = Path(__file__).parents[1] / "intake" / "captures"
MAPPED = Path(str(halon_templates.__file__)).parent / "sources"
RULE = "rules:\n  customer:\n    pattern: '\\bCUST-[0-9]{6,12}\\b'\n    why: leads to a person\n"
TOKEN = "the-token-of-all-senders-0123456789"
NOW = "2026-11-22T08:00:00.000Z"


class Canaries:
    """Secrets and personal data that no one else has: each is sound by its check digits, and each is new."""

    def __init__(self) -> None:
        self.planted: dict[str, str] = {}
        self._number = 0

    def new(self, where: str) -> str:
        """One of ten kinds, in turn."""
        self._number += 1
        number = self._number
        made: tuple[Callable[[int], str], ...] = (
            _mail,
            _card,
            _iban,
            _key,
            _customer,
            _phone,
            _github,
            _amazon,
            _ssn,
            _jwt,
        )
        canary = made[number % len(made)](number)
        self.planted[canary] = where
        return canary

    def found(self, content: bytes) -> dict[str, str]:
        """The canaries in ``content``, and where they were planted."""
        return {canary: where for canary, where in self.planted.items() if canary.encode() in content}

    def guessed(self, content: bytes) -> dict[str, str]:
        """As ``found``, also where the case was changed, or digits were lost, as in an id that was made of it."""
        lowered = content.lower()
        return {canary: where for canary, where in self.planted.items() if _mark(canary) in lowered}


@cache
def _mark(canary: str) -> bytes:
    """The part of a canary that no change of case, and no loss of digits where there are letters, takes away."""
    found = re.search(r"canary-?[a-z]{4}|anna\.[a-z]{4}|[0-9-]{9,}|[a-z0-9+-]{11,}", canary.lower())
    assert found, canary
    return found[0].encode()


def _letters(n: int) -> str:
    return "".join(chr(ord("a") + n // 26**place % 26) for place in range(4))


def _mail(n: int) -> str:
    return f"anna.{_letters(n)}{n}@canary.example.org"


def _card(n: int) -> str:
    digits = f"4929{n:011d}"
    doubled = [int(d) * (2 - i % 2) for i, d in enumerate(digits)]
    return digits + str(-sum(d - 9 * (d > 9) for d in doubled) % 10)


def _iban(n: int) -> str:
    account = f"{37040044:08d}{n:010d}"
    return f"DE{98 - int(account + '131400') % 97:02d}{account}"


def _key(n: int) -> str:
    return f"sk-live-canary-{_letters(n)}-{n:06d}"


def _customer(n: int) -> str:
    return f"CUST-{900000 + n}"


def _phone(n: int) -> str:
    return f"+4930{5550000 + n}"


def _github(n: int) -> str:
    return f"ghp_Canary{_letters(n)}{n:010d}"


def _amazon(n: int) -> str:
    return f"AKIACANARY{_letters(n).upper()}{n:06d}"[:20]


def _ssn(n: int) -> str:
    return f"{200 + n // 90 % 400}-{10 + n % 90}-{1000 + n % 9000}"


def _jwt(n: int) -> str:
    return f"eyJhbGciOiJI.Canary{_letters(n)}{n:06d}.c2lnbmF0dXJl"


def leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], str]]:
    """Every text in a JSON value, and every name in its objects (as a path that ends in None)."""
    if isinstance(value, str):
        yield path, value
    for key, item in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from leaves(item, (*path, key))
    if isinstance(value, dict):
        yield (*path, None), ""


def planted(body: Any, path: tuple[Any, ...], text: str) -> Any:
    """``body`` with ``text`` at ``path``; at a path that ends in None, a new name of that object."""
    changed = copy.deepcopy(body)
    at = changed
    for step in path[:-1]:
        at = at[step]
    if not path:
        return text
    at.update({text: text}) if path[-1] is None else at.__setitem__(path[-1], text)
    return changed


def poisoned(body: Any, takes: Callable[[Any], bool], canaries: Canaries, where: str) -> Any:
    """``body`` with canaries in place of, else behind, every text with which it is still taken."""
    for path, text in list(leaves(body)):
        canary = canaries.new(f"{where} {path}")
        for instead in (canary, f"{text} {canary}"):
            changed = planted(body, path, instead)
            if takes(changed):
                body = changed
                break
        else:
            del canaries.planted[canary]
    return body


def unpacked(content: bytes, deep: int = 3) -> Iterator[bytes]:
    """The bytes, and what they hold in base64, in JSON escapes, or deflated."""
    yield content
    if not deep:
        return
    for run in re.findall(rb"[A-Za-z0-9+/_-]{24,}={0,2}", content):
        for decode in (base64.standard_b64decode, base64.urlsafe_b64decode):
            try:
                inside = decode(run + b"=" * (-len(run) % 4))
            except ValueError:
                continue
            yield from unpacked(inside, deep - 1)
    for start in (found.start() for found in re.finditer(rb"\x78[\x01\x5e\x9c\xda]|\x1f\x8b\x08", content)):
        try:
            yield from unpacked(zlib.decompressobj(47).decompress(content[start:], 10_000_000), deep - 1)
        except zlib.error:
            continue
    if b"\\u" in content:
        yield re.sub(rb"\\u00([0-7][0-9a-f])", lambda found: bytes([int(found[1], 16)]), content)


def rows(database: Path) -> Iterator[tuple[str, bytes]]:
    """Every value of every table, and the database's files as they are."""
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as read:
        for (table,) in read.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            for row in read.execute(f'SELECT * FROM "{table}"'):
                for value in row:
                    if isinstance(value, bytes | str):
                        yield f"table {table}", value if isinstance(value, bytes) else value.encode()
    for file in database.parent.glob(f"{database.name}*"):
        yield file.name, file.read_bytes()


def deliveries(kit: Path, canaries: Canaries) -> Iterator[tuple[str, dict[str, str], Any]]:
    """For each source of the kit: its name, headers, and a payload with a canary wherever it takes one."""
    samples: dict[str, list[tuple[dict[str, str], Any]]] = {"alertmanager": []}
    held = json.loads((CAPTURES / "alertmanager.json").read_text())["deliveries"]
    samples["alertmanager"] = [({}, one["body"]) for one in held[:2]]
    for file in sorted(CAPTURES.glob("*/*.json")):
        one = json.loads(file.read_text())
        samples.setdefault(file.parent.name, []).append((dict(one.get("headers") or {}), one["body"]))
    for file in sorted(MAPPED.glob("*.sample.json")):
        samples[file.name.split(".")[0]] = [({}, json.loads(file.read_text()))]
    sources = load(kit, {}).sources
    for name, given in samples.items():
        source = sources[name]
        reader = READERS[source.kind]
        for headers, body in given:
            lower = {key.lower(): str(value) for key, value in headers.items()}

            def alerts(candidate: Any, source: Any = source, reader: Any = reader, lower: Any = lower) -> int:
                try:
                    return len(reader.came(Arrived(candidate, NOW, 1000, lower), source).alerts)
                except BadPayload:
                    return 0

            if wanted := alerts(body):
                kept = {key: value for key, value in lower.items() if key.startswith(("sentry-", "content-type"))}
                taken = poisoned(body, lambda candidate, wanted=wanted: alerts(candidate) == wanted, canaries, name)
                yield name, kept, taken


def test_a_canary_is_found_in_the_sealed_evidence_and_nowhere_else(house: Any, tmp_path: Path) -> None:
    """Hundreds of canaries from every way in: all of them lie in the evidence, none in anything else."""
    canaries = Canaries()
    kit = Path(house.environment["HALON_KIT"])
    (kit / "redaction.yaml").write_text(RULE)
    kinds = [kind for kind in READERS if kind not in ("mapped", "report", "alertmanager")]
    lines = [
        f"  {kind}: {{kind: {kind}, token_env: CANARY_TOKEN, auth: {{scheme: bearer}}, agent: support-bot}}"
        for kind in kinds
    ]
    with (kit / "sources.yaml").open("a") as file:
        file.write("\n".join(["", *lines, ""]))
    for file in MAPPED.glob("*.yaml"):
        own = re.sub(r"(?m)^(token_env|auth):.*$", "", file.read_text())
        (kit / "sources" / file.name).write_text(own + "\ntoken_env: CANARY_TOKEN\nauth: {scheme: bearer}\n")
    house.environment |= {"CANARY_TOKEN": TOKEN, "HALON_TOKEN_ALERTMANAGER": TOKEN, "HALON_TOKEN_REPORT": TOKEN,
                          "HALON_TOKEN_READ": TOKEN, "HALON_LOG": "json"}  # fmt: skip
    house.up()
    sent = list(deliveries(kit, canaries))
    assert {name for name, _, _ in sent} >= {*kinds, "alertmanager", "langfuse", "cloudwatch", "splunk", "elastic"}

    outside = Canaries()  # these are not part of any payload: they must be nowhere at all
    outside._number = 100_000
    answered = b""
    with httpx.Client(
        base_url=house.url, headers={"Authorization": f"Bearer {TOKEN}"}, trust_env=False, timeout=30
    ) as door:
        # Said by the agent and to it, on record in its traces.
        told = [canaries.new("the agent's traces") for _ in range(10)]
        for number, canary in enumerate(told):
            asked = {"session": f"s-{number}", "customer": "C-1001", "message": f"Please mail me a copy, I am {canary}"}
            house.api.post("/v1/chat", json=asked).raise_for_status()
        house.misbehave("s-harm")
        for number, (name, headers, body) in enumerate(sent):
            extra = {"X-Canary": outside.new("a header"), "User-Agent": outside.new("a header"),
                     "traceparent": outside.new("a header"), "Cookie": f"session={outside.new('a header')}"}  # fmt: skip
            at = f"/v1/alerts/{name}?key={outside.new('a query string')}"
            answer = door.post(
                at, content=json.dumps(body), headers={"content-type": "application/json", **headers, **extra}
            )
            assert answer.status_code == 200, (name, number, answer.text)
            answered += answer.content
            bad = door.post(f"{at}{outside.new('path')}", content=b'{"%s": 1, "%s": 2}' % ((outside.new("name").encode(),) * 2),
                            headers={"Content-Type": "application/json", "Content-Encoding": outside.new("encoding")})  # fmt: skip
            assert bad.status_code in (415, 422)
            answered += bad.content
        report = {"reporter": f"Anna {canaries.new('report')}", "agent": "support-bot", "what": "data_leak",
                  "summary": " and ".join(canaries.new("report") for _ in range(10))}  # fmt: skip
        answer = door.post("/v1/reports", json=report)
        assert answer.status_code == 200, answer.text
        reported = answer.json()["incidents"][0]["incident"]
        strange = door.post(f"/v1/reports/{outside.new('path')}", json={})
        assert strange.status_code == 404
        answered += answer.content + strange.content
        house.until_status(reported, "the report's incident at work", lambda now: now["actions"])
        house.until("the agent's traces in the evidence", lambda: _sealed(house, told))
        listed = door.get("/v1/incidents?all=true&limit=500")
        metrics = door.get("/metrics")
        shown = [door.get(f"/v1/incidents/{row['workflow_id']}").content for row in listed.json()["incidents"]]
    assert len(shown) >= 10
    assert len(canaries.planted) > 300

    exports = tmp_path / "exports"
    exports.mkdir()
    typed = [house.type(*words) for words in (("show", reported), ("status", reported), ("timeline", reported),
                                              ("incidents", "--all"), ("facts", reported))]  # fmt: skip
    database = house.home / "temporal.db"
    places: list[tuple[str, bytes]] = [
        ("the answers", answered),
        ("/v1/incidents", listed.content),
        ("/metrics", metrics.content),
    ]
    places += [("/v1/incidents/ID", content) for content in shown]
    places += [(f"halon {one.words[0]}", (one.out + one.err).encode()) for one in typed]
    places += [(log.name, log.read_bytes()) for log in house.logs if log.exists() and log != house.agent.log]
    places += list(rows(database))
    sealed = b""
    for file in sorted(house.home.rglob("*")):
        if file.is_file() and not file.name.startswith("temporal.db"):
            content = file.read_bytes()
            if _is_sealed(file.relative_to(house.home)):
                sealed += b"\n".join(unpacked(content, 1)) + json.dumps(content.decode("utf-8", "replace")).encode()
            else:
                places.append((str(file.relative_to(house.home)), content))
    leaks: dict[str, str] = {}
    for place, content in places:
        pieces = b"\n".join(unpacked(content))
        for one in (canaries, outside):
            leaks |= {canary: f"{where} -> {place}" for canary, where in one.guessed(pieces).items()}
    assert leaks == {}, json.dumps(leaks, indent=1, ensure_ascii=False)
    kept = canaries.found(sealed)
    assert {canary: where for canary, where in canaries.planted.items() if canary not in kept} == {}
    assert outside.found(sealed) == {}
    shutil.rmtree(exports)


def _is_sealed(path: Path) -> bool:
    """Whether a file of Halon's home is sealed evidence: payloads as they came, and what was collected of the agent."""
    return path.parts[:2] == ("evidence", "evidence") and (
        path.parts[2] == "intake" or "-before-containment-" in path.name or "-minimal-case" in path.name
    )


def _sealed(house: Any, canaries: list[str]) -> bool:
    found = b"".join(file.read_bytes() for file in (house.home / "evidence").rglob("*") if file.is_file())
    return all(canary.encode() in found for canary in canaries)
