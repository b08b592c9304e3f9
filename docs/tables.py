"""The tables in the docs, made from the code: ``python docs/tables.py`` rewrites every marked block.

A block stands between ``<!-- table: NAME -->`` and ``<!-- end -->``. A test compares the blocks with what this makes.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from typer.main import get_command

from halon.cli.entry import build
from halon.cli.options import OWN_NAME
from halon.cli.saying import ELSEWHERE
from halon.incident.commands import COMMANDS, Spec
from halon.judgement.vocabulary import VOCABULARY
from halon.kit import schema
from halon.kit.catalogue import catalogue
from halon.settings import SETTINGS, TOKENS

HERE = Path(__file__).parent
_BLOCK = re.compile(r"(<!-- table: (?P<name>[a-z-]+) -->\n).*?(<!-- end -->)", re.DOTALL)
_PROMISE = re.compile(r"test_promise_(\d+)_")
_UNSHOWN = ("help", "as_json", "sign", "print_json")
_OWN = (OWN_NAME, "", "Your name in the kit's on-call file, for `--by`.")


def commands(program: Any = None, words: tuple[str, ...] = ("halon",)) -> Iterator[tuple[str, Any]]:
    """Every command of the command line: its full words, and what Typer made of it."""
    program = get_command(build()) if program is None else program
    parts = getattr(program, "commands", None)
    if parts is None:
        yield " ".join(words), program
        return
    if program.invoke_without_command and len(words) > 1:  # it says something by itself too, such as halon regimes
        yield " ".join(words), program
    for name, part in parts.items():
        yield from commands(part, (*words, name))


def rewritten(text: str) -> str:
    """``text`` with every marked block made anew. Raises KeyError for a table that there is not."""
    return _BLOCK.sub(lambda found: f"{found[1]}\n{TABLES[found['name']]()}\n\n{found[3]}", text)


def said_to_incidents(words: str) -> str:
    """The command of ``halon.incident.commands`` that these full words say, or ""."""
    _, name, *rest = words.split()
    return name if name in COMMANDS and (name not in ELSEWHERE or " ".join((name, *rest)) == ELSEWHERE[name]) else ""


def usage(words: str, command: Any) -> str:
    """One line: what is typed. ``[…]`` may be left out."""
    shown = [words]
    again = {option for one in command.params if one.name.endswith("_option") for option in one.opts}
    for one in command.params:
        if one.name in _UNSHOWN or again & set(one.opts) or (one.name == "code" and said_to_incidents(words)):
            continue
        if one.param_type_name == "argument":
            word = one.metavar or one.name.upper()
            # What a command to an incident must be told may also come as an option, so Typer itself does not insist.
            shown.append(word if one.required or said_to_incidents(words) else f"[{word}]")
        else:
            value = "" if one.is_flag else f" {one.metavar or one.name.upper()}"
            shown.append(f"{one.opts[0]}{value}" if one.required else f"[{one.opts[0]}{value}]")
    return " ".join(shown)


def _settings() -> str:
    rows = [(f"`{one.name}`", f"`{one.default}`" if one.default else "", one.meaning) for one in SETTINGS]
    return _table(("variable", "default", "meaning"), [*rows, (f"`{_OWN[0]}`", _OWN[1], _OWN[2])])


def _tokens() -> str:
    return _table(("variable", "meaning"), [(f"`{one.name}`", one.meaning) for one in TOKENS])


def _cli() -> str:
    rows = [
        (f"`{usage(words, command)}`", _sentence(command.help or ""))
        for words, command in commands()
        if not said_to_incidents(words)
    ]
    return _table(("typed", "does"), rows)


def _commands() -> str:
    typed = list(commands())
    rows = []
    for spec in COMMANDS.values():
        lines = [
            f"`{_said(spec, words, command)}`" for words, command in typed if said_to_incidents(words) == spec.name
        ]
        fields = ", ".join(_field(one.name, one.required) for one in spec.fields)
        rows.append((f"`{spec.name}`", spec.help, "<br>".join(lines), f"{fields}<br>`{spec.example()}`"))
    return _table(("command", "does", "on the command line", "JSON: fields (*may be left out*) and an example"), rows)


def _kit() -> str:
    """Every file of a kit with the shapes in it and their keys."""
    whole = schema()
    rows = []
    for file, held in whole["properties"].items():
        for name in _shapes(held, whole["$defs"]):
            shape = whole["$defs"][name]
            needed = shape.get("required", [])
            keys = ", ".join(_field(key, key in needed) for key in shape["properties"])
            about = _sentence(shape.get("description", "")).partition(". ")[0].rstrip(".")
            rows.append((f"`{file}`", about, keys))
    return _table(("file", "holds", "keys (*may be left out*)"), rows)


def _shapes(held: Any, definitions: dict[str, Any]) -> list[str]:
    """The names of the shapes that ``held`` refers to, its own first, each once."""
    found: list[str] = []
    left = [held]
    while left:
        one = left.pop(0)
        if isinstance(one, list):
            left += one
        elif isinstance(one, dict):
            name = str(one.get("$ref", "")).rpartition("/")[2]
            if name and name not in found:
                found.append(name)
                left.append(definitions[name])
            left += [value for key, value in one.items() if key != "$ref"]
    return found


def _facts() -> str:
    rows = [
        (
            f"`{name}`",
            term.kind,
            ", ".join(f"`{one}`" for one in _choices(term)) or term.unit,
            term.meaning,
            _GRAVER.get((term.kind, term.cautious), _GRAVER.get(("", term.cautious), "")),
            ", ".join(f"`{role}`" for role in term.says),
        )
        for name, term in VOCABULARY.items()
    ]
    return _table(("fact", "kind", "values or unit", "means", "graver", "said by"), rows)


_GRAVER = {
    ("", "true"): "true", ("", "false"): "false", ("", "high"): "more", ("", "earlier"): "earlier", ("", "union"): "more of them",
    ("", "choices"): "the later in the list", ("hold", "false"): "none",
}  # fmt: skip
"""Which way a fact is graver, in words; the empty kind stands for all others."""


def _catalogue() -> str:
    """Every kind of containment action that comes with Halon."""
    rows = [
        (
            f"`{name}`",
            one.stops,
            "yes" if one.reversible else "**no**",
            str(one.disruption),
            "yes" if one.touches_evidence else "",
            _sentence(one.undo),
            ", ".join(one.roles),
            "<br>".join(
                f"`{connector}`: {', '.join(f'`{each}`' for each in names)}"
                for connector, names in one.operations.items()
            )
            or _sentence(one.own or ""),
        )
        for name, one in catalogue().kinds.items()
    ]
    head = ("kind", "stops", "can be undone", "disruption", "touches evidence", "way back", "may approve", "done by")
    return _table(head, rows)


def _promises() -> str:
    """Every test that is named after a promise, with the sentence of the specification that it proves."""
    rows = []
    for path in sorted((HERE.parent / "tests").rglob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            if named := _PROMISE.match(node.name):
                told = _sentence((ast.get_docstring(node) or "").partition("\n\n")[0])
                file = path.relative_to(HERE.parent).as_posix()
                rows.append((int(named[1]), f"`{node.name}`", file, told))
    rows.sort()
    return _table(("promise", "test", "in", "proves"), [(str(row[0]), *row[1:]) for row in rows])


def _choices(term: Any) -> tuple[str, ...]:
    return tuple(getattr(term, "choices", ()) or ())


def _said(spec: Spec, words: str, command: Any) -> str:
    """The command line with what must be said out of its brackets: the reason, where it must be given."""
    needed = {f"[--{one.name} {one.name.upper()}]" for one in spec.fields if one.required}
    line = usage(words, command).replace("[--by NAME]", "--by NAME").replace(" [--yes]", "")
    for one in needed:
        line = line.replace(one, one.strip("[]"))
    return line


def _field(name: str, required: bool) -> str:
    return f"`{name}`" if required else f"*`{name}`*"


def _sentence(text: str) -> str:
    return " ".join(text.replace("``", "`").split())


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


TABLES: dict[str, Callable[[], str]] = {
    "settings": _settings, "tokens": _tokens, "cli": _cli, "commands": _commands, "kit": _kit, "facts": _facts,
    "promises": _promises, "catalogue": _catalogue,
}  # fmt: skip
"""Every table by the name that marks its block."""


def main() -> None:
    """Rewrite the blocks of every page beside this file."""
    for page in sorted(HERE.glob("*.md")):
        text = page.read_text("utf-8")
        made = rewritten(text)
        if made != text:
            page.write_text(made, "utf-8")
            print(f"{page.name}: tables made anew")


if __name__ == "__main__":
    main()
