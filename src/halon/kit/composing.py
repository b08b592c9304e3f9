"""Text to nodes of YAML's core schema: through libyaml where it reads a text as PyYAML does, else through PyYAML.

libyaml is eight times faster (measured), and every start reads a kit. But it is laxer in a few corners, words its problems
otherwise, and is not in every build of PyYAML. So texts with such corners, and all that it refuses, are PyYAML's: what a
file means, and what is said of it, hangs on no machine.
"""

from __future__ import annotations

import re
from typing import Any

import yaml
from yaml.composer import Composer, ComposerError
from yaml.nodes import Node

DEEPEST = 50
_APART = re.compile(
    r"[^\n\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
    r"|[|>][-+0-9]*#|^(?:---|\.\.\.|%)",
    re.MULTILINE,
)
"""Where the two may part: tabs and other white space, signs that don't print, a comment right behind the sign of a block
of text, marks between documents. The one other corner, a question mark in a word in brackets, is found on the way."""


def nodes(text: str) -> Node | None:
    """The one document in ``text``, None if there is none. Nested ``DEEPEST`` deep at most.

    Raises YAMLError with the words of PyYAML, and RecursionError.
    """
    if _Quick is not None and not _APART.search(text):
        try:
            return _composed(_Quick(text))
        except yaml.YAMLError:  # whatever it is: PyYAML says whether it is wrong, and what
            pass
    return _composed(_Loader(text))


def _composed(loader: Any) -> Node | None:
    try:
        node: Node | None = loader.get_single_node()
        return node
    finally:
        loader.dispose()


class _Loader(yaml.SafeLoader):
    """Null, true, false, decimal numbers; everything else is text."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._deep = 0

    def compose_node(self, parent: Any, index: Any) -> Any:
        """One node and what is in it. Raises ComposerError where it stands too deep, before Python's own stack ends."""
        event = self.peek_event()  # type: ignore[no-untyped-call]
        if not isinstance(event, yaml.CollectionStartEvent):
            return super().compose_node(parent, index)
        if self._deep == DEEPEST:
            raise _wrong(f"nested too deep, more than {DEEPEST} times", event)
        self._deep += 1
        node = super().compose_node(parent, index)
        self._deep -= 1
        return node


def _wrong(what: str, event: Any) -> ComposerError:
    return ComposerError(None, None, what, event.start_mark)


_Loader.yaml_implicit_resolvers = {}
for _tag, _pattern, _first in (
    ("null", r"~|null|", "~n"),
    ("bool", r"true|false", "tf"),
    ("int", r"[-+]?(?:0|[1-9][0-9]*)", "-+0123456789"),
    ("float", r"[-+]?(?:0|[1-9][0-9]*)\.[0-9]+", "-+0123456789"),
):
    _Loader.add_implicit_resolver(
        f"tag:yaml.org,2002:{_tag}", re.compile(rf"^(?:{_pattern})$"), [*_first, *([""] if _tag == "null" else [])]
    )

_Quick: Any = None
if yaml.__with_libyaml__:

    class _Libyaml(Composer, yaml.CSafeLoader):
        """The same nodes, composed as PyYAML does from the events of libyaml."""

        yaml_implicit_resolvers = _Loader.yaml_implicit_resolvers

        def __init__(self, text: str) -> None:
            yaml.CSafeLoader.__init__(self, text)
            Composer.__init__(self)
            self._deep = self._bracketed = 0

        def compose_node(self, parent: Any, index: Any) -> Any:
            """As ``_Loader`` does. Raises ComposerError too where PyYAML may see another node."""
            event: Any = self.peek_event()
            if not isinstance(event, yaml.CollectionStartEvent):
                if self._bracketed and not getattr(event, "style", None) and "?" in getattr(event, "value", ""):
                    raise _wrong("a question mark in a word in brackets", event)
                return super().compose_node(parent, index)
            if self._deep == DEEPEST:
                raise _wrong(f"nested too deep, more than {DEEPEST} times", event)
            self._deep, self._bracketed = self._deep + 1, self._bracketed + bool(event.flow_style)
            node = super().compose_node(parent, index)
            self._deep, self._bracketed = self._deep - 1, self._bracketed - bool(event.flow_style)
            return node

    _Quick = _Libyaml
