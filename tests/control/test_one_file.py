"""The drop-in is one file that needs nothing but Python, and the command line writes it."""

from __future__ import annotations

import ast
import builtins
import hashlib
import importlib.util
import inspect
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import halon.control
from halon.cli import entry
from halon.control import onefile

TEXT = onefile.one_file()
MODULES = [
    path
    for path in sorted(Path(str(halon.control.__file__)).parent.glob("*.py"))
    if path.stem not in ("__init__", "onefile")
]


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the file in a folder of its own."""
    file = tmp_path / "halon_control.py"
    file.write_text(TEXT, "utf-8")
    return file


def test_it_imports_the_standard_library_only_and_is_python_3_10() -> None:
    """Read from its syntax tree, with the grammar of Python 3.10."""
    tree = ast.parse(TEXT, feature_version=(3, 10))
    named = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            named |= {alias.name.partition(".")[0] for alias in node.names}
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0
            named.add(str(node.module).partition(".")[0])
    assert len(named) > 10
    assert named - set(sys.stdlib_module_names) == set()


def test_the_copy_works_alone_in_an_empty_folder(tmp_path: Path) -> None:
    """Without site packages and without our tree: a tool is switched off over ASGI and refused."""
    assert entry.run(["control", str(tmp_path / "halon_control.py")]) == 0
    program = tmp_path / "agent.py"
    program.write_text(
        "import asyncio, json, os, sys\n"
        "sys.path.insert(0, os.path.dirname(__file__))\n"
        "from halon_control import Control, ToolDisabled\n"
        "control = Control('alone', state='alone.db')\n"
        "@control.tool()\n"
        "def send(to): return to\n"
        "print(send('a'))\n"
        "async def app(scope, receive, send): raise AssertionError\n"
        "async def main():\n"
        "    said = []\n"
        "    async def receive(): return {'type': 'http.request', 'body': b'{\"enabled\": false}'}\n"
        "    async def tell(message): said.append(message)\n"
        "    scope = {'type': 'http', 'method': 'PUT', 'path': '/halon/control/tools/send', 'query_string': b'',\n"
        "             'headers': [(b'authorization', b'Bearer t')]}\n"
        "    await control.asgi(app)(scope, receive, tell)\n"
        "    print(said[0]['status'], json.loads(said[1]['body'])['enabled'])\n"
        "asyncio.run(main())\n"
        "try: send('b')\n"
        "except ToolDisabled as refusal: print(refusal.code)\n"
        "print(sorted(name for name in sys.modules if name.startswith('halon')))\n"
    )
    done = subprocess.run(
        [sys.executable, "-S", "-I", str(program)], cwd=tmp_path, env={"HALON_CONTROL_TOKEN": "t"}, capture_output=True,
        text=True, timeout=60, check=False,
    )  # fmt: skip
    assert [line.partition(" is NEW")[1] for line in done.stderr.splitlines()] == [" is NEW"]
    assert done.stdout.split("\n")[:4] == ["a", "200 False", "tool_disabled", "['halon_control']"]


def test_the_command_overwrites_nothing_of_yours(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Another file stays; an earlier copy of ours is replaced; the next step is printed."""
    mine, copy = tmp_path / "agent.py", tmp_path / "halon_control.py"
    mine.write_text("print('mine')\n")
    assert entry.run(["control", str(mine)]) == 1
    assert "no copy of halon.control" in capsys.readouterr().err
    assert mine.read_text() == "print('mine')\n"
    assert entry.run(["control", str(copy)]) == 0
    assert "Next: from halon_control import Control" in capsys.readouterr().out
    mended = copy.read_text("utf-8").replace("5_000", "4_000")
    copy.write_text(mended, "utf-8")
    assert entry.run(["control", str(copy), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["did"] == "replaced"
    assert Path(said["edited"]).read_text("utf-8") == mended
    assert copy.read_text("utf-8") == TEXT
    assert entry.run(["control", str(tmp_path / "no" / "such" / "x.py")]) == 1
    assert "can't be written" in capsys.readouterr().err


def test_the_modules_can_be_one_file() -> None:
    """They import the standard library and each other by name, and no two of them, nor Python itself, share a name."""
    owners = {name: "Python" for name in dir(builtins) if not name.startswith("__")}
    assert len(MODULES) > 10
    for path in MODULES:
        tree = ast.parse(path.read_text("utf-8"))
        own, ours = set(), set()
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and str(node.module).startswith("halon"):
                assert str(node.module).startswith("halon.control."), path.name
                assert node in tree.body, f"{path.name}:{node.lineno} is no import at the top"
                ours |= {alias.name for alias in node.names}
            elif isinstance(node, ast.Import):
                assert not any(alias.name.startswith("halon") for alias in node.names), path.name
        for node in tree.body:
            if isinstance(node, ast.Import | ast.ImportFrom):
                for name in {alias.name.partition(".")[0] for alias in node.names} - ours - {"annotations"}:
                    assert owners.setdefault(name, f"import {name}") == f"import {name}", f"{path.name}: {name}"
            else:
                own |= _bound(node)
        for name in own:
            assert owners.setdefault(name, path.name) == path.name, f"{path.name}: {name} is of {owners[name]}"
    assert {"Control", "Refused", "_spans", "LOG"} <= set(owners)


def _bound(node: ast.stmt) -> set[str]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return {node.name}
    stored = (one for one in ast.walk(node) if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store))
    return {one.id for one in stored}


def test_each_module_is_in_it_once() -> None:
    """What a module defines stands in the file as it stands in the module; no module is left out."""
    defined = [ast.dump(node) for node in ast.parse(TEXT).body if not isinstance(node, ast.Import | ast.ImportFrom)]
    for path in MODULES:
        for node in ast.parse(path.read_text("utf-8")).body[1:]:
            if not isinstance(node, ast.Import | ast.ImportFrom | ast.Expr):
                assert defined.count(ast.dump(node)) == 1, f"{path.name}:{node.lineno}"
    assert TEXT.count("from __future__") == 1
    assert "halon.control.control" not in TEXT


def test_it_offers_what_the_package_offers(copy: Path) -> None:
    """The same names, the same signatures, the same words."""
    spec = importlib.util.spec_from_file_location("halon_control", copy)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["halon_control"] = module
    try:
        spec.loader.exec_module(module)
    finally:
        del sys.modules["halon_control"]
    assert module.__all__ == halon.control.__all__
    assert str(module.__doc__).startswith(str(halon.control.__doc__))
    for name in halon.control.__all__:
        theirs, ours = getattr(module, name), getattr(halon.control, name)
        for method in {"__init__", *vars(ours)}:
            one, other = getattr(theirs, method), getattr(ours, method)
            assert getattr(one, "__doc__", None) == getattr(other, "__doc__", None)
            if inspect.isfunction(other):
                assert str(inspect.signature(one)) == str(inspect.signature(other)), f"{name}.{method}"


def test_the_same_modules_give_the_same_file(copy: Path) -> None:
    """In another process, whatever the order of its sets."""
    statement = "from halon.control import onefile; print(onefile.one_file(), end='')"
    environ = {**os.environ, "PYTHONHASHSEED": "7", "PYTHONIOENCODING": "utf-8"}
    made = subprocess.run([sys.executable, "-c", statement], env=environ, capture_output=True, timeout=60, check=True)
    assert made.stdout == copy.read_bytes()


def test_it_is_readable_code(copy: Path) -> None:
    """Our own checks take it as it is: compiler, linter and formatter."""
    settings = ["--config", str(Path(__file__).parents[2] / "pyproject.toml"), "--no-cache", str(copy)]
    for command in (["py_compile", str(copy)], ["ruff", "check", *settings], ["ruff", "format", "--check", *settings]):
        done = subprocess.run([sys.executable, "-m", *command], capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"


def test_a_copy_that_was_changed_is_told() -> None:
    """The digest covers every other line; a copy of another release is no changed one."""
    assert f"Made by Halon {halon.__version__}. SPDX-License-Identifier: Apache-2.0." in TEXT
    assert not onefile.is_edited(TEXT)
    for old, new in (("5_000", "4_000"), ("Made by", "Mended by"), ("sha256:", "sha256:0"), ("\nsha256:", "\n")):
        changed = TEXT.replace(old, new, 1)
        assert changed != TEXT
        assert onefile.is_edited(changed), old
    assert onefile.is_edited(TEXT + "# mine\n")


def test_an_older_copy_is_replaced_without_ado(copy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nobody changed it by hand, so nothing is kept; a second time nothing changes."""
    head, _, rest = TEXT.replace(halon.__version__, "0.0.1", 1).partition("\nsha256:")
    rest = rest.partition("\n")[2]
    digest = hashlib.sha256(f"{head}\n{rest}".encode()).hexdigest()
    copy.write_text(f"{head}\nsha256:{digest}\n{rest}", "utf-8")
    for did in ("replaced", "unchanged"):
        assert entry.run(["control", str(copy), "--json"]) == 0
        said = json.loads(capsys.readouterr().out)
        assert (said["did"], said["edited"]) == (did, None)
    assert [path.name for path in copy.parent.iterdir()] == ["halon_control.py"]
