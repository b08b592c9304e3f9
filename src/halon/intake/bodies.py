"""Request bodies for the OpenAPI page. Bodies are read by hand, because their size must be bounded first."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from typing import Any

from halon.intake.sources.readers import READERS


def request_body(kinds: Iterable[str]) -> dict[str, Any]:
    """What OpenAPI says of a body that is of one of ``kinds``; of every kind that can be read if there are none."""
    chosen = [READERS[kind] for kind in sorted(kinds)] or list(READERS.values())
    content: dict[str, list[Any]] = {}
    for reader in chosen:
        schema = {**_plain(reader.schema or {"type": "object"}), "description": reader.sample}
        for media_type in reader.media_types:
            content.setdefault(media_type, []).append(schema)
    found = {name: {"schema": of[0] if len(of) == 1 else {"anyOf": of}} for name, of in content.items()}
    return {"requestBody": {"required": True, "content": found}}


def _plain(schema: Any) -> Any:
    """``schema`` without ``$defs``: OpenAPI has them elsewhere."""
    whole = copy.deepcopy(dict(schema))
    definitions = whole.pop("$defs", {})
    return _inline(whole, definitions)


def _inline(schema: Any, definitions: dict[str, Any]) -> Any:
    """``schema`` with references to ``$defs`` replaced by what they name."""
    if isinstance(schema, list):
        return [_inline(item, definitions) for item in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return _inline(definitions[str(schema["$ref"]).rpartition("/")[2]], definitions)
    return {name: _inline(item, definitions) for name, item in schema.items()}
