"""Sources of paging products in sources.yaml: who somebody is, and whose service it is."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from halon.kit import KitError, load, starter_path

KIT_SOURCES = """
  pd:
    kind: pagerduty
    token_env: PD_SECRET
    people: {PTOM: tom}
    agents: {API Service: support-bot}
"""
KIT_FROM = """
from:
  kind: pagerduty
  token_env: ROTA_TOKEN
  schedules: {commander: PCOM}
  people: {PANN111: ann, PTOM: sue}
"""


def test_the_kit_says_who_somebody_is_in_one_place(tmp_path: Path) -> None:
    """The source's own map counts first, then what oncall.yaml says of the same product, then mail addresses."""
    folder = shutil.copytree(starter_path(), tmp_path / "kit")
    for name, more in (("sources.yaml", KIT_SOURCES), ("oncall.yaml", KIT_FROM)):
        (folder / name).write_text((folder / name).read_text() + more)
    source = load(folder, {}).sources["pd"]
    assert (source.people["ptom"], source.people["pann111"], source.people["pat@acme.example"]) == ("tom", "ann", "pat")
    assert source.agents == {"api service": "support-bot"}


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [("PTOM: tom", "PTOM: tim", "no person 'tim'"), ("support-bot", "suport-bot", "no agent 'suport-bot'"),
     ("kind: pagerduty", "kind: alertmanager", "people is for pagerduty and opsgenie")],
)  # fmt: skip
def test_a_wrong_map_is_refused_with_its_line(tmp_path: Path, old: str, new: str, told: str) -> None:
    """A name that is nobody's would turn an acknowledgement into a refusal at night."""
    folder = shutil.copytree(starter_path(), tmp_path / "kit")
    file = folder / "sources.yaml"
    file.write_text(file.read_text() + KIT_SOURCES.replace(old, new))
    with pytest.raises(KitError) as caught:
        load(folder, {})
    assert "sources.yaml:" in str(caught.value)
    assert told in str(caught.value)
