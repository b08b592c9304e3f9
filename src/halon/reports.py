"""The reports of an incident: four kinds, each as Markdown, HTML or PDF. ``docs/reports.md`` says what each is for."""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Mapping
from typing import Any, Literal, get_args

from halon.incident.chain import Entry
from halon.incident.errors import HalonError
from halon.rendering import render

Report = Literal["status", "timeline", "decision", "postmortem"]
Format = Literal["md", "html", "pdf"]
REPORTS: tuple[Report, ...] = get_args(Report)
FORMATS: tuple[Format, ...] = get_args(Format)
LONGEST_REPORT = 20_000_000
"""Characters of a report as Markdown: one that holds a whole record is long."""
MEDIA_TYPES = {"md": "text/markdown", "html": "text/html"}
_CLOSING = frozenset(("status", "timeline", "postmortem"))


class NoPdf(HalonError):
    """A PDF can't be made here. ``next_step`` says what to type."""

    def __init__(self, what: str, next_step: str) -> None:
        super().__init__(f"{what} → {next_step}")
        self.what = what
        self.next_step = next_step


def with_record(about: Mapping[str, Any], entries: Iterable[Entry]) -> dict[str, Any]:
    """``about`` with the whole log in place of its tail: ``entries`` of the record up to the head that it prints."""
    last = about["record"]["seq"]
    lines = {one.seq: {"seq": one.seq, "at": one.at, "phase": one.phase, "actor": one.actor, "text": one.text}
             for one in entries if one.seq <= last}  # fmt: skip
    lines |= {line["seq"]: line for line in about["timeline"] if line["seq"] not in lines}
    return {**about, "timeline": [lines[seq] for seq in sorted(lines)]}


def text(report: Report, about: Mapping[str, Any], form: Literal["md", "html"]) -> str:
    """A report about ``about`` (``halon.incident.about``). Raises TemplateFailed."""
    return render(f"reports/{report}.{form}.j2", about, longest=LONGEST_REPORT)


def make(report: Report, about: Mapping[str, Any], form: Format) -> bytes:
    """A report as the bytes of a file. Raises TemplateFailed, NoPdf."""
    if form == "pdf":
        return pdf(text(report, about, "html"))
    return text(report, about, form).encode("utf-8", "replace")


def to_seal(names: Iterable[str], label: str, about: Mapping[str, Any]) -> dict[str, str]:
    """What is sealed when the reports ``names`` are asked for: file names and texts, each as Markdown and HTML.

    At the close (the three reports of old, without a label) the decision sheet is sealed with them: the request stands
    in the histories of open incidents and can't name more. Raises TemplateFailed.
    """
    wanted = list(names)
    if not label and _CLOSING.issubset(wanted) and "decision" not in wanted:
        wanted.append("decision")
    mark = f"-{label}" if label else ""
    return {
        f"{name}{mark}.{form}": render(f"reports/{name}.{form}.j2", about, longest=LONGEST_REPORT)
        for name in wanted
        for form in ("md", "html")
    }


def pdf(page: str) -> bytes:
    """An HTML report as PDF. Nothing outside of the page is fetched. Raises NoPdf if WeasyPrint is not there."""
    try:
        weasyprint: Any = importlib.import_module("weasyprint")
    except ImportError as error:
        raise NoPdf("a PDF needs WeasyPrint", "pip install 'halon[pdf]', or print the HTML") from error
    except OSError as error:  # it is installed, and the libraries that it draws with are not
        raise NoPdf(f"WeasyPrint can't start here ({error})", "install Pango (libpango), or print the HTML") from error
    written: bytes = weasyprint.HTML(string=page, url_fetcher=_nothing).write_pdf()
    return written


def _nothing(url: str, *_: Any, **__: Any) -> dict[str, Any]:
    raise ValueError(f"a report refers to nothing outside of itself, but to {url[:80]!r}")
