"""The list of affected people: each once, counted by place, and safe to open in a spreadsheet."""

from __future__ import annotations

import csv
import io

import pytest

from halon.incident.affected_people import counted_in
from halon.incident.errors import Malformed
from halon.judgement.communication.people import Affected, People, by_place, handed_off, living_in, once, read, written


def test_a_person_is_counted_once_whatever_the_case_of_the_address() -> None:
    """The first line counts; a later one adds the place or the name that it lacked."""
    people = read(b"email,place,name,secret\nAnn@mail.example,,Ann,x\nann@MAIL.example,DE,,y\nbob@mail.example,fr,,z\n")
    assert people.all == (Affected("Ann@mail.example", "DE", "Ann"), Affected("bob@mail.example", "FR"))
    assert (people.count, people.doubles, people.places) == (2, 1, {"DE": 1, "FR": 1})


def test_places_are_counted_only_where_everybodys_is_known() -> None:
    """Half a count by jurisdiction would be a wrong one."""
    assert read(b"person,place\na@b.example,US-CA\nc@d.example,\n").places == {}


def test_who_is_written_to_is_who_is_counted() -> None:
    """In a place: those who live there, and of whom nobody knows where."""
    people = read(b"person,place\na@b.example,DE\nc@d.example,US-CA\ne@f.example,\ng@h.example,US\n")
    assert by_place(people) == {"": 1, "DE": 1, "US": 1, "US-CA": 1}
    for places in ((), ("US-CA",), ("DE",), ("US-*",), ("FR",)):
        assert counted_in(people.count, by_place(people), places) == living_in(people, places).count


def test_the_same_people_give_the_same_bytes() -> None:
    """Whatever the order of the lines, with what is not needed left out; read again they are the same people."""
    one = read(b"id,place\nC-2,DE\nC-1,DE\n")
    other = read(b"place,person\nDE,C-1\nDE,C-2\nDE,c-1\n")
    assert written(one) == written(other) == b"person,place,name\nC-1,DE,\nC-2,DE,\n"
    assert read(written(one)) == one


@pytest.mark.parametrize("cell", ["=1+1", "+49 1", "-2", "@sum", "|x", "%y", "=HYPERLINK(1)"])
def test_no_cell_of_what_is_handed_off_is_a_formula(cell: str) -> None:
    """A name that somebody chose to run in your spreadsheet is text there; read back it is what it was."""
    people = once([Affected("a@b.example", "DE", cell)])
    rows = list(csv.reader(io.StringIO(handed_off(people).decode())))
    assert rows[1] == ["a@b.example", "DE", f"'{cell}"]
    assert read(handed_off(people)) == people


@pytest.mark.parametrize(("content", "why"), [
    (b"name,place\nAnn,DE\n", "one of them person"), (b"person\n", "names nobody"), (b"", "name the columns"),
    (b"person\n\xff\n", "not UTF-8"), (b"person,place\na@b.example,Germany\n", "line 2: 'Germany' is no place"),
    (b"person,name\n,Ann\n", "line 2 names nobody"), (b'person\n"a@b.example\n', "is no CSV"),
    (b"person\na\x00b\n", "can't be printed"), (b"person,name\na@b.example," + b"x" * 301 + b"\n", "more than 300 characters"),
])  # fmt: skip
def test_what_cannot_be_read_is_refused_with_its_line(content: bytes, why: str) -> None:
    """Nobody is left out in silence."""
    with pytest.raises(Malformed, match=why):
        read(content)


def test_an_empty_line_is_nobody() -> None:
    """As spreadsheets leave them at the end."""
    assert read(b"person\na@b.example\n,\n\n").count == 1


def test_a_mark_of_byte_order_is_no_part_of_a_column() -> None:
    """As other programs write UTF-8."""
    assert read(b"\xef\xbb\xbfperson\na@b.example\n") == People((Affected("a@b.example"),))
