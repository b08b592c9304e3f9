"""The record as it lies on the disk, read without Halon: lines, hashes, sealed evidence (docs/record-format.md)."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FORMAT = "halon-record-1"


@dataclass
class Ledger:
    """The lines of one incident's record, in order."""

    lines: list[dict[str, Any]]

    @property
    def head(self) -> str:
        """The hash of the last line; "" without any."""
        return str(self.lines[-1]["hash"]) if self.lines else ""

    def of_kind(self, kind: str) -> list[dict[str, Any]]:
        """The lines of this kind."""
        return [one for one in self.lines if one["kind"] == kind]

    def holds(self) -> bool:
        """Whether each line has the hash that its content gives, and names the hash of the line before."""
        for number, line in enumerate(self.lines):
            body = {name: value for name, value in line.items() if name != "hash"}
            text = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
            if hashlib.sha256(text.encode()).hexdigest() != line["hash"]:
                return False
            if line["seq"] != number + 1 or (number and line["prev"] != self.lines[number - 1]["hash"]):
                return False
        return bool(self.lines)


def sealed(home: Path, word: str) -> list[tuple[dict[str, Any], bytes]]:
    """The sealed pieces on the disk whose name holds ``word``: the seal, and the bytes that lie there now."""
    seals = sorted((home / "evidence" / "evidence").glob(f"*/*{word}*+seal.json"))
    return [
        (json.loads(one.read_text("utf-8")), one.with_name(one.name.removesuffix("+seal.json")).read_bytes())
        for one in seals
    ]


def read(home: Path) -> Ledger:
    """The one incident's record in Halon's home; without lines if there is none yet."""
    parts = sorted((home / "evidence" / "records").glob("*/seq-*.jsonl"))
    lines = [json.loads(line) for part in parts for line in part.read_text("utf-8").splitlines()]
    return Ledger(lines)


def matches(seal: dict[str, Any], content: bytes) -> bool:
    """Whether these are the bytes that were sealed."""
    return bool(hashlib.sha256(content).hexdigest() == seal["sha256"])
