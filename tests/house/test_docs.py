"""The docs are true: what they name exists, what exists is named, and nothing of one machine got into them."""

from __future__ import annotations

import ast
import importlib.util
import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from temporalio.common import SearchAttributeKey

from halon.incident.commands import COMMANDS, parse
from halon.intake.sources import alertmanager
from halon.intake.sources.reader import Arrived
from halon.kit import load
from halon.settings import SETTINGS, TOKENS, starter_kit
from halon_workflows import surface

ROOT = Path(__file__).resolve().parents[2]
_DOCS = (path.relative_to(ROOT) for path in sorted((ROOT / "docs").rglob("*.md")))
PAGES = ("README.md", *(path.as_posix() for path in _DOCS if "examples" not in path.parts))
_MAP = re.compile(r"<!-- map -->\n+```\n(?P<map>.*?)```", re.DOTALL)
_FENCED = re.compile(r"^```sh\n(?P<lines>.*?)^```", re.DOTALL | re.MULTILINE)
_LINK = re.compile(r"\]\((?!https?:|#)(?P<to>[^)#\s]+)(?:#(?P<anchor>[^)\s]+))?\)")
_SHOWN = {value.name for value in vars(surface).values() if isinstance(value, SearchAttributeKey)}
# Put together, so that this file does not name what it forbids.
HOSTS = tuple(".".join(parts) for parts in (
    ("pypi", "org"), ("python" + "hosted", "org"), ("registry", "npmjs", "org"), ("deb", "debian", "org"), ("proxy", "golang", "org"),
    ("crates", "io"), ("ghcr", "io"), ("docker", "io"), ("quay", "io"),
))  # fmt: skip
PLACES = re.compile(r"(?<![\w./-])/(?:" + "|".join(("work", "root", "Users", "opt/py" + "pi")) + r")/")


@pytest.fixture(scope="module")
def tables() -> ModuleType:
    """The program that makes the tables in the docs."""
    spec = importlib.util.spec_from_file_location("halon_docs_tables", ROOT / "docs" / "tables.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def typed(tables: ModuleType) -> dict[str, Any]:
    """Every command of the command line by its full words."""
    return dict(tables.commands())


def _shell_lines() -> Iterator[tuple[str, str]]:
    """Every command of every ``sh`` block of the docs, with its page; one that goes on over lines is one command."""
    for page in PAGES:
        for block in _FENCED.finditer((ROOT / page).read_text("utf-8")):
            said = ""
            for line in block["lines"].replace("\\\n", " ").splitlines():
                said = f"{said}\n{line}" if said else line
                if not _is_whole(said):
                    continue
                if said.strip() and not said.startswith("#"):
                    yield page, said.strip()
                said = ""
            assert not said, f"{page}: a quotation that does not end: {said}"


def _is_whole(said: str) -> bool:
    try:
        shlex.split(said, comments=True)
    except ValueError:
        return False
    return True


def _words(line: str) -> list[str]:
    """The words of a command line without variables that are set before it, what it is piped into, and folders."""
    words = shlex.split(line, comments=True)
    while words and re.fullmatch(r"[A-Z_]+=.*", words[0]):
        words.pop(0)
    for mark in ("|", "&", "&&", ";"):
        words = words[: words.index(mark)] if mark in words else words
    return [words[0].removeprefix(".venv/bin/"), *words[1:]] if words else []


CURL_LINES = [(page, line) for page, line in _shell_lines() if _words(line)[:1] == ["curl"]]
HALON_LINES = [(page, line) for page, line in _shell_lines() if _words(line)[:1] == ["halon"]]
TEMPORAL_LINES = [(page, line) for page, line in _shell_lines() if _words(line)[:1] == ["temporal"]]


@pytest.mark.parametrize("page", [page for page in PAGES if page.startswith("docs/")])
def test_the_tables_are_those_of_the_code(tables: ModuleType, page: str) -> None:
    """Settings, commands, kit keys and facts stand in the docs as they are: `python docs/tables.py` remakes them."""
    text = (ROOT / page).read_text("utf-8")
    assert tables.rewritten(text) == text, f"{page} is old: run .venv/bin/python docs/tables.py"


def test_every_setting_and_every_command_is_documented(typed: dict[str, Any]) -> None:
    """No variable that is read and no command that can be typed is left out; each command has help of its own."""
    text = "".join((ROOT / page).read_text("utf-8") for page in PAGES)
    assert [one.name for one in (*SETTINGS, *TOKENS) if f"`{one.name}`" not in text] == []
    assert len(typed) > 20
    assert [words for words in typed if f"`{words}" not in text] == []
    assert [words for words, command in typed.items() if not (command.help or "").strip()] == []


def test_every_table_is_in_the_docs(tables: ModuleType) -> None:
    """Each table that the code can make stands on some page."""
    text = "".join((ROOT / page).read_text("utf-8") for page in PAGES)
    assert [name for name in tables.TABLES if f"<!-- table: {name} -->" not in text] == []


@pytest.mark.parametrize("name", list(COMMANDS))
def test_the_example_of_every_command_is_taken(name: str) -> None:
    """The JSON that people are told to paste is well formed."""
    spec = COMMANDS[name]
    command = parse(name, json.loads(spec.example()))
    assert command.name == name
    assert command.by


@pytest.mark.parametrize(("page", "line"), HALON_LINES)
def test_every_command_line_in_the_docs_can_be_typed(typed: dict[str, Any], page: str, line: str) -> None:
    """Words, arguments and options of each `halon` line are ones that the program knows."""
    words = _words(line)
    if words[1:] in (["--help"], ["--version"]):
        return
    name = next((one for one in (" ".join(words[:3]), " ".join(words[:2])) if one in typed), None)
    assert name is not None, f"{page}: no command in: {line}"
    context = typed[name].make_context(name, words[len(name.split()) :])
    assert context.args == [], f"{page}: words too many in: {line}"


@pytest.mark.parametrize(("page", "line"), TEMPORAL_LINES)
def test_every_temporal_line_in_the_docs_says_something_known(page: str, line: str) -> None:
    """What `halon` can do, `temporal` can do too: each Update, Signal and Query exists, and its JSON is well formed."""
    words = _words(line)
    options = {words[index]: words[index + 1] for index in range(len(words) - 1) if words[index].startswith("--")}
    if "list" in words:
        named = set(re.findall(r"\b(Halon\w+|ExecutionStatus|WorkflowType)\b", options["--query"]))
        assert named, f"{page}: {line}"
        assert named <= {*_SHOWN, "ExecutionStatus", "WorkflowType"}, f"{page}: {line}"
        return
    if "query" in words:
        known = {"status", "timeline", "gates", "obligations", "actions", "rca", "report"}
        assert options["--type"] in known, f"{page}: {line}"
    elif "update" in words or "signal" in words:
        assert parse(options["--name"], json.loads(options["--input"])).by, f"{page}: {line}"
    assert options["--workflow-id"].startswith("incident-"), f"{page}: {line}"


@pytest.mark.parametrize(("page", "line"), CURL_LINES)
def test_every_delivery_in_the_docs_is_one_that_is_taken(page: str, line: str) -> None:
    """What the docs tell people to post is what the front door reads as an alert."""
    words = _words(line)
    kit = load(starter_kit(), {})
    [url] = [word for word in words if word.startswith("http://127.0.0.1:8600/")]
    source = kit.sources[url.rpartition("/v1/alerts/")[2]]
    assert f"Authorization: Bearer ${source.token_env}" in words, page
    alerts = alertmanager.read(Arrived(json.loads(words[words.index("-d") + 1]), "2026-11-22T12:00:00Z"), source)
    assert {alert.agent for alert in alerts} <= set(kit.policy.agents)


def test_the_docs_show_commands_at_all() -> None:
    """The tests above have something to look at."""
    assert len(CURL_LINES) >= 1
    assert len(HALON_LINES) >= 8
    assert len(TEMPORAL_LINES) >= 3


def test_the_map_of_the_house_is_that_of_the_disk(root: Path, ours: tuple[Path, ...]) -> None:
    """Every place on the README's map exists, and every room of the packages and folder at the top is on it."""
    found = _MAP.search((root / "README.md").read_text("utf-8"))
    assert found is not None, "README.md has no map"
    shown = [line.split()[0].rstrip("/") for line in found["map"].splitlines() if line.strip()]
    assert [place for place in shown if not (root / place).exists()] == []
    rooms = {
        Path(*path.parts[:3]).as_posix() for path in ours if path.parts[:2] == ("src", "halon") and len(path.parts) > 3
    }
    tops = {path.parts[0] for path in ours if len(path.parts) > 1 and path.parts[0] != "src"}
    covered = {place for one in shown for place in (one, one.split("/")[0])}
    assert sorted((rooms | tops) - covered) == []


@pytest.mark.parametrize("page", PAGES)
def test_every_link_leads_somewhere(root: Path, page: str) -> None:
    """Links inside the repository lead to a file that is there, and to a heading that it has."""
    for link in _LINK.finditer((root / page).read_text("utf-8")):
        target = ((root / page).parent / link["to"]).resolve()
        assert target.exists(), f"{page}: {link['to']}"
        if link["anchor"]:
            headings = [
                re.sub(r"[^a-z0-9 -]", "", line.lstrip("# ").lower()).replace(" ", "-")
                for line in target.read_text("utf-8").splitlines() if line.startswith("#")
            ]  # fmt: skip
            assert link["anchor"] in headings, f"{page}: {link['to']}#{link['anchor']}"


def test_every_verb_of_make_in_the_docs_exists(root: Path) -> None:
    """`make VERB` in the docs is one of the Makefile's, and `make help` names every verb."""
    makefile = (root / "Makefile").read_text("utf-8")
    verbs = re.search(r"^\.PHONY: (.+)$", makefile, re.MULTILINE)
    assert verbs is not None
    known = set(verbs[1].split())
    for page in PAGES:
        named = set(re.findall(r"(?:^|`)make ([a-z0-9]+)", (root / page).read_text("utf-8"), re.MULTILINE))
        assert named <= known, f"{page}: {named - known}"
    assert [verb for verb in sorted(known - {"help"}) if f"make {verb} " not in makefile] == []


def test_nothing_of_one_machine_is_committed(root: Path, ours: tuple[Path, ...]) -> None:
    """No file names a package registry's host or a path of the machine it was written on."""
    told = []
    for path in ours:
        text = (root / path).read_text("utf-8", errors="replace")
        told += [f"{path} names {host}" for host in HOSTS if host in text]
        told += [f"{path} names {found[0]}" for found in PLACES.finditer(text)]
    assert told == []


def test_every_module_says_what_it_is(root: Path, ours: tuple[Path, ...]) -> None:
    """The first thing in every module of ours is a sentence about it."""
    modules = [path for path in ours if path.suffix == ".py"]
    assert len(modules) > 100
    assert [
        path.as_posix() for path in modules if not ast.get_docstring(ast.parse((root / path).read_text("utf-8")))
    ] == []


def test_every_public_name_says_what_it_does(root: Path, ours: tuple[Path, ...]) -> None:
    """Public functions and classes of the packages carry a docstring; what is private may go without."""
    missing = []
    for path in (one for one in ours if one.suffix == ".py" and one.parts[0] in ("src", "workflows", "activities")):
        for node in ast.parse((root / path).read_text("utf-8")).body:
            public = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and node.name[0] != "_"
            if public and not ast.get_docstring(node):
                missing.append(f"{path}:{node.lineno} {node.name}")
    assert missing == []
