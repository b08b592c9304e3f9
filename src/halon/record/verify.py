"""Check a record bundle alone: python verify.py BUNDLE [--head HASH]

Needs Python 3.9 or later and nothing else: no package of Halon's, no network, nothing that runs. The copy inside a
bundle is a convenience; whoever doubts the bundle takes this file from a source that they trust.

HASH is a head as a notice printed it (at least its first 8 hex digits): the record must hold that entry, so a cut or
replaced record shows. Exit code: 0 everything holds, 1 it does not, 2 wrong usage or no bundle there.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

FORMAT = "halon-record-1"
RECORD = "record.jsonl"
MANIFEST = "manifest.json"
_HEAD = re.compile(r"[0-9a-f]{8,64}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_FIELDS = {"seq", "at", "kind", "phase", "actor", "text", "data", "prev", "hash"}


@dataclass(frozen=True)
class Problem:
    """One thing that does not hold: where, and what is wrong there."""

    where: str
    what: str


@dataclass(frozen=True)
class Verdict:
    """``entries`` is how many entries hold, ``head`` the hash of the last of them; ``notes`` say what was seen."""

    ok: bool
    entries: int
    head: str
    problems: list[Problem]
    notes: list[str]


class NoBundle(Exception):
    """There is no bundle at this path, or it is of a format that this verifier does not know."""


def canonical(value: Any) -> bytes:
    """The canonical JSON: keys sorted by code point, no white space, UTF-8. Raises ValueError where there is none."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":")).encode("utf-8")


def genesis(incident_id: str) -> str:
    """The ``prev`` of the first entry."""
    return hashlib.sha256((FORMAT + "\n" + incident_id).encode("utf-8")).hexdigest()


def verify(path: Path, head: str | None = None) -> Verdict:
    """Check the bundle at ``path``, and with ``head`` that its record holds the entry with that hash.

    Raises NoBundle if there is nothing to check, ValueError if ``head`` is not 8 to 64 hex digits.
    """
    wanted = head.strip().lower() if head is not None else None
    if wanted is not None and not _HEAD.fullmatch(wanted):
        raise ValueError("a head is 8 to 64 hexadecimal digits, as printed in a notice")
    manifest = _manifest(path)
    problems: list[Problem] = []
    notes: list[str] = []
    entries = _chain(path / RECORD, manifest["incident_id"], problems)
    last = entries[-1]["hash"] if entries else ""
    if manifest.get("entries") != len(entries):
        problems.append(Problem(MANIFEST, f"it counts {_show(manifest.get('entries'))} entries, {len(entries)} hold"))
    if manifest.get("head") != last:
        problems.append(
            Problem(MANIFEST, f"its head is {_show(manifest.get('head'))}, the record's is {last or 'none'}")
        )
    if wanted is not None:
        _find_head(entries, wanted, problems, notes)
    listed = _files(path, manifest, problems)
    _references(entries, listed, problems, notes)
    _unlisted(path, listed, problems)
    return Verdict(not problems, len(entries), last, problems, notes)


def _manifest(path: Path) -> dict[str, Any]:
    try:
        manifest = json.loads((path / MANIFEST).read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise NoBundle(
            f"{_show(str(path))} is no record bundle: {MANIFEST} can't be read ({type(error).__name__})"
        ) from error
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise NoBundle(f"{_show(str(path))} is no record bundle of the format {FORMAT}")
    if not isinstance(manifest.get("incident_id"), str):
        raise NoBundle(f"{MANIFEST} names no incident")
    return manifest


def _chain(path: Path, incident_id: str, problems: list[Problem]) -> list[dict[str, Any]]:
    """The entries that hold, up to the first that does not."""
    try:
        if path.is_symlink():
            raise OSError("it is a link")
        data = path.read_bytes()
    except OSError as error:
        problems.append(Problem(RECORD, f"it can't be read ({type(error).__name__})"))
        return []
    lines = data.split(b"\n")
    torn = lines.pop()
    prev = genesis(incident_id)
    entries: list[dict[str, Any]] = []
    for number, line in enumerate(lines, start=1):
        wrong, entry = _entry(line, number, prev)
        if entry is None:
            rest = len(lines) - number
            problems.append(Problem(f"{RECORD} line {number}", f"{wrong}; the {rest} lines after it prove nothing"))
            break
        entries.append(entry)
        prev = entry["hash"]
    if torn:
        problems.append(Problem(f"{RECORD} line {len(lines) + 1}", "torn: the last line does not end"))
    return entries


def _entry(line: bytes, number: int, prev: str) -> tuple[str, dict[str, Any] | None]:
    """What is wrong with one line, or the entry that it holds."""
    try:
        entry = json.loads(line)
        same = canonical(entry) == line
    except (ValueError, RecursionError):
        return "not readable as JSON", None
    if not isinstance(entry, dict) or set(entry) != _FIELDS or not same:
        return "not an entry in its one canonical form", None
    if type(entry["seq"]) is not int or entry["seq"] != number:
        return f"its number is {_show(entry['seq'])} and should be {number}", None
    if entry["prev"] != prev:
        return "it does not continue the entry before it", None
    found = hashlib.sha256(canonical({name: entry[name] for name in _FIELDS - {"hash"}})).hexdigest()
    if entry["hash"] != found:
        return (
            f"its content was altered: it gives the hash {found[:8]}, the entry says {_show(entry['hash'])[:10]}",
            None,
        )
    return "", entry


def _find_head(entries: list[dict[str, Any]], wanted: str, problems: list[Problem], notes: list[str]) -> None:
    for entry in entries:
        if entry["hash"].startswith(wanted):
            later = len(entries) - entry["seq"]
            notes.append(
                f"head {wanted[:8]} is entry {entry['seq']} of {_show(entry['at'])}; {later} entries come after it"
            )
            return
    problems.append(
        Problem(RECORD, f"no entry has the head {wanted}: the record was cut or replaced, or it is another one")
    )


def _files(path: Path, manifest: dict[str, Any], problems: list[Problem]) -> dict[str, str]:
    """The SHA-256 that the manifest lists for each path, after checking every file against it."""
    listed: dict[str, str] = {}
    for part in ("files", "evidence"):
        items = manifest.get(part)
        if not isinstance(items, list):
            problems.append(Problem(MANIFEST, f"{part} is not a list"))
            continue
        for item in items:
            name = item.get("path") if isinstance(item, dict) else None
            if not isinstance(name, str) or not _inside(name):
                problems.append(Problem(MANIFEST, f"{part} lists a path that leaves the bundle: {_show(name)}"))
                continue
            if name in listed:
                problems.append(Problem(MANIFEST, f"{_show(name)} is listed twice"))
            listed[name] = str(item.get("sha256"))
            wrong = _file(path, name, item)
            if wrong:
                problems.append(Problem(_show(name), wrong))
    if RECORD not in listed:
        problems.append(Problem(MANIFEST, f"{RECORD} is not listed"))
    return listed


def _file(root: Path, name: str, item: dict[str, Any]) -> str:
    """What is wrong with one listed file; empty for nothing."""
    if not _SHA256.fullmatch(str(item.get("sha256"))):
        return "the manifest gives no SHA-256 for it"
    target = root / name
    if any(step.is_symlink() for step in (target, *target.parents) if step != root and root in step.parents):
        return "it is a link, and a bundle holds only files"
    total, size = hashlib.sha256(), 0
    try:
        with target.open("rb") as source:
            while block := source.read(1 << 20):
                total.update(block)
                size += len(block)
    except FileNotFoundError:
        return "it is missing"
    except OSError as error:
        return f"it can't be read ({type(error).__name__})"
    if total.hexdigest() != item["sha256"]:
        return f"its content was altered: SHA-256 {total.hexdigest()[:16]}, listed {item['sha256'][:16]}"
    if "size" in item and item["size"] != size:
        return f"it has {size} bytes, listed {_show(item['size'])}"
    return ""


def _references(
    entries: list[dict[str, Any]], listed: dict[str, str], problems: list[Problem], notes: list[str]
) -> None:
    """Every piece of evidence that the record names must be listed with the hash that the record gives."""
    anchored: set[str] = set()
    for entry in entries:
        for name, sha256 in references(entry["data"]):
            where = f"{RECORD} line {entry['seq']}"
            if name not in listed:
                problems.append(Problem(where, f"it names {_show(name)}, which the bundle does not list"))
            elif listed[name] != sha256:
                problems.append(Problem(where, f"it gives {_show(name)} another hash than the manifest"))
            anchored.add(name)
    artefacts = {name for name in listed if name.startswith("evidence/") and not name.endswith("+seal.json")}
    loose = len(artefacts - anchored)
    notes.append(f"{len(anchored)} pieces of evidence are named in the record itself")
    if loose:
        notes.append(f"{loose} are held by the manifest alone")


def references(data: Any) -> list[tuple[str, str]]:
    """Path and SHA-256 of each sealed artefact that an entry names: objects in the list ``evidence`` of its data.

    Only there: deeper down lies what alerts and agents sent, and they must not be able to name evidence.
    """
    named = data.get("evidence") if isinstance(data, dict) else None
    found: list[tuple[str, str]] = []
    for value in named if isinstance(named, list) else []:
        name, sha256 = (value.get("path"), value.get("sha256")) if isinstance(value, dict) else (None, None)
        if isinstance(name, str) and isinstance(sha256, str) and name.startswith("evidence/"):
            found.append((name, sha256))
    return found


def _unlisted(path: Path, listed: dict[str, str], problems: list[Problem]) -> None:
    for folder, folders, names in os.walk(path):
        links = [name for name in folders if (Path(folder) / name).is_symlink()]
        for name in [*names, *links]:
            relative = (Path(folder) / name).relative_to(path).as_posix()
            if relative != MANIFEST and relative not in listed:
                problems.append(Problem(_show(relative), "it is in the bundle, but not listed"))


def _inside(name: str) -> bool:
    parts = name.split("/")
    return "\\" not in name and "\0" not in name and ":" not in parts[0] and not {"", ".", ".."} & set(parts)


def _show(value: Any) -> str:
    """Any value on one line that no terminal obeys, and of bounded length."""
    text = ascii(value)
    return text if len(text) <= 200 else text[:200] + "..."


class _Usage(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        print(f"cannot check: {message}")
        raise SystemExit(2)


def main(arguments: list[str]) -> int:
    """Check the bundle named on the command line, print the result and return the exit code."""
    parser = _Usage(prog="verify.py", description="Check a record bundle of Halon's, with nothing else at hand.")
    parser.add_argument("bundle", type=Path, help="the folder that holds manifest.json and record.jsonl")
    parser.add_argument("--head", help="a head as a notice printed it: at least 8 hex digits")
    chosen = parser.parse_args(arguments)
    try:
        verdict = verify(chosen.bundle, chosen.head)
    except (NoBundle, ValueError) as error:
        print(f"cannot check: {error}")
        return 2
    print(f"entries: {verdict.entries}")
    print(f"head: {verdict.head or 'none'}")
    for note in verdict.notes:
        print(f"note: {note}")
    for problem in verdict.problems:
        print(f"problem: {problem.where}: {problem.what}")
    print(
        "result: the record holds"
        if verdict.ok
        else f"result: {len(verdict.problems)} problems, the record does NOT hold"
    )
    return 0 if verdict.ok else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
