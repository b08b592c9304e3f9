"""The list of affected people: read from a CSV file, each person once, counted by place; and written so that it is safe.

Columns: ``person`` (a mail address, or the id of a customer; also called ``address``, ``email`` or ``id``), and where they
are known ``place`` (ISO 3166, US states as ``US-CA``) and ``name``. Other columns are left out: less is kept.
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from halon.incident.affected_people import within
from halon.incident.errors import Malformed

LARGEST = 16 * 1024 * 1024
"""Bytes of a list."""
MOST = 200_000
MOST_PLACES = 300
LONGEST_CELL = 300
_PERSON = ("person", "address", "email", "mail", "id")
_PLACE = re.compile(r"[A-Z]{2}(-[A-Z0-9]{1,3})?")
_HEAD = ("person", "place", "name")
_BEGINS_FORMULA = ("=", "+", "-", "@", "\t", "\r", "|", "%")
"""What a spreadsheet takes for the beginning of a formula (OWASP, CSV injection)."""


@dataclass(frozen=True, slots=True)
class Affected:
    """One person: a mail address or a customer's id, the place and the name, both empty where they are not known."""

    person: str
    place: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class People:
    """Everybody once, by person; ``doubles`` lines named somebody who was there already."""

    all: tuple[Affected, ...]
    doubles: int = 0

    @property
    def count(self) -> int:
        """How many people there are."""
        return len(self.all)

    @property
    def places(self) -> dict[str, int]:
        """How many there are in each place; empty unless the place of everybody is known."""
        if any(not one.place for one in self.all):
            return {}
        return dict(sorted(Counter(one.place for one in self.all).items()))


def by_place(people: People) -> dict[str, int]:
    """How many there are in each place, under the empty name those of whom nobody knows where; empty where there are more
    than ``MOST_PLACES``."""
    counted = Counter(one.place for one in people.all)
    return dict(sorted(counted.items())) if len(counted) <= MOST_PLACES else {}


def read(content: bytes) -> People:
    """The people of a CSV file. Raises Malformed with the line for what can't be read."""
    if len(content) > LARGEST:
        raise Malformed(
            f"the list has {len(content)} bytes, more than {LARGEST}; split the incident, or leave columns out"
        )
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Malformed(f"the list is not UTF-8 text (byte {error.start}); save it as UTF-8") from None
    rows = csv.reader(io.StringIO(text), strict=True)
    found: list[Affected] = []
    try:
        columns = _columns(next(rows, []))
        for row in rows:
            if any(cell.strip() for cell in row):
                found.append(_person(row, columns, rows.line_num))
            if len(found) > MOST:
                raise Malformed(f"the list names more than {MOST} people; hand it off in parts")
    except csv.Error as error:
        raise Malformed(f"line {rows.line_num} is no CSV: {error}") from None
    if not found:
        raise Malformed("the list names nobody")
    return once(found)


def once(found: Iterable[Affected]) -> People:
    """Each person once: addresses are the same whatever the case of their letters, and however an accent is put together.
    The first one's place and name count, unless only a later one has them."""
    people: dict[str, Affected] = {}
    doubles = 0
    for one in found:
        key = unicodedata.normalize("NFC", unicodedata.normalize("NFC", one.person).casefold())
        known = people.get(key)
        doubles += known is not None
        if known is None:
            people[key] = one
        else:
            people[key] = Affected(known.person, known.place or one.place, known.name or one.name)
    return People(tuple(people[key] for key in sorted(people)), doubles)


def living_in(people: People, places: Sequence[str]) -> People:
    """Those who live in one of ``places`` (``DE``; ``US`` or ``US-*`` with all its states; empty: everybody), or nobody
    knows where: nobody is left out because a place was not written down."""
    if not places:
        return people
    return People(
        tuple(one for one in people.all if not one.place or any(within(one.place, place) for place in places))
    )


def written(people: People) -> bytes:
    """The list as it is sealed: the same people always give the same bytes."""
    return _csv((one.person, one.place, one.name) for one in people.all)


def handed_off(people: People) -> bytes:
    """The list for a mail tool or a spreadsheet: no cell can be taken for a formula."""
    return _csv((cell(one.person), cell(one.place), cell(one.name)) for one in people.all)


def cell(text: str) -> str:
    """``text`` as a cell that no spreadsheet takes for a formula, also in the wide forms that some read as the plain ones."""
    return f"'{text}" if unicodedata.normalize("NFKC", text[:1]).startswith(_BEGINS_FORMULA) else text


def _csv(rows: Iterable[tuple[str, str, str]]) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(_HEAD)
    writer.writerows(rows)
    return out.getvalue().encode()


def _columns(head: list[str]) -> tuple[int, int, int]:
    names = [cell.strip().lower() for cell in head]
    person = next((names.index(name) for name in _PERSON if name in names), -1)
    if person < 0:
        raise Malformed("the first line must name the columns, one of them person (or address, email, id); place and name "
                        "are read too")  # fmt: skip
    return person, names.index("place") if "place" in names else -1, names.index("name") if "name" in names else -1


def _person(row: list[str], columns: tuple[int, int, int], line: int) -> Affected:
    person, place, name = (" ".join(row[at].split()) if 0 <= at < len(row) else "" for at in columns)
    # What a mail tool was handed is read back as it was.
    person, place, name = (
        told[1:] if told[:1] == "'" and cell(told[1:]) != told[1:] else told for told in (person, place, name)
    )
    if not person:
        raise Malformed(f"line {line} names nobody")
    if max(len(person), len(name)) > LONGEST_CELL or not (person + name).isprintable():
        raise Malformed(f"line {line} has a cell of more than {LONGEST_CELL} characters, or one that can't be printed")
    if place and not _PLACE.fullmatch(place.upper()):
        raise Malformed(f"line {line}: {place[:40]!r} is no place; write ISO 3166, such as DE or US-CA")
    return Affected(person, place.upper(), name)
