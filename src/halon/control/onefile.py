"""The controls as one file: the modules of this package in the order of their imports, under one header.

What goes in starts at the package's ``__init__.py`` and follows ``from halon.control.X import …``. All of a module's
imports stand at its top and none is renamed, so a module's text below them works in one file as it is.
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterator
from importlib.resources import files

import halon

MARK = '"""halon.control:'
"""How every copy begins."""
_PACKAGE = "halon.control"
_SEAL = "sha256:"


def one_file() -> str:
    """The text of the file. Equal modules give an equal text."""
    entry = _Part("__init__")
    parts = list(_ordered(entry, {}))
    code = "\n\n\n".join([part.text for part in parts] + [entry.text])
    head = (
        f'"""{entry.doc.strip()}\n\nMade by Halon {halon.__version__}. SPDX-License-Identifier: Apache-2.0. To update, have '
        "a newer Halon write it again:\n``halon control`` and this file's name. It keeps a copy that was changed by hand "
        "beside the new one; it knows\nby the digest of all other lines:\n"
    )
    return _sealed(head, f'"""\n\nfrom __future__ import annotations\n\n{_imports(parts)}\n\n{code}\n')


def is_edited(text: str) -> bool:
    """Was this copy changed since it was made? A copy without its digest was."""
    head, mark, rest = text.partition(f"\n{_SEAL}")
    return not mark or _sealed(f"{head}\n", rest.partition("\n")[2]) != text


def _sealed(head: str, rest: str) -> str:
    return f"{head}{_SEAL}{hashlib.sha256((head + rest).encode()).hexdigest()}\n{rest}"


class _Part:
    """A module, taken apart. Raises ValueError if it can't be put into one file."""

    def __init__(self, name: str) -> None:
        source = files(_PACKAGE).joinpath(f"{name}.py").read_text("utf-8")
        tree = ast.parse(source, feature_version=(3, 10))
        self.name, self.doc = name, ast.get_docstring(tree, clean=False) or ""
        imports = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
        lines = source.split("\n")
        last = max((node.end_lineno or 0 for node in (*imports, *tree.body[:1])), default=0)
        if tree.body[1 : len(imports) + 1] != imports:
            raise ValueError(f"{_PACKAGE}.{name}: all imports belong below the docstring, above everything else")
        self.text = "\n".join(lines[last:]).strip("\n")
        if name != "__init__":
            title = "\n".join(f"# {line}".rstrip() for line in f"{name}.py: {self.doc}".splitlines())
            self.text = f"{title}\n\n\n{self.text}"
        self.needs: list[str] = []
        self.plain: set[str] = set()
        self.named: dict[str, set[str]] = {}
        for node in imports:
            if any(alias.asname for alias in node.names):
                raise ValueError(f"{_PACKAGE}.{name}: line {node.lineno} renames what it imports")
            if isinstance(node, ast.Import):
                self.plain |= {alias.name for alias in node.names}
            elif str(node.module).startswith(f"{_PACKAGE}."):
                self.needs.append(str(node.module).removeprefix(f"{_PACKAGE}."))
            elif node.module != "__future__":
                self.named.setdefault(str(node.module), set()).update(alias.name for alias in node.names)


def _ordered(part: _Part, seen: dict[str, bool]) -> Iterator[_Part]:
    """Every module that ``part`` needs, each after those that it needs itself."""
    for name in part.needs:
        if name not in seen:
            seen[name] = False
            needed = _Part(name)
            yield from _ordered(needed, seen)
            seen[name] = True
            yield needed
        elif not seen[name]:
            raise ValueError(f"{_PACKAGE}.{part.name} and {_PACKAGE}.{name} import each other")


def _imports(parts: list[_Part]) -> str:
    """All imports of the standard library, once each, in the order that import sorters want."""
    plain = sorted(set().union(*(part.plain for part in parts)))
    named: dict[str, set[str]] = {}
    for part in parts:
        for module, names in part.named.items():
            named.setdefault(module, set()).update(names)
    wanted = [f"import {module}" for module in plain]
    wanted += [f"from {module} import {', '.join(sorted(names))}" for module, names in sorted(named.items())]
    return "\n".join(wanted)
