"""sources/*.yaml: one sender whose payload is read by JSON pointers; ``halon.kit.mapping`` reads the pointers."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, WithJsonSchema

from halon.kit.files.sources import SenderShape

FIELDS = (
    "agent", "group", "rule", "status", "fingerprint", "started_at", "ended_at", "severity_hint", "summary", "trace_id",
    "labels",
)  # fmt: skip
"""What a field of ours can be called; ``labels.NAME`` beside them names one label."""
_POINTER: dict[str, Any] = {
    "type": "string",
    "pattern": "^(/.*)?$",
    "maxLength": 300,
    "description": "a JSON pointer (RFC 6901), such as /data/name",
}
_PICK: dict[str, Any] = {
    "description": "a pointer; several, the first that finds something; or a pointer with what is done to what it finds",
    "anyOf": [
        _POINTER,
        {"type": "array", "items": _POINTER, "minItems": 1, "maxItems": 8},
        {
            "type": "object",
            "properties": {
                "pointer": {"anyOf": [_POINTER, {"type": "array", "items": _POINTER, "minItems": 1, "maxItems": 8}]},
                "of": {"enum": ["alert", "delivery"]},
                "map": {"type": "object", "additionalProperties": {"type": "string"}},
                "default": {"type": "string"},
                "format": {"enum": ["iso", "epoch_s", "epoch_ms", "epoch_ns"]},
                "join": {"type": "string"},
            },
            "additionalProperties": False,
        },
    ],
}
Pointers = Annotated[Any, WithJsonSchema({"type": "array", "items": _POINTER, "maxItems": 4})]
Conditions = Annotated[
    Any,
    WithJsonSchema({
        "type": "object",
        "description": "a pointer into the delivery, and the value or the values that may stand there",
        "additionalProperties": {},
    }),
]  # fmt: skip
Fields = Annotated[
    Any,
    WithJsonSchema({
        "type": "object",
        "properties": dict.fromkeys(FIELDS, _PICK),
        "patternProperties": {"^labels\\.": _PICK},
        "additionalProperties": False,
    }),
]  # fmt: skip


class MappedFile(SenderShape):
    """The whole file: who may send, as in sources.yaml, and where each field of an alert stands in the payload.

    ``when`` and ``unless`` decide whether a delivery is of concern; ``parse_json`` names texts that hold JSON of their
    own; ``alerts`` is the list of alerts (empty: the body is one alert).
    """

    when: Conditions = Field(default_factory=dict)
    unless: Conditions = Field(default_factory=dict)
    parse_json: Pointers = Field(default_factory=list)
    alerts: Annotated[Any, WithJsonSchema(_POINTER)] = ""
    fields: Fields
