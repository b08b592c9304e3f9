"""Every port has its activity, under the same name and with the same types."""

from __future__ import annotations

import inspect
import pkgutil
from collections.abc import Callable
from importlib import import_module
from typing import Any, get_type_hints

from temporalio import activity

import halon.ports
from halon_activities.hands import Hands, activities

PORTS = [import_module(f"halon.ports.{one.name}") for one in pkgutil.iter_modules(halon.ports.__path__)]


def name_of(function: Callable[..., Any]) -> str:
    definition = activity._Definition.from_callable(function)
    assert definition is not None
    return definition.name or ""


def declared() -> dict[str, Callable[..., Any]]:
    found: dict[str, Callable[..., Any]] = {}
    for module in PORTS:
        for value in vars(module).values():
            if inspect.isfunction(value) and value.__module__ == module.__name__:
                found[name_of(value)] = value
    return found


def test_workflows_see_exactly_the_activities_that_exist(hands: Hands) -> None:
    """Names, argument types and result types of ports and activities are the same."""
    ports = declared()
    made = {name_of(one): one for one in activities(hands)}
    assert sorted(made) == sorted(ports)
    for name, port in ports.items():
        expected = list(get_type_hints(port).values())
        assert list(get_type_hints(made[name]).values()) == expected, name
        assert inspect.iscoroutinefunction(made[name]), name


def test_each_module_is_named_after_its_port() -> None:
    """An activity's first word is its file."""
    assert {name.partition(".")[0] for name in declared()} == {module.__name__.rpartition(".")[2] for module in PORTS}
