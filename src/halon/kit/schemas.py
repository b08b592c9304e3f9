"""The JSON Schema of all files of a kit, for editors and for machines that write kits."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from halon.kit.bundle import FILES, FOLDERS, OPTIONAL

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schema() -> dict[str, Any]:
    """One JSON Schema: an object with one property a file; ``agents/*.yaml`` stands for each agent, and so on."""
    shapes: dict[str, type[BaseModel]] = {**FILES, **{f"{folder}/*.yaml": shape for folder, shape in FOLDERS.items()}}
    references, whole = models_json_schema([(shape, "validation") for shape in shapes.values()], by_alias=True)
    return {
        "$schema": DIALECT,
        "title": "Halon kit",
        "type": "object",
        "required": [name for name in FILES if name not in OPTIONAL],
        "properties": {name: references[(shape, "validation")] for name, shape in shapes.items()},
        "$defs": whole["$defs"],
    }
