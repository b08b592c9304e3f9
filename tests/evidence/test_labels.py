"""What an artefact is marked with: kit over default, the stricter class, and seals of before."""

from __future__ import annotations

from pathlib import Path

import pytest

from halon.evidence.labels import KINDS, Handling, Kind, kind_of, stricter
from halon.evidence.seal import SIDECAR, read_sidecar, seal, sealed_from_json, verify_sealed
from halon.evidence.store import EvidenceStore
from halon.incident.canonical import canonical

AT = "2026-11-22T08:16:15Z"
READERS = {"open": ("lead", "staff"), "restricted": ("lead",), "privileged": ()}


def test_the_kit_has_the_last_word_on_class_days_and_hold() -> None:
    """Defaults hold for each kind; a kind that nobody knows is handled with care."""
    assert (Handling().label("controls").access, Handling().label("memory").access) == ("open", "privileged")
    assert (Handling().label("anything").kind, Handling().label("anything").access) == ("other", "restricted")
    own = Handling({"controls": Kind("privileged", "personal")}, {"personal": 30}, legal_hold=True)
    said = own.label("controls", "redacted").fields(AT)
    assert said == {"kind": "controls", "redaction": "redacted", "access": "privileged", "retention": "personal",
                    "retain_until": "2026-12-22T08:16:15.000Z", "hold": True}  # fmt: skip
    assert own.label("config").fields(AT)["retain_until"] == "2027-11-22T08:16:15.000Z"


def test_who_reads_follows_from_the_class_alone() -> None:
    """Each class has its roles; one without any is read by nobody, and the answer says what it takes."""
    handling = Handling(readers=READERS)
    assert handling.may_read("open", ["staff"]) == (True, "open evidence is open to staff")
    assert handling.may_read("restricted", ["staff", "lead"])[0] is True
    may, why = handling.may_read("restricted", ["staff"])
    assert (may, "takes the role lead (yours: staff)" in why) == (False, True)
    assert handling.may_read("privileged", ["lead", "staff"])[0] is False
    assert handling.may_read("none of them", ["lead"])[0] is False


def test_a_laxer_kit_opens_nothing_that_was_sealed_before() -> None:
    """Of the class in the seal and that of the kit now, the narrower counts."""
    assert stricter("open", "restricted") == stricter("restricted", "open") == "restricted"
    assert stricter("privileged", "open") == "privileged"
    assert stricter("", "open") == "open"
    assert stricter("made up", "restricted") == "restricted"


def test_what_no_seal_says_is_read_from_the_path() -> None:
    """Raw payloads, collections of earlier releases, the rest."""
    assert kind_of("evidence/intake/2026-11-22/0123456789abcdef-alertmanager") == "raw_alert"
    assert kind_of("evidence/i/0123456789abcdef-before-containment-traces.json") == "traces"
    assert kind_of("evidence/i/0123456789abcdef-picture.png") == "other"
    assert {kind_of(f"evidence/i/x-{name}.json") for name in KINDS} == set(KINDS)


async def test_a_label_is_sealed_with_its_artefact(tmp_path: Path) -> None:
    """It stands in the sidecar and is verified with it."""
    store = EvidenceStore.open(tmp_path)
    label = Handling(days={"personal": 10}).label("traces")
    done = await seal(store, "wf:run", "traces.json", b"[]", "application/json", "halon", AT, label=label)
    beside = await read_sidecar(store, done.path)
    assert beside == done
    assert (done.access, done.retention, done.retain_until) == ("restricted", "personal", "2026-12-02T08:16:15.000Z")
    await verify_sealed(store, done)


async def test_a_seal_of_an_earlier_release_is_read_as_it_was_written(tmp_path: Path) -> None:
    """Seven fields and no label: it verifies, and an unknown field is refused as before."""
    store = EvidenceStore.open(tmp_path)
    done = await seal(store, "wf:run", "a.json", b"[]", "application/json", "halon", AT)
    assert set(done.as_json()) == {"id", "path", "sha256", "size", "media_type", "collector", "collected_at"}
    assert await store.get(done.path + SIDECAR) == canonical(done.as_json())
    assert sealed_from_json(done.as_json()) == done
    await verify_sealed(store, done)
    for wrong in ({"more": "x"}, {"hold": "yes"}, {"access": 1}):
        with pytest.raises(ValueError, match=r"a seal has the fields|must be"):
            sealed_from_json({**done.as_json(), **wrong})
