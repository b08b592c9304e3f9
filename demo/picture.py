"""Draw the picture of the README from the lines of a real run: ``python demo/picture.py RUN.jsonl [FOLDER]``.

``DEMO_TRANSCRIPT=RUN.jsonl make demo`` records the run. Only lines that the run marked are drawn, cut to the width; a
run with a check that failed, or without one of the lines, is refused. Writes ``scene-light.svg`` and ``scene-dark.svg``,
which use nothing from elsewhere: no font, no script, no picture.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

COLUMNS, CELL, LEADING, SIZE = 100, 8.4, 20.0, 14
MARGIN, HEAD = 22.0, 44.0
FONT = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', 'Liberation Mono', monospace"
SHOWN = ("harm", "alert", "joined", "severity", "evidence", "off", "KILL", "verified", "once", "GATE", "refused", "granted",
         "revoked", "proved", "holds", "flipped")  # fmt: skip
ASKED = ("Reversible", "Who else is hit", "Gentler", "The way back", "If nobody answers")
PALETTES = {
    "light": {"ground": "#ffffff", "edge": "#d1d9e0", "text": "#1f2328", "dim": "#59636e", "good": "#1a7f37", "bad": "#c01c28",
              "seen": "#0969a8", "ask": "#8a5d00"},
    "dark": {"ground": "#0d1117", "edge": "#3d444d", "text": "#e6edf3", "dim": "#9198a1", "good": "#3fb950", "bad": "#ff6a62",
             "seen": "#6cc7e8", "ask": "#e3b341"},
}  # fmt: skip


class NotThatRun(Exception):
    """The recorded run can't be drawn; the text says why."""


@dataclass
class Piece:
    """Some characters in one colour, from a column on."""

    column: int
    text: str
    colour: str
    bold: bool = False


Line = list[Piece]


def lines_of(run: list[dict[str, Any]]) -> list[Line]:
    """The lines of the picture. Raises NotThatRun."""
    failed = [one["text"] for one in run if one["kind"] == "check" and not one["held"]]
    ends = [one for one in run if one["kind"] == "end"]
    marked = {one["mark"]: one for one in run if "mark" in one}
    missing = [name for name in SHOWN if name.lower() not in marked]
    if failed or missing or not ends:
        raise NotThatRun(
            f"failed: {failed or 'nothing'}; not in it: {missing or 'nothing'}; ended: {'yes' if ends else 'no'}"
        )
    lines: list[Line] = [[Piece(0, "$ ", "dim"), Piece(2, "make demo", "text", True)], []]
    for name in SHOWN:
        one = marked[name.lower()]
        if name == "KILL":
            lines += [[], *_framed(one["text"], one["rows"][:2], "bad")]
        elif name == "GATE":
            rows = [row for row in one["rows"] if row[0] in ASKED]
            lines += [[], *_framed(one["text"], rows, "ask")]
        else:
            lines.append(_check(one))
    return [*lines, [], [Piece(0, ends[-1]["text"], "good", True)]]


def _check(one: dict[str, Any]) -> Line:
    what, shown = one["text"], one.get("shown", "")
    room = COLUMNS - 11
    line = [Piece(0, f"{one['at']:6.1f} s", "dim"), Piece(9, "✓", "good", True), Piece(11, _cut(what, room), "text")]
    if room - len(what) > 12 and shown:
        line.append(Piece(13 + len(what), _cut(shown, room - len(what) - 2), "seen"))
    return line


def _framed(title: str, rows: list[list[str]], colour: str) -> list[Line]:
    """Lines with a bar on the left, the title first."""
    wide = max(len(row[0]) for row in rows) + 2
    lines = [[Piece(9, "┃", colour, True), Piece(11, title, colour, True)]]
    for name, text in rows:
        room = COLUMNS - 11 - wide
        lines.append([Piece(9, "┃", colour, True), Piece(11, name, "dim"), Piece(11 + wide, _cut(text, room), "text")])
    return lines


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1].rstrip(" ,;:(") + "…"


def draw(lines: list[Line], palette: dict[str, str]) -> str:
    """The SVG. Each piece is stretched to its columns, so that it fits whatever font is there."""
    width, height = COLUMNS * CELL + 2 * MARGIN, HEAD + len(lines) * LEADING + MARGIN
    said = " ".join(piece.text for line in lines for piece in line)
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" height="{height:.0f}" '
        f'role="img" aria-labelledby="t d" font-family="{FONT}" font-size="{SIZE}">',
        f'<title id="t">make demo, in a terminal</title><desc id="d">{escape(said)}</desc>',
        f'<rect x="0.5" y="0.5" width="{width - 1:.0f}" height="{height - 1:.0f}" rx="10" fill="{palette["ground"]}" stroke="{palette["edge"]}"/>',
        *(f'<circle cx="{24 + 20 * number}" cy="22" r="6" fill="{palette["edge"]}"/>' for number in range(3)),
    ]
    for number, line in enumerate(lines):
        y = HEAD + number * LEADING + SIZE
        for piece in line:
            bold = ' font-weight="bold"' if piece.bold else ""
            out.append(
                f'<text x="{MARGIN + piece.column * CELL:.1f}" y="{y:.1f}" textLength="{len(piece.text) * CELL:.1f}" '
                f'lengthAdjust="spacingAndGlyphs" xml:space="preserve" fill="{palette[piece.colour]}"{bold}>{escape(piece.text)}</text>'
            )
    return "\n".join([*out, "</svg>", ""])


def main(arguments: list[str]) -> int:
    """Write both pictures. Returns 1 if the run can't be drawn, 2 if it was typed wrongly."""
    if len(arguments) not in (1, 2):
        print("python demo/picture.py RUN.jsonl [FOLDER]", file=sys.stderr)
        return 2
    folder = Path(arguments[1]) if len(arguments) == 2 else Path(__file__).resolve().parents[1] / "docs" / "pictures"
    try:
        lines = lines_of([json.loads(line) for line in Path(arguments[0]).read_text("utf-8").splitlines()])
    except (OSError, ValueError, NotThatRun) as error:
        print(f"{arguments[0]} can't be drawn: {error}", file=sys.stderr)
        return 1
    folder.mkdir(parents=True, exist_ok=True)
    for name, palette in PALETTES.items():
        (folder / f"scene-{name}.svg").write_text(draw(lines, palette), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
