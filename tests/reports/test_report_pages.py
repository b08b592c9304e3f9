"""A report as HTML is one well-formed page that runs nothing, fetches nothing, and shows text as text."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from types import SimpleNamespace

import pytest

from halon.reports import REPORTS, NoPdf, make, text

VOID = {"meta", "br", "img", "hr", "input", "link"}
KNOWN = {"html", "head", "meta", "title", "style", "body", "main", "header", "footer", "section", "h1", "h2", "h3", "h4", "p", "b",
         "ul", "ol", "li", "dl", "dt", "dd", "div", "span", "code", "time", "table", "thead", "tbody", "tr", "th", "td"}  # fmt: skip
KINDS = ("early", "full", "evil")


class Page(HTMLParser):
    """A page as a browser sees it: that every tag is closed in order, its attributes, and its text."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.text = ""
        self.style = ""
        self.headings: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag in ("h1", "h2"):
            self.headings.append("")
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open[-1] == tag, f"</{tag}> closes <{self.open[-1]}>"
        self.open.pop()

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] == "style":
            self.style += data
        else:
            self.text += data
            if self.open and self.open[-1] in ("h1", "h2"):
                self.headings[-1] += data


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("report", REPORTS)
def test_a_page_is_whole_and_holds_only_what_a_report_needs(told: SimpleNamespace, report: str, kind: str) -> None:
    """Every tag is closed in its order; there is no script, form, picture, link or frame; nothing handles an event."""
    page = Page(text(report, getattr(told, kind), "html"))  # type: ignore[arg-type]
    assert page.open == []
    assert set(page.tags) <= KNOWN
    assert page.tags.count("h1") == 1
    assert [name for _, name, _ in page.attributes if name.startswith("on") or name in ("style", "id")] == []


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("report", REPORTS)
def test_a_page_fetches_nothing_and_leads_nowhere(told: SimpleNamespace, report: str, kind: str) -> None:
    """No attribute takes an address, the style imports nothing, and the page forbids itself the rest."""
    page = Page(text(report, getattr(told, kind), "html"))  # type: ignore[arg-type]
    assert {name for _, name, _ in page.attributes} & {
        "href",
        "src",
        "srcset",
        "action",
        "data",
        "poster",
        "background",
    } == set()
    assert "url(" not in page.style
    assert "@import" not in page.style
    assert "://" not in page.text
    policy = [
        value for tag, name, value in page.attributes if tag == "meta" and name == "content" and "default-src" in value
    ]
    assert policy == ["default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"]


@pytest.mark.parametrize("report", REPORTS)
def test_hostile_text_is_shown_and_does_nothing(told: SimpleNamespace, report: str) -> None:
    """What an alert, an agent or a person wrote stands there to be read, letter by letter, and links in it are unusable."""
    page = Page(text(report, told.evil, "html"))  # type: ignore[arg-type]
    assert "<script>alert(1)</script>" in page.text
    assert "http[:]//evil.example" in page.text
    assert "www[.]evil.example" in page.text
    assert "{{ 7*7 }}" in page.text
    assert "\x1b" not in page.text
    assert "\u202e" not in page.text
    attributes = {(tag, name) for tag, name, _ in page.attributes}
    quiet = Page(text(report, told.full, "html"))  # type: ignore[arg-type]
    assert attributes <= {(tag, name) for tag, name, _ in quiet.attributes}


@pytest.mark.parametrize("report", REPORTS)
def test_a_drill_is_marked_and_severity_stands_in_words(told: SimpleNamespace, report: str) -> None:
    """In the title, above everything, and in the line that runs through the printed pages."""
    page = text(report, told.full, "html")  # type: ignore[arg-type]
    assert "<title>DRILL: INC-" in page
    assert "DRILL. This is an exercise" in page
    assert re.search(r'class="kicker running">DRILL · INC-', page)
    assert "SEV2 · severe" in page
    real = text(report, {**told.full, "drill": False}, "html")  # type: ignore[arg-type]
    assert "DRILL" not in real


@pytest.mark.parametrize("report", REPORTS)
def test_a_page_prints_on_paper_and_reads_on_a_phone(told: SimpleNamespace, report: str) -> None:
    """Page numbers, headings that stay with what follows, dark only on a screen, tables that stack, the phone's width."""
    page = Page(text(report, told.full, "html"))  # type: ignore[arg-type]
    assert 'counter(page) " of " counter(pages)' in page.style
    assert "break-after: avoid" in page.style
    assert "@media screen and (prefers-color-scheme: dark)" in page.style
    assert ("meta", "content", "width=device-width, initial-scale=1") in page.attributes
    tables = [value for tag, name, value in page.attributes if tag == "table" and name == "class"]
    assert page.tags.count("table") == len(tables)
    assert set(tables) <= {"stack"}


def test_every_cell_of_a_stacked_table_says_what_it_is(told: SimpleNamespace) -> None:
    """On a phone the head of a table is gone: each cell after the first carries its own label."""
    for report in REPORTS:
        page = text(report, told.full, "html")
        rows = re.findall(r"<tr>(.*?)</tr>", page.split("<body>")[1], re.DOTALL)
        bodies = [row for row in rows if "<td" in row]
        for row in bodies:
            cells = re.findall(r"<td([^>]*)>", row)
            assert all("data-label=" in cell for cell in cells[1:]), row[:200]


def test_names_that_nobody_proved_are_marked(told: SimpleNamespace) -> None:
    """A name is looked up, not proved: an answer says which of the two."""
    page = text("postmortem", told.full, "html")
    assert 'ann <span class="quiet">(name unverified)</span>' in page
    assert re.search(r"sue agreed", page), "sue's answer was verified"


def test_a_pdf_is_made_or_the_way_to_it_is_named(told: SimpleNamespace) -> None:
    """Where WeasyPrint is installed there is a PDF, else one line says what to type."""
    try:
        import weasyprint  # type: ignore[import-not-found,unused-ignore]  # noqa: F401
    except (ImportError, OSError):
        with pytest.raises(NoPdf, match=r"pip install 'halon\[pdf\]'|install Pango"):
            make("status", told.full, "pdf")
    else:
        for report, values in (("decision", told.full), ("timeline", told.full), ("status", told.evil)):
            written = make(report, values, "pdf")  # type: ignore[arg-type]
            assert written.startswith(b"%PDF-")
            assert len(written) > 5_000
