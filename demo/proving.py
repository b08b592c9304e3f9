"""The last scene: the record, checked on plain Python without anything of Halon, and one changed byte."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from scene import Scene, plural

_FOLDERS = re.compile(r"'[^']*/([^'/]+)'")
REPORTS = ("postmortem.md", "timeline.md", "status.json")


def record(scene: Scene) -> None:
    """The bundle, its own verifier on plain Python, and one flipped bit."""
    tell, say = scene.tell, scene.say
    tell.scene("A year later, an auditor asks", "All that happened is in one folder that anybody can check alone, without Halon running. "
               "One changed byte shows.")  # fmt: skip
    bundle = scene.programs.folder / "record"
    written = say.halon("export", say.reference, "--to", str(bundle), "--json")
    tell.check(
        "halon export writes the folder",
        written.code == 0,
        written.refusal or f"head {written.value.get('head', '')[:16]}…",
        must=True,
    )
    manifest: dict[str, Any] = json.loads((bundle / "manifest.json").read_text("utf-8"))
    sealed = {one["path"]: one for one in manifest["evidence"]}
    reports = [name for name in REPORTS if any(path.endswith(f"-{name}") for path in sealed)]
    tell.check("the reports were written and sealed at the close", len(reports) == len(REPORTS),
               f"{', '.join(reports)}, among {plural(len(sealed), 'sealed piece')}")  # fmt: skip
    checked = say.halon("verify", str(bundle))
    tell.check(
        "halon verify: it holds",
        checked.code == 0,
        _short((checked.out or checked.err).replace(f"{bundle.parent}/", "")),
    )
    code, said = _verify(bundle, scene.notice_head)
    tell.check("plain Python, without Halon: it holds", code == 0, f"{said}, with the head that the letter to the authority names",
               mark="holds")  # fmt: skip
    code, said = _verify(bundle, scene.early_head)
    tell.check(
        "so is the head that the log had when the evidence was sealed", code == 0, f"{said} ({scene.early_head[:8]}…)"
    )
    altered = scene.programs.folder / "altered"
    shutil.copytree(bundle, altered)
    log = altered / "record.jsonl"
    content = bytearray(log.read_bytes())
    content[len(content) // 2] ^= 1
    log.write_bytes(content)
    code, said = _verify(altered, "")
    tell.check("one changed byte in a copy: found (exit 1)", code == 1, said, mark="flipped")
    cut = scene.programs.folder / "cut"
    shutil.copytree(bundle, cut)
    next(cut / path for path in sealed if "before-containment" in path).unlink()
    code, said = _verify(cut, "")
    tell.check("one piece of evidence taken out of a copy: found (exit 1)", code == 1, said)


def _short(said: str) -> str:
    """The first problem and the result of a verifier, without the folders of a file."""
    lines = [_FOLDERS.sub(r"\1", line) for line in said.splitlines() if line.strip()]
    found = [line.removeprefix("problem: ").partition(";")[0] for line in lines if line.startswith("problem:")]
    return "; ".join([*found[:1], *(line.removeprefix("result: ") for line in lines[-1:])])


def _verify(bundle: Path, head: str) -> tuple[int, str]:
    """The bundle's own verifier: -I keeps every package and variable of ours out."""
    asked = [sys.executable, "-I", str(bundle / "verify.py"), str(bundle), *(["--head", head] if head else [])]
    done = subprocess.run(asked, capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL)
    return done.returncode, _short(done.stdout or done.stderr)
