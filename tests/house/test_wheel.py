"""The wheel is whole: installed elsewhere, without the checkout, it is the same product."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from halon.rendering import environment
from halon.settings import starter_kit

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="module")
def wheel(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built once from this checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(root)]
    built = subprocess.run(command, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stdout + built.stderr
    [made] = folder.glob("*.whl")
    return made


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment that holds the wheel, sees our dependencies, and does not see the checkout."""
    folder = tmp_path_factory.mktemp("installed") / "venv"
    venv.create(folder, with_pip=False, symlinks=True)
    python = folder / "bin" / "python"
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", str(python), "install", "--quiet",
               "--no-index", "--no-deps", str(wheel)]  # fmt: skip
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    # A path added by a .pth file comes last, and .pth files in it are not read: the editable install stays unseen.
    [site] = folder.glob("lib/python*/site-packages")
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n", "utf-8")
    return folder / "bin"


@pytest.fixture
def run(installed: Path, tmp_path: Path) -> Run:
    """Run a program of that environment from a foreign folder."""
    bare = {name: os.environ[name] for name in ("PATH", "LANG", "TMPDIR") if name in os.environ}

    def call(program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(installed / program), *arguments], cwd=tmp_path, env={**bare, "HALON_HOME": str(tmp_path / "home")},
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip

    return call


def test_the_wheel_holds_every_file_of_the_four_packages(
    wheel: Path, root: Path, packages: tuple[str, ...], ours: tuple[Path, ...]
) -> None:
    """What git holds below a package is in the wheel under the same name, and nothing else is."""
    with zipfile.ZipFile(wheel) as archive:
        held = {name for name in archive.namelist() if ".dist-info/" not in name}
    expected = set()
    for package in packages:
        expected |= {path.relative_to(Path(package).parent).as_posix() for path in ours if path.is_relative_to(package)}
    assert held == expected


def test_the_wheel_carries_its_licence_and_its_command(wheel: Path, root: Path) -> None:
    """LICENSE is in it as it is in the checkout; `halon` is its console script."""
    with zipfile.ZipFile(wheel) as archive:
        [licence] = [name for name in archive.namelist() if name.endswith(".dist-info/licenses/LICENSE")]
        [scripts] = [name for name in archive.namelist() if name.endswith(".dist-info/entry_points.txt")]
        assert archive.read(licence) == (root / "LICENSE").read_bytes()
        assert "halon = halon.cli.entry:main" in archive.read(scripts).decode()


def test_the_installed_wheel_is_what_is_imported(run: Run, installed: Path) -> None:
    """All four packages, and the workflow in them, come from the wheel and not from the checkout."""
    ended = run("python", "-c", "import json, halon, halon_workflows.incident, halon_activities, halon_templates, sys; "
                "json.dump([sys.modules[name].__file__ for name in ('halon', 'halon_workflows.incident', "
                "'halon_activities', 'halon_templates')], sys.stdout)")  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    places = [Path(one) for one in json.loads(ended.stdout)]
    assert all(place.is_relative_to(installed.parent) for place in places), places


def test_the_installed_command_knows_itself(run: Run) -> None:
    """`halon --help` lists the commands and `halon --version` the version, with exit code 0."""
    shown, version = run("halon", "--help"), run("halon", "--version")
    assert (shown.returncode, version.returncode) == (0, 0), shown.stderr + version.stderr
    assert all(word in shown.stdout for word in ("up", "report", "status", "approve", "export"))
    assert version.stdout.startswith("halon 0.")


def test_the_installed_starter_kit_is_sound(run: Run) -> None:
    """Without a kit of one's own, the starter kit in the wheel is found, and has nothing wrong with it."""
    ended = run("halon", "kit", "check", "--json")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    told = json.loads(ended.stdout)
    assert (told["ok"], told["problems"]) == (True, [])
    assert "site-packages" in told["kit"]
    copied = run("halon", "init", "mine")
    assert copied.returncode == 0, copied.stderr
    assert run("halon", "kit", "check", "mine").returncode == 0


def test_the_installed_templates_are_those_of_the_checkout(run: Run) -> None:
    """Every template compiles from the wheel; the editable install finds the same ones, and the same starter kit."""
    program = (
        "import json, sys; from halon.rendering import environment; from halon.settings import starter_kit\n"
        "made = environment(); names = made.list_templates(extensions=['j2'])\n"
        "for name in names: made.get_template(name)\n"
        "kit = starter_kit(); files = sorted(p.relative_to(kit).as_posix() for p in kit.rglob('*.yaml'))\n"
        "json.dump([names, files], sys.stdout)"
    )
    ended = run("python", "-c", program)
    assert ended.returncode == 0, ended.stderr
    names, files = json.loads(ended.stdout)
    here = starter_kit()
    assert names
    assert names == environment().list_templates(extensions=["j2"])
    assert files
    assert files == sorted(path.relative_to(here).as_posix() for path in here.rglob("*.yaml"))
