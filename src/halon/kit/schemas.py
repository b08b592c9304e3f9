"""The JSON Schema of all files of a kit, for editors and for machines that write kits."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from halon.kit.bundle import FILES, REGIMES
from halon.kit.files.regimes import RegimeFile

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schema() -> dict[str, Any]:
    """One JSON Schema: an object with one property a file; ``regimes/*.yaml`` stands for each regime."""
    shapes: dict[str, type[BaseModel]] = {**FILES, f"{REGIMES}*.yaml": RegimeFile}
    references, whole = models_json_schema([(shape, "validation") for shape in shapes.values()], by_alias=True)
    return {
        "$schema": DIALECT,
        "title": "Halon kit",
        "type": "object",
        "required": list(FILES),
        "properties": {name: references[(shape, "validation")] for name, shape in shapes.items()},
        "$defs": whole["$defs"],
    }
