"""The demo is honest: it imports nothing of Halon, and every figure that it prints was read back in that run."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

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
        if place.startswith("telling.py"):
            continue  # where the line is drawn, not where something is said
        assert len(call.args) >= 2, place
        condition = call.args[1]
        assert not (isinstance(condition, ast.Constant) and condition.value is not False), place
        if len(call.args) > 2:
            assert not isinstance(call.args[2], ast.Constant), f"{place}: what is shown was not read back"


@pytest.mark.parametrize("method", ["check", "saw", "line", "scene", "box"])
def test_no_figure_stands_in_the_source(method: str) -> None:
    """What is printed holds no digit that was typed in; figures come from what was read back, and the times are measured."""
    bare = ("kill -9", "(exit 1)", "KEEP=1", "SHA-256")
    for place, call in _calls(method):
        shown = call.args[:1] if method in ("saw", "line") else call.args
        parts = [part for given in shown for part in ast.walk(given)]
        formats = [part.format_spec for part in parts if isinstance(part, ast.FormattedValue)]
        texts = [
            row.elts for part in parts if isinstance(part, ast.List) for row in part.elts if isinstance(row, ast.Tuple)
        ]
        said = [*shown, *(text for row in texts for text in row)] if method == "box" else list(shown)
        for node in parts:
            if (isinstance(node, ast.JoinedStr) and node not in formats) or node in said:
                text = _typed(node)
                for word in bare:
                    text = text.replace(word, "")
                assert not any(letter.isdigit() for letter in text), f"{place}: {text!r}"


def test_each_scene_says_in_a_sentence_what_happens_without_our_own_words() -> None:
    """A stranger understands each scene: a title, one or two plain sentences, and none of the words that only we use."""
    ours = ("workflow id", "digest", "gate", "rung", "obligation", "assessment", "run id", "connector", "ledger")
    scenes = [(place, call) for place, call in _calls("scene") if not place.startswith("telling.py")]
    assert len(scenes) >= 18
    for place, call in scenes:
        title, sentence = (str(ast.literal_eval(one)) for one in call.args)
        assert 0 < len(title) <= 45, place
        assert sentence.endswith("."), place
        assert len(sentence.split()) <= 45, f"{place}: {sentence}"
        for word in ours:
            assert word not in f"{title} {sentence}".lower(), f"{place}: {word}"


def test_it_says_what_it_is_not() -> None:
    """The first screen says that there is no language model, and a name that nobody proved is marked as one."""
    assert "No language model inside: a scripted agent, real HTTP, a real Temporal server." in (
        DEMO / "acts.py"
    ).read_text("utf-8")
    assert "demo: name unverified" in (DEMO / "people.py").read_text("utf-8")


def test_an_unknown_case_is_answered_with_the_known_ones() -> None:
    """``make demo CASE=…`` with a name that is none: exit code 2, one line, no process started."""
    done = subprocess.run([sys.executable, str(DEMO / "run.py")], capture_output=True, text=True, timeout=60,
                          env={**os.environ, "CASE": "leek"})  # fmt: skip
    assert done.returncode == 2, done
    assert "'leek'" in done.stderr
    assert "leak" in done.stderr
    assert done.stdout == ""


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


def _drawn(run: list[dict[str, object]], folder: Path) -> subprocess.CompletedProcess[str]:
    kept = folder / "run.jsonl"
    kept.write_text("".join(json.dumps(one) + "\n" for one in run), "utf-8")
    command = [sys.executable, str(DEMO / "picture.py"), str(kept), str(folder)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


def test_no_picture_is_drawn_of_a_run_that_failed(tmp_path: Path) -> None:
    """A failed check, or a scene that was not reached, is no picture: exit code 1 and what is wrong with the run."""
    failed = [{"kind": "check", "at": 1.0, "text": "it holds", "held": False}, {"kind": "end", "at": 2.0, "text": "no"}]
    done = _drawn(failed, tmp_path)
    assert done.returncode == 1
    assert "it holds" in done.stderr
    done = _drawn([{"kind": "end", "at": 2.0, "text": "all passed"}], tmp_path)
    assert done.returncode == 1
    assert "KILL" in done.stderr
    assert not list(tmp_path.glob("*.svg"))


@pytest.mark.parametrize("name", ["light", "dark"])
def test_the_pictures_use_nothing_from_elsewhere(name: str) -> None:
    """The picture of the README is whole in itself: no font, script, style or picture is fetched."""
    text = (DEMO.parent / "docs" / "pictures" / f"scene-{name}.svg").read_text("utf-8")
    tags = {one.tag.rpartition("}")[2] for one in ElementTree.fromstring(text).iter()}
    assert tags == {"svg", "title", "desc", "rect", "circle", "text"}
    assert text.count("://") == 1, "only the name of the SVG namespace"
    for word in ("kill -9", "calls carried out with this key: 1", "Approval needed", "checks passed"):
        assert word in text
