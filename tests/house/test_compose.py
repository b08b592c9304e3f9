"""What docker-compose.yml, the Dockerfile and deploy/ promise, read from the files themselves: no engine is needed."""

from __future__ import annotations

import json
import os
import re
import stat
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from halon import embedded
from halon.evidence import s3
from halon.intake.guarded import DoorRefused, require_guarded
from halon.kit import load
from halon.settings import Settings, misspelt

HALON = ("gateway", "worker")
JOBS = ("temporal-schema", "temporal-setup", "evidence-bucket")
_REFERENCE = re.compile(r"\$\{(?P<name>[A-Z_]+)(?P<how>:[-?])(?P<rest>[^}]*)\}")
_SECRET = re.compile(r"PASSWORD|PWD|SECRET|TOKEN|ACCESS_KEY")
_PINNED = re.compile(r"[a-z0-9/.-]+:v?[0-9]+\.[0-9]+[a-z0-9.-]*")


def resolved(text: str, environ: dict[str, str]) -> dict[str, Any]:
    """The file as Compose reads it with ``environ``."""

    def value(found: re.Match[str]) -> str:
        given = environ.get(found["name"], "")
        assert given or found["how"] == ":-", f"{found['name']}: {found['rest']}"
        return given or found["rest"]

    return dict(yaml.load(_REFERENCE.sub(value, text), Loader=yaml.CSafeLoader))


@pytest.fixture(scope="module")
def text(root: Path) -> str:
    """The file as it is written."""
    return (root / "docker-compose.yml").read_text("utf-8")


@pytest.fixture(scope="module")
def secrets(root: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What deploy/make-env writes."""
    written = tmp_path_factory.mktemp("env") / ".env"
    subprocess.run([root / "deploy/make-env", written], check=True, capture_output=True)
    lines = [line for line in written.read_text().splitlines() if line and not line.startswith("#")]
    return dict(line.split("=", 1) for line in lines)


@pytest.fixture(scope="module")
def services(text: str, secrets: dict[str, str]) -> dict[str, Any]:
    """Every service, resolved."""
    return dict(resolved(text, secrets)["services"])


def test_every_image_is_pinned_by_version(services: dict[str, Any], root: Path) -> None:
    """No `latest` anywhere; server and tools of one version; one Python for both stages of our own image."""
    images = {name: one["image"] for name, one in services.items() if name not in HALON}
    assert [image for image in images.values() if not _PINNED.fullmatch(image)] == []
    assert images["temporal"].split(":")[1] == images["temporal-setup"].split(":")[1]
    assert images["temporal-setup"] == images["temporal-schema"]
    assert images["evidence"] == images["evidence-bucket"]
    assert {services[name]["image"] for name in HALON} == {"halon:local"}
    bases = re.findall(r"^FROM (\S+)", (root / "Dockerfile").read_text(), re.MULTILINE)
    assert len(bases) == 2
    assert len(set(bases)) == 1
    assert _PINNED.fullmatch(bases[0])


def test_only_loopback_is_published_and_no_store_is(services: dict[str, Any]) -> None:
    """Gateway, Temporal and its UI on 127.0.0.1; database and evidence nowhere, on networks without a way out."""
    published = {name: one["ports"] for name, one in services.items() if "ports" in one}
    assert set(published) == {"gateway", "temporal", "temporal-ui"}
    assert all(port.startswith("127.0.0.1:") for ports in published.values() for port in ports)
    assert (services["postgresql"]["networks"], services["evidence"]["networks"]) == (["database"], ["evidence"])


def test_internal_networks_lead_nowhere(text: str, secrets: dict[str, str]) -> None:
    """Only one network reaches beyond these services, and every network and volume that is named exists."""
    whole = resolved(text, secrets)
    assert [name for name, one in whole["networks"].items() if not (one or {}).get("internal")] == ["outside"]
    named = {network for one in whole["services"].values() for network in one.get("networks", [])}
    assert named == set(whole["networks"])
    volumes = {str(mount).split(":")[0] for one in whole["services"].values() for mount in one.get("volumes", [])
               if isinstance(mount, str) and not mount.startswith(".")}  # fmt: skip
    assert volumes == set(whole["volumes"])


def test_services_wait_for_each_other_without_a_circle(services: dict[str, Any]) -> None:
    """Healthy where a health check tells, completed where a job ends; whatever halon needs is there before it starts."""
    waits = {name: one.get("depends_on", {}) for name, one in services.items()}
    for name, needed in waits.items():
        for other, how in needed.items():
            finished = how["condition"] == "service_completed_successfully"
            assert finished == (other in JOBS), f"{name} waits for {other}"
            assert finished or "healthcheck" in services[other], (
                f"{name} waits for {other}, which never says it is well"
            )

    def before(name: str, seen: tuple[str, ...] = ()) -> set[str]:
        assert name not in seen, f"a circle: {seen}"
        return {name}.union(*(before(other, (*seen, name)) for other in waits[name]))

    everything = {name: before(name) for name in services}
    assert everything["gateway"] == everything["worker"] ^ {"gateway", "worker"}
    assert everything["worker"] == set(services) - {"gateway", "temporal-ui"}


def test_every_file_that_is_mounted_is_there_and_read_only(services: dict[str, Any], root: Path) -> None:
    """Scripts, dynamic configuration and kit come from this checkout; nothing can be written back into it."""
    seen = []
    for one in services.values():
        for mount in one.get("volumes", []):
            if isinstance(mount, dict):
                mount = f"{mount['source']}:{mount['target']}:{'ro' if mount['read_only'] else 'rw'}"
            source, target, *how = mount.split(":")
            if source.startswith("."):
                assert (root / source).exists(), source
                assert how == ["ro"], mount
                seen.append(Path(source).name)
                if one.get("command") == [target]:
                    assert (root / source).read_text().startswith("#!/bin/sh\n")
                    assert os.access(root / source, os.X_OK)
    assert {"temporal-schema.sh", "temporal-setup.sh", "temporal-dynamic.yaml", "evidence-start.sh",
            "evidence-bucket.sh", "kit"} == set(seen)  # fmt: skip


def test_every_part_is_held_tight(services: dict[str, Any], root: Path) -> None:
    """No capability that is not named, no new privileges, bounds for memory and processes; ours write nowhere else."""
    for name, one in services.items():
        assert one["cap_drop"] == ["ALL"], name
        assert one["security_opt"] == ["no-new-privileges:true"], name
        assert {"cpus", "memory", "pids"} <= set(one["deploy"]["resources"]["limits"]), name
        assert one["restart"] == ("on-failure:5" if name in JOBS else "unless-stopped"), name
        assert one.get("read_only") is True or name == "temporal-ui", name
        assert "privileged" not in one
    assert [services[name].get("cap_add") for name in HALON] == [None, None]
    lines = (root / "Dockerfile").read_text().splitlines()
    assert "USER 10001:10001" in lines
    assert 'ENTRYPOINT ["halon"]' in lines
    assert [services[name]["command"] for name in HALON] == [["gateway"], ["worker"]]
    assert services["worker"]["deploy"]["replicas"] == 2


def test_no_secret_is_written_down_and_nothing_starts_without_one(text: str, secrets: dict[str, str]) -> None:
    """Each secret comes from .env, or Compose refuses with the next step; .env.example names exactly these."""
    raw = yaml.load(text, Loader=yaml.CSafeLoader)
    for name, one in raw["services"].items():
        for variable, value in one.get("environment", {}).items():
            if _SECRET.search(variable):
                assert re.fullmatch(r"\$\{[A-Z_]+:\?run deploy/make-env, [^}]+\}", value), f"{name}: {variable}"
    needed = {found["name"] for found in _REFERENCE.finditer(text) if found["how"] == ":?"}
    assert needed == set(secrets)
    for name in needed:
        with pytest.raises(AssertionError, match=name):
            resolved(text, {**secrets, name: ""})


def test_new_secrets_are_long_private_and_never_overwritten(
    root: Path, secrets: dict[str, str], tmp_path: Path
) -> None:
    """deploy/make-env writes a file for its owner alone, and leaves one that is there as it is."""
    assert min(len(value) for value in secrets.values()) >= 48
    assert len(set(secrets.values())) == len(secrets)
    to = tmp_path / ".env"
    subprocess.run([root / "deploy/make-env", to], check=True, capture_output=True)
    assert stat.S_IMODE(to.stat().st_mode) == 0o600
    kept = to.read_text()
    again = subprocess.run([root / "deploy/make-env", to], capture_output=True, text=True, check=False)
    assert again.returncode == 1
    assert "stays as it is" in again.stderr
    assert to.read_text() == kept
    assert list(tmp_path.iterdir()) == [to]


def test_nothing_but_what_the_image_is_made_of_reaches_the_builder(root: Path) -> None:
    """The list of what goes in is short; secrets, history and tests are not on it, and what is copied exists."""
    lines = [line for line in (root / ".dockerignore").read_text().splitlines() if line and not line.startswith("#")]
    assert lines[0] == "*"
    allowed = [line[1:] for line in lines if line.startswith("!")]
    assert [name for name in allowed if not (root / name).exists()] == []
    assert not {".env", ".git", "tests", "kit.env"} & set(allowed)
    assert "--require-hashes" in (root / "Dockerfile").read_text()


@pytest.mark.parametrize("name", HALON)
def test_halon_knows_every_variable_that_it_is_given(services: dict[str, Any], root: Path, name: str) -> None:
    """No misspelt setting: with this environment the settings are read, and the evidence lies in the store's bucket."""
    environ = {key: str(value) for key, value in services[name]["environment"].items()}
    kit = root / "templates/halon_templates/kit"
    assert misspelt(environ, [source.token_env for source in load(kit, environ).sources.values()]) == []
    settings = Settings.from_environ({**environ, "HALON_KIT": str(kit)})
    place = s3.place(settings.evidence, environ)
    assert place.bucket == services["evidence"]["environment"]["EVIDENCE_BUCKET"]
    assert place.bucket == services["evidence-bucket"]["environment"]["EVIDENCE_BUCKET"]
    assert place.endpoint == "http://evidence:8333"
    assert environ["TEMPORAL_ADDRESS"].partition(":")[0] in services
    assert environ["TEMPORAL_NAMESPACE"] == services["temporal-setup"]["environment"]["TEMPORAL_NAMESPACE"]


def test_the_door_opens_with_these_tokens_and_not_without(services: dict[str, Any], root: Path) -> None:
    """It listens on every address of its container, which it refuses while a source has no token."""
    environ = {key: str(value) for key, value in services["gateway"]["environment"].items()}
    kit = load(root / "templates/halon_templates/kit", environ)
    settings = Settings.from_environ({**environ, "HALON_KIT": ""})
    assert settings.gateway_host == "0.0.0.0"
    require_guarded(settings, kit, environ)
    with pytest.raises(DoorRefused):
        require_guarded(settings, kit, {**environ, "HALON_TOKEN_ALERTMANAGER": ""})


def test_the_namespace_knows_the_one_list_of_search_attributes(root: Path, services: dict[str, Any]) -> None:
    """Name and type of each, as the workflow writes them; closed histories stay 30 days or more."""
    script = (root / "deploy/temporal-setup.sh").read_text()
    named = re.findall(r"--name (Halon\w+) --type (\w+)", script)
    assert named == [(key.name, embedded._TYPES[key.indexed_value_type][0]) for key in embedded.ATTRIBUTES]
    retention = services["temporal-setup"]["environment"]["TEMPORAL_RETENTION"]
    assert retention == f"{embedded.RETENTION_DAYS}d"
    assert embedded.RETENTION_DAYS >= 30
    assert "operator" in script
    assert "cluster health" in script


def test_the_dynamic_configuration_is_that_of_the_embedded_server(root: Path, services: dict[str, Any]) -> None:
    """What was measured to matter holds here too, and events name who was verified to send them."""
    read = yaml.load((root / "deploy/temporal-dynamic.yaml").read_text(), Loader=yaml.CSafeLoader)
    values = {key: json.dumps(one[0]["value"]) for key, one in read.items()}
    words = embedded.arguments(Path("x"), 1, 2)
    here = dict(words[at + 1].split("=", 1) for at, word in enumerate(words) if word == "--dynamic-config-value")
    assert here.items() <= values.items()
    assert values["frontend.enablePrincipalPropagation"] == "true"
    environment = services["temporal"]["environment"]
    assert any(mount.split(":")[1] == environment["DYNAMIC_CONFIG_FILE_PATH"]
               for mount in services["temporal"]["volumes"])  # fmt: skip


def test_the_ui_speaks_to_incidents_and_does_not_end_them(services: dict[str, Any]) -> None:
    """Signal and Update are on; Cancel, Terminate, Reset and batches of them are off."""
    switches = services["temporal-ui"]["environment"]
    off = {name.removeprefix("TEMPORAL_").removesuffix("_DISABLED"): value == "true"
           for name, value in switches.items() if name.endswith("_DISABLED")}  # fmt: skip
    assert off == {"WORKFLOW_CANCEL": True, "WORKFLOW_TERMINATE": True, "WORKFLOW_RESET": True, "BATCH_ACTIONS": True,
                   "START_WORKFLOW": True, "ACTIVITY_COMMANDS": True, "WORKFLOW_SIGNAL": False,
                   "WORKFLOW_UPDATE": False}  # fmt: skip
    assert "TEMPORAL_DISABLE_WRITE_ACTIONS" not in switches


def test_both_databases_are_made_and_updated_and_no_list_of_processes_shows_the_password(
    root: Path, services: dict[str, Any], tmp_path: Path
) -> None:
    """Create, set up, update, for each; a step that fails ends the job."""
    asked, tool = tmp_path / "asked", tmp_path / "temporal-sql-tool"
    tool.write_text('#!/bin/sh\nprintf "%s\\n" "$*" >>"$ASKED"\ncase "$*" in *"$FAILS"*) exit 1 ;; esac\n')
    tool.chmod(0o755)
    given = {
        **services["temporal-schema"]["environment"],
        "PATH": f"{tmp_path}:{os.environ['PATH']}",
        "ASKED": str(asked),
    }

    def run(fails: str) -> tuple[int, list[str]]:
        asked.write_text("")
        ended = subprocess.run([root / "deploy/temporal-schema.sh"], env={**given, "FAILS": fails}, capture_output=True)
        return ended.returncode, asked.read_text().splitlines()

    code, lines = run("no step")
    assert code == 0
    base = "--plugin postgres12 --endpoint postgresql --port 5432 --user temporal --database"
    schema = "/etc/temporal/schema/postgresql/v12"
    assert lines == [
        f"{base} {database} {step}"
        for database, folder in (("temporal", "temporal"), ("temporal_visibility", "visibility"))
        for step in ("create", "setup-schema -v 0.0", f"update-schema --schema-dir {schema}/{folder}/versioned")
    ]
    assert given["SQL_PASSWORD"] not in "".join(lines)
    code, lines = run("temporal_visibility create")
    assert (code, len(lines)) == (1, 4)


@pytest.mark.parametrize("name", ["EVIDENCE_ACCESS_KEY", "EVIDENCE_SECRET_KEY"])
def test_a_key_that_could_break_out_of_the_stores_configuration_is_refused(
    root: Path, services: dict[str, Any], tmp_path: Path, name: str
) -> None:
    """It is written into JSON, so letters, digits and a few signs are all that it may hold; it is not repeated."""
    given = {**services["evidence"]["environment"], name: 'hidden"}]', "PATH": os.environ["PATH"],
             "EVIDENCE_DATA": str(tmp_path), "EVIDENCE_RUN": str(tmp_path / "run")}  # fmt: skip
    ended = subprocess.run([root / "deploy/evidence-start.sh"], env=given, capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert "change .env" in ended.stderr
    assert "hidden" not in ended.stderr
    assert list(tmp_path.iterdir()) == []
