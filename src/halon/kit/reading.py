"""Reads YAML with the line of every key, so that a problem can be shown where it is.

Plain words stay text: unlike YAML 1.1, ``no``, ``on``, ``12:30`` and ``2026-11-20`` are not turned into something else.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import yaml

from halon.kit.composing import DEEPEST, nodes
from halon.kit.errors import Problem

LARGEST = 1_048_576
"""Characters of one file."""
MOST_NODES = 50_000

__all__ = ["DEEPEST", "LARGEST", "MOST_NODES", "Document", "Path", "read"]

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Document:
    """One parsed file. ``lines`` maps the path of each key or item to its line."""

    name: str
    data: Any
    lines: dict[Path, int] = field(default_factory=dict)

    def line(self, path: Path) -> int:
        """The line of ``path``, or of the nearest thing around it that has one."""
        for length in range(len(path), -1, -1):
            if path[:length] in self.lines:
                return self.lines[path[:length]]
        return 0


def read(name: str, text: str) -> tuple[Document, list[Problem]]:
    """``text`` as data with lines, and everything that is wrong with its form. ``name`` is what problems call it."""
    if len(text) > LARGEST:
        return Document(name, None), [Problem(name, 1, f"longer than {LARGEST} characters", next_step="split it")]
    try:
        node = nodes(text)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        what = f"not readable as YAML: {error.problem or error.context or 'unknown reason'}"
        return Document(name, None), [Problem(name, line, what, next_step="check indentation, colons and quotes")]
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1 if isinstance(error.position, int) else 1
        what = f"a character that YAML does not allow: {error.reason}"
        return Document(name, None), [
            Problem(name, line, what, next_step="remove it; in quotes it can be written \\u1234")
        ]
    except RecursionError:
        return Document(name, None), [Problem(name, 1, "nested too deep to read", next_step="flatten it")]
    if node is None:
        return Document(name, {}, {(): 1}), []
    walk = _Walk(name)
    data = walk.value(node, ())
    return Document(name, data, walk.lines), walk.problems


class _Walk:
    """Turns nodes into plain values, noting lines and problems as it goes."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.lines: dict[Path, int] = {}
        self.problems: list[Problem] = []
        self._nodes = 0
        self._characters = 0

    def value(self, node: Any, path: Path) -> Any:
        self.lines.setdefault(path, node.start_mark.line + 1)
        self._nodes += 1
        if len(path) > DEEPEST or self._nodes > MOST_NODES:
            # Aliases that repeat themselves end here as well.
            if self._nodes <= MOST_NODES + 1:
                self._problem(node, "too deep or too many values", "flatten it, and write out repeated parts less")
            self._nodes = max(self._nodes, MOST_NODES + 1)
            return None
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self.value(item, (*path, index)) for index, item in enumerate(node.value)]
        return self._scalar(node)

    def _mapping(self, node: Any, path: Path) -> dict[str, Any]:
        out: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = key_node.value
            if not isinstance(key_node, yaml.ScalarNode):
                self._problem(key_node, "a key must be plain text", "write one word before the colon")
            elif key in out:
                first = self.lines[(*path, key)]
                self._problem(key_node, f"{key!r} appears twice; the first is on line {first}", "keep one of them")
            else:
                self.lines[(*path, key)] = key_node.start_mark.line + 1
                out[key] = self.value(value_node, (*path, key))
        return out

    def _scalar(self, node: Any) -> Any:
        text = node.value
        self._characters += len(text)
        if self._characters > 4 * LARGEST:
            # A long text that aliases repeat grows without bound.
            if self._nodes <= MOST_NODES:
                self._problem(node, f"more than {4 * LARGEST} characters once aliases are written out", "repeat less")
            self._nodes = MOST_NODES + 2
            return None
        match node.tag.removeprefix("tag:yaml.org,2002:"):
            case "null":
                return None
            case "bool":
                return text == "true"
            case "int" if len(text) < 19:
                return int(text)
            case "float" if len(text) < 40:
                return float(text)
            case "str" | "int" | "float":
                return text
            case other:
                self._problem(node, f"the tag {other!r} is not allowed here", "write the value without a tag")
                return text

    def _problem(self, node: Any, what: str, next_step: str) -> None:
        self.problems.append(Problem(self.name, node.start_mark.line + 1, what, next_step=next_step))
