"""One-time codes: the RFC's own vectors, seeds that are stored nowhere, devices, and codes that serve once."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from halon.evidence.store import EvidenceStore
from halon.identity import totp
from halon.identity.devices import Devices
from halon.identity.enrolling import Enroller, Enrolling, usable
from halon.identity.errors import CodeNeeded, NoIdentityKey, NotAllowed, NotEnrolled
from halon.identity.seeds import identity_key, seed
from halon.identity.spent import MOST_WRONG, Spent
from halon.incident import times

RFC_SEED = b"12345678901234567890"
KEY = b"an identity key of the tests, 32+ long"
NOW = "2026-11-22T08:00:00Z"
AT = times.parse(NOW).timestamp()


@pytest.fixture
def store(tmp_path: Path) -> EvidenceStore:
    return EvidenceStore.open(tmp_path / "store")


@pytest.fixture
def enrolling(store: EvidenceStore) -> Enrolling:
    return Enrolling(store, KEY, ("security_lead",), "Halon Acme")


def code_of(person: str, generation: int, now: str = NOW, away: int = 0) -> str:
    return totp.code(seed(KEY, person, generation), totp.step_of(times.parse(now).timestamp()) + away)


SUE = Enroller("sue", ("security_lead",))


@pytest.mark.parametrize(
    ("at", "shown"),
    [(59, "94287082"), (1111111109, "07081804"), (1111111111, "14050471"), (1234567890, "89005924"),
     (2000000000, "69279037"), (20000000000, "65353130")],
)  # fmt: skip
def test_the_vectors_of_rfc_6238_come_out(at: int, shown: str) -> None:
    """Appendix B, SHA-1, eight digits; an app shows the last six."""
    step = totp.step_of(at)
    assert totp.code(RFC_SEED, step, 8) == shown
    assert totp.code(RFC_SEED, step) == shown[-6:]


def test_a_code_is_found_with_how_far_it_is_off() -> None:
    """The step before and after count as well; beyond, it is only said by how much a clock is off."""
    for away in (0, 1, -1, 5, -totp.LOOKED):
        assert totp.offset(RFC_SEED, totp.code(RFC_SEED, totp.step_of(AT) + away), AT) == away
    assert totp.offset(RFC_SEED, totp.code(RFC_SEED, totp.step_of(AT) + totp.LOOKED + 1), AT) is None
    assert totp.WINDOW == 1


def test_two_codes_in_a_row_are_two_of_one_device_that_count_now() -> None:
    """The second is at most a step off; not the other way round, not with one between, not one of them wrong."""

    def shown(*aways: int) -> str:
        return "".join(totp.code(RFC_SEED, totp.step_of(AT) + away) for away in aways)

    for away in (-1, 0, 1):
        assert totp.in_a_row(RFC_SEED, shown(away - 1, away), AT) == away
    for aways in ((0, -1), (-1, 1), (0, 0), (1, 2), (-3, -2)):
        assert totp.in_a_row(RFC_SEED, shown(*aways), AT) is None
    for half in (shown(0) + "000000", "000000" + shown(0), shown(0)):
        assert totp.in_a_row(RFC_SEED, half, AT) is None


def test_seeds_come_from_the_key_alone() -> None:
    """Another person, generation or key is another seed; without a key there is none, and the error repeats no key."""
    assert len({seed(KEY, "sue", 1), seed(KEY, "sue", 2), seed(KEY, "tom", 1), seed(KEY + b"x", "sue", 1)}) == 4
    assert seed(KEY, "sue", 1) == seed(KEY, "sue", 1)
    for environ in ({}, {"HALON_IDENTITY_KEY": "short-and-secret"}):
        with pytest.raises(NoIdentityKey) as caught:
            identity_key(environ)
        assert "openssl rand" in str(caught.value)
        assert "short-and-secret" not in str(caught.value)


async def test_a_device_counts_from_its_first_right_code_on(store: EvidenceStore, enrolling: Enrolling) -> None:
    """Before, somebody who mistyped would be shut out. What the store holds of it is no secret."""
    device, uri = await enrolling.begin("sue", SUE, NOW)
    held = parse_qs(urlsplit(uri).query)
    assert (urlsplit(uri).scheme, held["issuer"], held["digits"]) == ("otpauth", ["Halon Acme"], ["6"])
    assert usable(await Devices(store).of("sue")) is None
    with pytest.raises(NotAllowed, match="is wrong"):
        await enrolling.confirm("sue", "000000" if code_of("sue", 1) != "000000" else "111111", NOW)
    await enrolling.confirm("sue", code_of("sue", 1), NOW)
    assert usable(await Devices(store).of("sue")) is not None
    assert (device.person, device.generation, device.by) == ("sue", 1, "sue")
    content = b"".join([await store.get(path) for path in await store.list("identity")]).decode()
    assert held["secret"][0] not in content
    assert code_of("sue", 1) not in content
    with pytest.raises(NotEnrolled):
        await enrolling.confirm("sue", code_of("sue", 1), NOW)


async def test_a_rotated_device_takes_the_place_of_the_one_before(store: EvidenceStore, enrolling: Enrolling) -> None:
    """The old one counts until the new one is confirmed, and for what was said before then."""
    later, last = "2026-11-22T09:00:00Z", "2026-11-22T10:00:00Z"
    await enrolling.begin("sue", SUE, NOW)
    await enrolling.confirm("sue", code_of("sue", 1), NOW)
    with pytest.raises(CodeNeeded):
        await enrolling.begin("sue", SUE, later)
    with pytest.raises(NotAllowed):
        await enrolling.begin("sue", Enroller("sue", SUE.roles, code_of("sue", 1, NOW, 7)), later)
    own = Enroller("sue", SUE.roles, code_of("sue", 1, later))
    await enrolling.begin("sue", own, later)
    assert (await Devices(store).at("sue", later)).generation == 1  # type: ignore[union-attr]
    await enrolling.confirm("sue", code_of("sue", 2, last), last)
    devices = Devices(store)
    assert [(one.generation, one.how) for one in await devices.of("sue")] == [(1, ""), (2, "totp")]
    assert [(await devices.at("sue", at)).generation for at in (later, last)] == [1, 2]  # type: ignore[union-attr]


async def test_a_lost_device_counts_no_more_and_another_person_enrols_the_next(
    store: EvidenceStore, enrolling: Enrolling
) -> None:
    """It is given up without a code; who found it can't make a new one of it."""
    await enrolling.begin("sue", SUE, NOW)
    await enrolling.confirm("sue", code_of("sue", 1), NOW)
    await enrolling.lose("sue", Enroller("sue", SUE.roles), NOW)
    device = await Devices(store).at("sue", NOW)
    assert device is not None
    assert device.lost_at == NOW
    lee = Enroller("lee", ("leadership", "security_lead"))
    with pytest.raises(NotAllowed, match="holds technical_lead"):
        await enrolling.begin("sue", Enroller("tom", ("technical_lead",)), NOW)
    second, _ = await enrolling.begin("sue", lee, NOW)
    assert (second.generation, second.by, second.how) == (2, "lee", "")
    with pytest.raises(NotEnrolled):
        await enrolling.lose("tom", SUE, NOW)


async def test_only_the_very_first_person_enrols_themselves(enrolling: Enrolling) -> None:
    """Whoever types a name that has no device yet does not get one under it; the code of the enroller is asked for."""
    await enrolling.begin("sue", SUE, NOW)
    await enrolling.confirm("sue", code_of("sue", 1), NOW)
    with pytest.raises(NotAllowed, match="nobody enrols their own first device"):
        await enrolling.begin("ann", Enroller("ann", ("commander",)), NOW)
    with pytest.raises(CodeNeeded):
        await enrolling.begin("ann", SUE, NOW)
    again = code_of("sue", 1)
    with pytest.raises(NotAllowed, match="served already"):
        await enrolling.begin("ann", Enroller("sue", SUE.roles, again), NOW)
    fresh = Enroller("sue", SUE.roles, code_of("sue", 1, away=1))
    device, _ = await enrolling.begin("ann", fresh, NOW)
    assert (device.by, device.how) == ("sue", "totp")


async def test_a_code_serves_one_saying_however_many_workers_look(store: EvidenceStore) -> None:
    """The same saying again, as a retry puts it, is the same; another one is refused."""
    first, second = Spent(store), Spent(store)
    assert await first.take("sue", "totp-0001-5", "run/1")
    assert await second.take("sue", "totp-0001-5", "run/1")
    assert not await second.take("sue", "totp-0001-5", "run/2")
    assert await second.by("sue", "totp-0001-5", "run/1")
    assert not await second.by("sue", "totp-0001-5", "run/2")
    assert not await second.by("sue", "totp-0001-6", "run/1")


async def test_wrong_codes_are_counted_by_person_and_period(store: EvidenceStore) -> None:
    """Ten in a quarter of an hour; another person, and the next quarter, are not touched."""
    spent = Spent(store)
    for _ in range(MOST_WRONG):
        assert not await spent.exhausted("sue", AT)
        await spent.wrong("sue", AT)
    assert await spent.exhausted("sue", AT)
    assert not await spent.exhausted("tom", AT)
    assert not await spent.exhausted("sue", AT + 900)
    assert all(re.fullmatch(r"identity/wrong/sue/\d+/\d\d", one) for one in await store.list("identity/wrong"))
