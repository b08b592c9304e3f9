"""The rooms of the house: where they are, what they may import, how large a file may grow."""

from __future__ import annotations

import ast
import importlib
import importlib.util
import inspect
import json
import pkgutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from temporalio import activity

import halon.ports
from halon_workflows import options

LONGEST_FILE = 400
OUTSIDE_WORKFLOWS = (
    "httpx", "httpcore", "anyio", "jinja2", "yaml", "fastapi", "starlette", "uvicorn", "obstore", "re2", "typer", "rich",
    "prometheus_client", "sqlite3", "smtplib", "halon_activities", "halon_templates",
)  # fmt: skip
KNOWN_TO_WORKFLOWS = ("halon.incident", "halon.ports")


def _ports() -> Iterator[Callable[..., Any]]:
    for found in pkgutil.iter_modules(halon.ports.__path__):
        module = importlib.import_module(f"halon.ports.{found.name}")
        for value in vars(module).values():
            if inspect.isfunction(value) and activity._Definition.from_callable(value) is not None:
                yield value


def _modules_after(statement: str) -> list[str]:
    """The modules that a fresh interpreter holds after ``statement``."""
    program = f"import json, sys\n{statement}\njson.dump(sorted(sys.modules), sys.stdout)"
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    modules: list[str] = json.loads(ended.stdout)
    return modules


def _within(module: str, *rooms: str) -> bool:
    return any(module == room or module.startswith(f"{room}.") for room in rooms)


def test_every_contract_of_the_layering_is_kept(root: Path) -> None:
    """Dependencies point inwards, and import-linter says so of the whole tree."""
    linter = Path(sys.executable).with_name("lint-imports")
    ended = subprocess.run([linter, "--no-cache"], cwd=root, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert " 0 broken." in ended.stdout


def test_the_four_packages_stand_in_their_source_roots(root: Path, packages: tuple[str, ...]) -> None:
    """The import name is the folder's name, in the checkout as in the wheel; each package is typed."""
    for package in packages:
        folder = root / package
        spec = importlib.util.find_spec(folder.name)
        assert spec is not None
        assert spec.origin == str(folder / "__init__.py")
        assert (folder / "py.typed").is_file(), f"{package} lacks py.typed"
        assert [folder.name] == sorted(
            path.name for path in folder.parent.iterdir() if path.is_dir() and path.name != "__pycache__"
        ), f"{folder.parent} holds something else than {folder.name}"


@pytest.mark.parametrize("room", ["halon", "halon.incident", "halon.ports", "halon.judgement", "halon_workflows",
                                  "halon_activities", "halon_templates"])  # fmt: skip
def test_importing_a_package_runs_nothing(room: str) -> None:
    """What the sandbox executes anew for a run is a docstring and a version, no more."""
    spec = importlib.util.find_spec(room)
    assert spec is not None
    assert spec.origin is not None
    for statement in ast.parse(Path(spec.origin).read_text("utf-8")).body:
        is_docstring = isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
        is_version = isinstance(statement, ast.Assign) and ast.unparse(statement.targets[0]) == "__version__"
        assert is_docstring or is_version, f"{room}/__init__.py does more: {ast.unparse(statement)}"


def test_other_packages_only_name_what_they_offer(root: Path, ours: tuple[Path, ...]) -> None:
    """The ``__init__.py`` of every room holds a docstring, imports and ``__all__``, nothing that computes."""
    inits = [path for path in ours if path.name == "__init__.py" and path.parts[0] != "tests"]
    assert len(inits) > 10
    for path in inits:
        tree = ast.parse((root / path).read_text("utf-8"))
        assert ast.get_docstring(tree), f"{path} lacks a docstring"
        for statement in tree.body[1:]:
            names = isinstance(statement, ast.Assign) and ast.unparse(statement.targets[0]) in (
                "__all__",
                "__version__",
            )
            assert names or isinstance(statement, ast.Import | ast.ImportFrom), f"{path}: {ast.unparse(statement)}"


def test_no_file_grows_too_long(root: Path, ours: tuple[Path, ...]) -> None:
    """A file does one thing, and so stays under 400 lines."""
    counted = {
        path: len((root / path).read_text("utf-8").splitlines()) for path in ours if path.suffix in (".py", ".j2")
    }
    assert {path: lines for path, lines in counted.items() if lines > LONGEST_FILE} == {}


def test_workflows_reach_no_hands_even_indirectly() -> None:
    """A worker that only imports the workflow has loaded no client, no file reader, no other room of ours."""
    modules = _modules_after("import halon_workflows.incident")
    assert [name for name in modules if _within(name, *OUTSIDE_WORKFLOWS)] == []
    ours = [name for name in modules if _within(name, "halon") and name != "halon"]
    assert ours, "the workflow imports the incident and its ports"
    assert [name for name in ours if not _within(name, *KNOWN_TO_WORKFLOWS)] == []


def test_workflow_files_name_no_other_room(root: Path, ours: tuple[Path, ...]) -> None:
    """Not in a function and not for types only: workflows import the incident, the ports and each other."""
    files = [path for path in ours if path.parts[0] == "workflows" and path.suffix == ".py"]
    assert len(files) > 5
    for path in files:
        for node in ast.walk(ast.parse((root / path).read_text("utf-8"))):
            named = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            if isinstance(node, ast.Import):
                named = [alias.name for alias in node.names]
            for name in named:
                if name == "halon" and isinstance(node, ast.ImportFrom):
                    assert {alias.name for alias in node.names} <= {"incident", "ports"}, f"{path}:{node.lineno}"
                elif name.partition(".")[0] in ("halon", "halon_activities", "halon_templates"):
                    assert _within(name, *KNOWN_TO_WORKFLOWS), f"{path}:{node.lineno} imports {name}"


def test_the_incident_loads_the_standard_library_only() -> None:
    """What is replayed and recorded for years depends on Python and on nothing else."""
    statement = (
        "import importlib, pkgutil, halon.incident\n"
        "for found in pkgutil.iter_modules(halon.incident.__path__): importlib.import_module(f'halon.incident.{found.name}')"
    )
    before = {name.partition(".")[0] for name in _modules_after("pass")}
    tops = {name.partition(".")[0] for name in _modules_after(statement)} - before
    assert tops - set(sys.stdlib_module_names) == {"halon"}


@pytest.mark.parametrize(
    "port", list(_ports()), ids=lambda port: f"{port.__module__.rpartition('.')[2]}.{port.__name__}"
)
def test_every_port_has_its_timeouts(port: Callable[..., Any]) -> None:
    """No activity is started without a bound for one try and for all tries, the second at least as long."""
    arguments = options.of(port).arguments()
    one_try, all_tries = arguments["start_to_close_timeout"], arguments["schedule_to_close_timeout"]
    assert 0 < one_try.total_seconds() <= all_tries.total_seconds()
    heartbeat = arguments["heartbeat_timeout"]
    assert heartbeat is None or heartbeat < one_try
