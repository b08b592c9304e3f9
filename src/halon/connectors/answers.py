"""What an answer says, as a document that pointers look into: JSON, XML, or plain text. Bounded, and nothing is fetched."""

from __future__ import annotations

import json
from typing import Any
from xml.etree import ElementTree

HAS = "has"
"""Where the document of a text answer says whether a text stands in it: ``/has/<text>``."""
_DEEPEST = 50
_MOST_LINES = 1000


def document(content: bytes, kind: str, wanted: tuple[str, ...] = ()) -> Any:
    """``content`` as ``kind`` says: empty (JSON), ``xml`` or ``text``. None if it is none.

    XML becomes objects by element name; what is repeated becomes a list; attributes and name spaces are left out. Text
    becomes ``{"lines": […], "has": {text: true or false}}``, for each of the texts in ``wanted``.
    """
    if kind == "xml":
        return _xml(content)
    if kind == "text":
        text = content.decode("utf-8", "replace")
        return {"lines": text.splitlines()[:_MOST_LINES], HAS: {one: one in text for one in wanted}}
    return _json(content)


def _json(content: bytes) -> Any:
    def refuse(constant: str) -> Any:
        raise ValueError(f"{constant} is not JSON")

    try:
        return json.loads(content, parse_constant=refuse) if content else None
    except (ValueError, RecursionError):
        return None


def _xml(content: bytes) -> Any:
    # No service that is asked declares entities; one that does wants the parser to do something.
    if b"<!" in content.replace(b"<!--", b"").replace(b"<![CDATA[", b""):
        return None
    try:
        root = ElementTree.fromstring(content)  # noqa: S314 - without declarations there is nothing to expand
        return {_name(root): _element(root, 0)}
    except (ElementTree.ParseError, ValueError, RecursionError):
        return None


def _element(element: ElementTree.Element, depth: int) -> Any:
    if depth > _DEEPEST:
        raise ValueError("nested too deep")
    children = list(element)
    if not children:
        return (element.text or "").strip()
    found: dict[str, list[Any]] = {}
    for child in children:
        found.setdefault(_name(child), []).append(_element(child, depth + 1))
    return {name: values[0] if len(values) == 1 else values for name, values in found.items()}


def _name(element: ElementTree.Element) -> str:
    return element.tag.rpartition("}")[2]
