"""docs/sources.md: what people paste is what the door reads, and what they sign with is what it checks."""

from __future__ import annotations

import base64
import json
import re
import time
from pathlib import Path
from typing import Any, get_args

import pytest

from halon.intake.problems import Unauthorised
from halon.intake.proofs.signed import require_signature
from halon.intake.sources import datadog
from halon.intake.sources.reader import Arrived
from halon.intake.sources.readers import READERS
from halon.judgement.trust import Acting
from halon.kit import Source
from halon.kit.auth import SCHEMES, Auth
from halon.kit.files.sources import AuthShape, Sources

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "sources.md").read_text("utf-8")
NOW = "2026-11-22T09:00:00.000Z"


def block(name: str) -> str:
    found = re.search(rf"<!-- {name} -->\n```\w+\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
    assert found is not None, name
    return found[1]


def test_datadogs_payload_is_the_template() -> None:
    """The page, the file in the package and the reader are one."""
    assert json.loads(block("datadog")) == datadog.TEMPLATE


def test_halons_own_json_is_taken() -> None:
    """The example is an alert of the agent that it names."""
    (alert,) = READERS["halon"].read(Arrived(json.loads(block("own json")), NOW), Source("own", "halon", "S"))
    assert (alert.agent, alert.fingerprint) == ("support-bot", "mail-guard-4711")


def test_what_the_page_signs_comes_in() -> None:
    """The few lines of Python make headers that the door accepts, and for no other body."""
    names: dict[str, Any] = {}
    exec(compile(block("signing"), "docs/sources.md", "exec"), names)
    secret = "whsec_" + base64.b64encode(b"k" * 32).decode()
    headers = names["signed"](b"{}", secret)
    require_signature(headers, b"{}", Auth("standard-webhooks"), (secret,), time.time())
    with pytest.raises(Unauthorised):
        require_signature(headers, b"{ }", Auth("standard-webhooks"), (secret,), time.time())


def test_every_kind_scheme_and_key_is_on_the_page() -> None:
    """Nobody has to read the code to learn what can be written."""
    prose = re.sub(r"```.*?```", "", PAGE, flags=re.DOTALL)
    shown = set(re.findall(r"`([^`\n]+)`", prose))
    assert set(READERS) <= shown
    assert set(SCHEMES) <= shown
    assert set(get_args(Acting)) <= shown
    assert set(AuthShape.model_fields) - {"scheme"} <= shown


def test_every_example_of_the_page_is_a_sound_part_of_a_kit() -> None:
    """What people paste into sources.yaml has the right shape."""
    import yaml

    examples = [yaml.load(text, Loader=yaml.CSafeLoader) for text in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)]
    assert len(examples) >= 2
    assert all(Sources.model_validate(one).sources for one in examples)
