"""What a value of the wrong type or size is answered with: what is wrong in plain words, and what to write instead."""

from __future__ import annotations

from typing import Any

from pydantic_core import ErrorDetails

_KINDS = {
    "int_type": ("no whole number", "write one, such as 1"),
    "int_from_float": ("no whole number", "write one, such as 1"),
    "float_type": ("no number", "write one, such as 1.5"),
    "bool_type": ("neither true nor false", "write true or false"),
    "string_type": ("no text", "write text; in quotes if it looks like a number, true, false or null"),
    "list_type": ("no list", "write it in brackets, such as [one, another]"),
    "dict_type": ("no names with values", "write one name: value a line, further in than the line above"),
    "model_type": ("no names with values", "write one name: value a line, further in than the line above"),
}
_SIZES = {
    "greater_than_equal": ("too small", "ge", "write {} or more"),
    "greater_than": ("too small", "gt", "write more than {}"),
    "less_than_equal": ("too large", "le", "write {} or less"),
    "less_than": ("too large", "lt", "write less than {}"),
    "too_short": ("too few", "min_length", "write {} or more of them"),
    "too_long": ("too many", "max_length", "write {} of them at most"),
    "string_too_short": ("too short", "min_length", "write {} or more characters"),
    "string_too_long": ("too long", "max_length", "write {} characters at most"),
}


def misfit(error: ErrorDetails) -> tuple[str, str]:
    """What is wrong with the value, as the end of a sentence, and the next step."""
    kind, value = error["type"], error["input"]
    if kind in _KINDS:
        what, step = _KINDS[kind]
        return f"{_shown(value)} is {what}", step
    if kind in _SIZES:
        what, key, words = _SIZES[kind]
        return f"{_shown(value)} is {what}", words.format(error["ctx"][key])
    told = error["msg"].removeprefix("Value error, ")
    what, _, step = told.partition("; ")
    return f"{what[:1].lower()}{what[1:]}", step or "docs/kit.md, under Keys, says what stands here"


def _shown(value: Any) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | dict):
        return f"{'a list' if isinstance(value, list) else 'names and values'} with {len(value)} in it"
    return repr(value)[:80]
