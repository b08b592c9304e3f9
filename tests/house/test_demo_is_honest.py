"""The demo is honest: it imports nothing of Halon, and every figure that it prints was read back in that run."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

DEMO = Path(__file__).resolve().parents[2] / "demo"
FILES = sorted(DEMO.glob("*.py"))
OURS = ("halon", "halon_workflows", "halon_activities", "halon_templates")


def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"))


def _calls(name: str) -> Iterator[tuple[str, ast.Call]]:
    """Every call of a method of this name, with its place."""
    for path in FILES:
        for node in ast.walk(_tree(path)):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == name:
                yield f"{path.name}:{node.lineno}", node


def _typed(node: ast.expr) -> str:
    """The text that stands in the source itself, without what is put into it."""
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) for part in node.values if isinstance(part, ast.Constant))
    return ""


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_it_imports_nothing_of_halon(path: Path) -> None:
    """It drives the programs from outside, as a user does; no import, and no import by name."""
    names = set()
    for node in ast.walk(_tree(path)):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add((node.module or "").partition(".")[0])
        elif isinstance(node, ast.Name):
            assert node.id not in ("__import__", "exec", "eval"), f"{path.name}:{node.lineno}"
    assert not names & {*OURS, "temporalio", "importlib", "runpy"}, names


def test_every_check_looks_at_something_that_was_read_back() -> None:
    """No condition is a constant but a plain False, and what is shown beside it is no text of the demo's own."""
    found = list(_calls("check"))
    assert len(found) > 60
    for place, call in found:
        assert len(call.args) >= 2, place
        condition = call.args[1]
        assert not (isinstance(condition, ast.Constant) and condition.value is not False), place
        if len(call.args) > 2:
            assert not isinstance(call.args[2], ast.Constant), f"{place}: what is shown was not read back"


@pytest.mark.parametrize("method", ["check", "saw", "line"])
def test_no_figure_stands_in_the_source(method: str) -> None:
    """What is printed holds no digit that was typed in; figures come from what was read back, and the times are measured."""
    bare = ("kill -9", "(exit 1)", "KEEP=1")
    for place, call in _calls(method):
        shown = call.args if method == "check" else call.args[:1]
        parts = [part for given in shown for part in ast.walk(given)]
        formats = [part.format_spec for part in parts if isinstance(part, ast.FormattedValue)]
        for node in parts:
            if (isinstance(node, ast.JoinedStr) and node not in formats) or node in shown:
                text = _typed(node)
                for word in bare:
                    text = text.replace(word, "")
                assert not any(letter.isdigit() for letter in text), f"{place}: {text!r}"


def test_it_explains_itself_to_an_older_python() -> None:
    """The first file can be read by Python 3.7 on, so that the explanation is what one sees, and not a syntax error."""
    source = (DEMO / "run.py").read_text("utf-8")
    tree = ast.parse(source, feature_version=(3, 7))
    top = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    assert [alias.name for node in top for alias in node.names] == ["os", "sys"]


def test_without_the_programs_it_says_what_to_type(tmp_path: Path) -> None:
    """A Python that has no ``halon`` beside it gets one line with the next step, and exit code 2."""
    elsewhere = tmp_path / "python"
    elsewhere.symlink_to(Path(sys.executable).resolve())
    done = subprocess.run([str(elsewhere), "-I", str(DEMO / "run.py")], capture_output=True, text=True, timeout=60)
    assert done.returncode == 2, done
    assert "make demo" in done.stderr
    assert done.stderr.count("\n") == 1
