"""Holds a document against its shape and says in plain words what does not fit, and where."""

from __future__ import annotations

import copy
import types
from typing import Any, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from halon.judgement.vocabulary import near
from halon.kit.files.shapes import Shape
from halon.kit.misfits import misfit
from halon.kit.places import Problems
from halon.kit.reading import Document, Path
from halon.kit.retired import reason

S = TypeVar("S", bound=Shape)


def shaped(document: Document, shape: type[S], problems: Problems) -> S | None:
    """``document`` as ``shape``, or None.

    Unknown keys are noted and left out, and a word that can't stand where it stands is noted and read as the one nearest
    to it, so that the rest can be looked at: all that is wrong is told at once, and nothing of it is used.
    """
    try:
        return shape.model_validate(document.data)
    except ValidationError as error:
        errors = error.errors(include_url=False)
    data = copy.deepcopy(document.data)
    for one in errors:
        path = _path(one["loc"])
        _note(document.name, path, one, shape, problems)
        if one["type"] == "extra_forbidden":
            _drop(data, path)
        elif one["type"] == "literal_error":
            _put(data, path, _meant(one))
    try:
        return shape.model_validate(data)
    except ValidationError:
        return None


def known_keys(shape: Any, path: Path) -> tuple[str, ...]:
    """The keys that may stand where ``path`` ends, found by walking the shape's types."""
    kind: Any = shape
    for step in path[:-1]:
        kind = _inside(kind, step)
    for arm in _arms(kind):
        if isinstance(arm, type) and issubclass(arm, BaseModel):
            return tuple(field.alias or name for name, field in arm.model_fields.items())
    return ()


def _path(loc: tuple[int | str, ...]) -> Path:
    # A problem with a key itself ends in a marker that is no part of the document.
    return tuple(step for step in loc if step != "[key]")


def _note(file: str, path: Path, error: ErrorDetails, shape: type[Shape], problems: Problems) -> None:
    here = ".".join(str(step) for step in path) or "the file"
    match error["type"]:
        case "extra_forbidden" if told := reason(file, path):
            problems.add(file, path, f"{here} is no key any more: {told[0]}", (), told[1])
        case "extra_forbidden":
            problems.unknown(file, path, "key", str(path[-1]), known_keys(shape, path))
        case "missing":
            problems.add(file, path[:-1], f"{here} is missing", (), "add it")
        case "literal_error":
            known = _words(error)
            close = near(str(error["input"]), known, 1)
            step = f"did you mean {close[0]!r}?" if close else "use one of these"
            problems.add(file, path, f"{here} can't be {str(error['input'])[:80]!r}", known, step)
        case "string_pattern_mismatch":
            problems.add(
                file,
                path,
                f"{here}: {str(error['input'])[:80]!r} does not have the form that is needed",
                (),
                f"it must match {error['ctx']['pattern']}",
            )
        case _:
            what, step = misfit(error)
            problems.add(file, path, f"{here}: {what}", (), step)


def _words(error: ErrorDetails) -> list[str]:
    return [word.strip(" '") for word in error["ctx"]["expected"].replace(" or ", ", ").split(",")]


def _meant(error: ErrorDetails) -> str:
    known = _words(error)
    return next(iter(near(str(error["input"]), known, 1)), known[0])


def _put(data: Any, path: Path, value: str) -> None:
    for step in path[:-1]:
        data = data[step]
    if isinstance(data[path[-1]], str):
        data[path[-1]] = value


def _drop(data: Any, path: Path) -> None:
    for step in path[:-1]:
        data = data[step]
    data.pop(path[-1], None)


def _inside(kind: Any, step: str | int) -> Any:
    for arm in _arms(kind):
        if isinstance(arm, type) and issubclass(arm, BaseModel):
            for name, field in arm.model_fields.items():
                if step in (name, field.alias):
                    return field.annotation
        elif get_origin(arm) is dict:
            return get_args(arm)[1]
        elif get_origin(arm) is list:
            return get_args(arm)[0]
    return None


def _arms(kind: Any) -> tuple[Any, ...]:
    """The types that a value may have, without the wrapping of unions and annotations."""
    if hasattr(kind, "__metadata__"):
        return _arms(get_args(kind)[0])
    if get_origin(kind) in (Union, types.UnionType):
        return tuple(arm for part in get_args(kind) for arm in _arms(part))
    return (kind,)
