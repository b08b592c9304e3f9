"""The one place where templates are rendered. Text from outside is a value, never a template; each value is cleaned.

What a template prints is cleaned by the kind of file it makes, so that forgetting a filter leaves no hole: ``.md.j2``
escapes what Markdown would read as markup, ``.txt.j2`` strips what a mail reader could act on, ``.html.j2`` escapes
HTML. Values stay on one line. Reports are given what ``halon.reports_context`` words for a reader on top.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any

from jinja2 import (
    ChoiceLoader,
    DictLoader,
    PackageLoader,
    StrictUndefined,
    Template,
    meta,
    nodes,
    pass_context,
    select_autoescape,
)
from jinja2.exceptions import TemplateError, TemplateSyntaxError
from jinja2.runtime import Context, Undefined
from jinja2.sandbox import SandboxedEnvironment
from markupsafe import Markup

from halon import reports_words
from halon.incident import times
from halon.incident.canonical import plain as plain_json
from halon.incident.errors import HalonError
from halon.incident.remedies import yes_no
from halon.reports_context import reading

LONGEST_VALUE = 2000
"""Characters of one value that a template prints."""
LONGEST_RESULT = 400_000
"""Characters of one rendered text."""

_TAG = re.compile(r"<[^<>]{0,500}>")
_GAP = re.compile(r"\s+")
_MARKUP = re.compile(r"([\\`*_{}\[\]|~<>&$^])")
_LEADING = re.compile(r"^([#+=-]|\d{1,9}(?=[.)]))")
_ENDINGS = (".txt.j2", ".md.j2", ".html.j2")
_ENDING = re.compile(r"(?:\.(?:txt|md|html))?(?:\.j2)?$")
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,60}(?:/[a-z0-9][a-z0-9_-]{0,60}){0,3}(?:\.[a-z]{1,8}){0,2}(?:\.j2)?")


class TemplateFailed(HalonError):
    """A template could not be rendered: it does not exist, or it asks for a value that there is not."""

    def __init__(self, template: str, why: str) -> None:
        super().__init__(f"template {template[:120]!r}: {why}")
        self.template = template
        self.why = why

    def __reduce__(self) -> tuple[type[TemplateFailed], tuple[str, str]]:
        return type(self), (self.template, self.why)


class _Clean(str):
    """Text that a filter has cleaned already."""

    __slots__ = ()


def render(template: str, about: Mapping[str, Any], *, longest: int = LONGEST_RESULT) -> str:
    """Render ``template`` (a path below the templates package, such as ``reports/status.md.j2``) with ``about``.

    Values are copied as plain JSON first, so a template can reach nothing else. What is longer than ``longest``
    characters is cut, and says so; HTML never is, because half a page is no page. Raises TemplateFailed.
    """
    name = find(template)
    values: dict[str, Any] = plain_json(dict(about))
    try:
        if name.startswith("reports/"):
            values = reading(values)
        text = environment().get_template(name).render(values)
    except TemplateError as error:
        raise TemplateFailed(
            name, f"{type(error).__name__}: {error}; see halon.incident.about for the names"
        ) from error
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        raise TemplateFailed(
            name, f"{type(error).__name__}: {error}; see halon.incident.about for the names"
        ) from error
    if len(text) > longest and not name.endswith(".html.j2"):
        text = text[:longest] + "\n\n(cut here: the rest is in the record)\n"
    return text


def render_own(name: str, source: str, about: Mapping[str, Any], *, longest: int = LONGEST_RESULT) -> str:
    """Render an organisation's own notice template: its text ``source`` from the kit, in the same sandbox.

    It may extend and include nothing but what comes with Halon. Raises TemplateFailed.
    """
    try:
        text = own(name, source).render(plain_json(dict(about)))
    except (TemplateError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        raise TemplateFailed(
            name, f"{type(error).__name__}: {error}; see halon.incident.about for the names"
        ) from error
    return text if len(text) <= longest else text[:longest] + "\n\n(cut here: the rest is in the record)\n"


def flaw(name: str, source: str) -> tuple[int, str] | None:
    """Line and reason why ``source`` is no template, or None."""
    try:
        environment().parse(source, name)
    except TemplateSyntaxError as error:
        return error.lineno, error.message or "not readable as a template"
    return None


def source_of(template: str) -> str:
    """The text of a template that comes with Halon. Raises TemplateFailed."""
    name = find(template)
    loader = environment().loader
    if loader is None:
        raise TemplateFailed(name, "there is nothing to read it from")
    return loader.get_source(environment(), name)[0]


def slots_of(name: str, source: str) -> tuple[frozenset[str], tuple[str, ...]]:
    """What a template prints or asks of the incident, such as ``window.from``; and the other templates that it takes in.

    Raises TemplateFailed where it is none.
    """
    try:
        tree = environment().parse(source, name)
    except TemplateSyntaxError as error:
        raise TemplateFailed(name, str(error)) from error
    given = meta.find_undeclared_variables(tree)
    found: set[str] = set()

    def walk(node: nodes.Node) -> None:
        path = _path(node)
        if path and path.partition(".")[0] in given:
            found.add(path)
            return
        for child in node.iter_child_nodes():
            walk(child)

    walk(tree)
    others = tuple(str(one or "a computed name") for one in meta.find_referenced_templates(tree))
    return frozenset(found), others


def _path(node: nodes.Node) -> str:
    """``window.from`` for what reads it, empty for everything else; what is computed ends the path."""
    if isinstance(node, nodes.Name):
        return node.name
    if isinstance(node, nodes.Getattr) and (before := _path(node.node)):
        return f"{before}.{node.attr}"
    return ""


@lru_cache(maxsize=64)
def own(name: str, source: str) -> Template:
    """``source`` as a template that is cleaned like those of its kind."""
    made = environment().overlay(
        loader=ChoiceLoader([DictLoader({name: source}), PackageLoader("halon_templates", "")])
    )
    return made.get_template(name)


def find(template: str) -> str:
    """The full name of ``template``: its ending does not matter, and ``notices/`` and ``reports/`` may be left out.

    Raises TemplateFailed with the known names.
    """
    known = names()
    if template in known:
        return template
    if _NAME.fullmatch(template):
        stem = _ENDING.sub("", template)
        for folder in ("", "notices/", "reports/"):
            for ending in _ENDINGS:
                if f"{folder}{stem}{ending}" in known:
                    return f"{folder}{stem}{ending}"
    raise TemplateFailed(template, f"there is none of that name; known: {', '.join(known)}")


@lru_cache(maxsize=1)
def names() -> tuple[str, ...]:
    """The names of all templates that come with Halon, sorted."""
    return tuple(environment().list_templates(extensions=["j2"]))


def compile_all() -> None:
    """Compile them all now, so that no incident waits for it."""
    for name in names():
        environment().get_template(name)


@lru_cache(maxsize=1)
def environment() -> SandboxedEnvironment:
    """The Jinja environment: sandboxed, strict about names, loading from our own package alone."""
    made = SandboxedEnvironment(
        loader=PackageLoader("halon_templates", ""),
        autoescape=select_autoescape(("html", "html.j2"), default=False, default_for_string=True),
        undefined=StrictUndefined,
        finalize=_printed,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.filters |= {"md": markdown, "plain": plain, "when": when}
    made.filters |= {
        "second": to_the_second,
        "spaced": reports_words.spaced,
        "capitalised": reports_words.capitalised,
        "phase": lambda name: reports_words.PHASES.get(name, name),
        "tried": yes_no,
    }
    made.tests["a_time"] = lambda value: reports_words.utc(str(value)) != str(value)
    return made


def markdown(value: Any) -> str:
    """``value`` on one line, where nothing in it is Markdown or HTML."""
    if isinstance(value, _Clean):
        return value
    escaped = _MARKUP.sub(_escaped, plain(value))
    # A value may stand first on its line, where some characters would open a heading or a list.
    return _Clean(_LEADING.sub(lambda found: f"{found[1]}\\" if found[1].isdigit() else f"\\{found[1]}", escaped))


def plain(value: Any) -> str:
    """``value`` on one line without tags, control characters or links that can be clicked, cut at 2,000 characters."""
    return _on_one_line(value, without=_TAG)


def visible(value: Any) -> str:
    """Like ``plain``, but tags stay to be read: for HTML, where each of their characters is escaped."""
    return _on_one_line(value)


def _on_one_line(value: Any, without: re.Pattern[str] | None = None) -> str:
    text = "" if value is None else str(value)
    text = text[: 4 * LONGEST_VALUE]
    if not text.isprintable():  # which is what ``_harmless`` says of each of its characters
        text = "".join(character if _harmless(character) else " " for character in text)
    text = _GAP.sub(" ", without.sub(" ", text) if without else text).strip()
    # Mail readers and Markdown make links of bare addresses: nothing from outside is to be followed by accident.
    text = text.replace("://", "[:]//")
    text = re.sub(r"(?i)\bwww\.", "www[.]", text)
    if len(text) > LONGEST_VALUE:
        text = f"{text[:LONGEST_VALUE]}… (cut)"
    return text


def when(value: Any, form: str = "%Y-%m-%d %H:%M") -> str:
    """An ISO 8601 time as people read it, in UTC to the minute; "not yet" if there is none."""
    text = str(value or "")
    if not text:
        return "not yet"
    try:
        moment: datetime = times.parse(text)
    except ValueError:
        return plain(text)
    return f"{moment:{form}} UTC"


def to_the_second(value: Any) -> str:
    """Like ``when``, to the second."""
    return when(value, "%Y-%m-%d %H:%M:%S")


def _escaped(found: re.Match[str]) -> str:
    return {"<": "&lt;", ">": "&gt;", "&": "&amp;"}.get(found[1], f"\\{found[1]}")


def _harmless(character: str) -> bool:
    """No control or format characters: those of bidirectional text make a line say what it does not."""
    return character == " " or not (unicodedata.category(character).startswith(("C", "Z")))


@pass_context
def _printed(context: Context, value: Any) -> Any:
    if isinstance(value, Undefined):
        return value  # StrictUndefined raises by itself when it is printed
    name = context.name or ""
    if name.endswith((".html", ".html.j2")):
        return value if isinstance(value, Markup) else visible(value)
    return markdown(value) if name.endswith((".md", ".md.j2")) else plain(value)
