"""The files that are deployed, as their linters see them, and PostgreSQL with the settings that they give it."""

from __future__ import annotations

import getpass
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
TOOLS = ROOT / ".e2e/deployed/bin"


@pytest.fixture
def service() -> dict[str, Any]:
    """The database as docker-compose.yml describes it, with a password."""
    found = dict(yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]["postgresql"])
    return found | {"environment": found["environment"] | {"POSTGRES_PASSWORD": "password-of-the-e2e-suite"}}


@pytest.mark.parametrize("words", [
    ["hadolint", "Dockerfile"],
    ["shellcheck", "deploy/make-env", *sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "deploy").glob("*.sh"))],
    ["check-jsonschema", "--builtin-schema", "vendor.compose-spec", "docker-compose.yml"],
], ids=lambda words: words[0])  # fmt: skip
def test_what_is_deployed_has_no_finding(words: list[str]) -> None:
    """Dockerfile by hadolint, scripts by shellcheck, the compose file by the schema of the Compose Specification."""
    ended = subprocess.run([TOOLS / words[0], *words[1:]], cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr


def test_postgresql_takes_the_settings_that_it_is_given(service: dict[str, Any], free: Callable[[], int]) -> None:
    """A real server accepts every option, says that it is ready by the health check, and lets the role make databases."""
    found = shutil.which("initdb") or next(iter(sorted(map(str, Path("/usr/lib/postgresql").glob("*/bin/initdb")))), "")
    assert found, "PostgreSQL is not installed; run: tests/e2e/install"
    programs, given = Path(found).resolve().parent, service["environment"]
    password, port = given["POSTGRES_PASSWORD"], free()
    root = getpass.getuser() == "root"
    # PostgreSQL refuses to run as root, and the image does not either.
    as_owner = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if root else []
    with tempfile.TemporaryDirectory(prefix="halon-pg-") as name, ExitStack() as ending:
        folder = Path(name)
        (folder / "password").write_text(password)
        if root:
            for path in (folder, folder / "password"):
                shutil.chown(path, "postgres", "postgres")
        words = [*as_owner, str(programs / "initdb"), "-D", f"{folder}/data", "-U", given["POSTGRES_USER"],
                 f"--pwfile={folder}/password", *given["POSTGRES_INITDB_ARGS"].split()]  # fmt: skip
        subprocess.run(words, check=True, capture_output=True, cwd=folder)
        log = folder / "log"
        words = [*as_owner, str(programs / "postgres"), *service["command"][1:], "-D", f"{folder}/data",
                 "-p", str(port), "-k", name]  # fmt: skip
        with log.open("wb") as output:
            server = subprocess.Popen(words, stdout=output, stderr=output, cwd=folder)
        ending.callback(lambda: (server.terminate(), server.wait(20)))
        test = service["healthcheck"]["test"]
        ready = [str(programs / test[1]), *test[2:]]
        end = time.monotonic() + 30
        while subprocess.run(ready, env={"PGPORT": str(port)}, check=False).returncode:
            assert time.monotonic() < end, log.read_text()
            time.sleep(0.2)

        def ask(query: str, word: str = password) -> subprocess.CompletedProcess[str]:
            words = [str(programs / "psql"), "-XAtq", "-h", "127.0.0.1", "-U", given["POSTGRES_USER"], "-d", "postgres",
                     "-c", query]  # fmt: skip
            return subprocess.run(words, env={"PGPORT": str(port), "PGPASSWORD": word}, capture_output=True, text=True)

        shown = ask("SELECT current_setting('max_connections'), current_setting('data_checksums'), "
                    "current_setting('shared_buffers'), left(rolpassword, 13) FROM pg_authid WHERE rolname = 'temporal'")  # fmt: skip
        assert shown.stdout.strip() == "200|on|256MB|SCRAM-SHA-256", shown.stderr
        assert ask("CREATE DATABASE temporal").returncode == 0
        assert ask("SELECT 1", "another password").returncode == 2
