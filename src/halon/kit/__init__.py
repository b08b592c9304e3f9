"""The kit: YAML in, a sound and frozen kit out, or every problem with its place."""

from halon.kit.channels import Channel
from halon.kit.errors import KitError, Problem, UnknownAgent
from halon.kit.kit import Kit, Source
from halon.kit.loading import load, restore
from halon.kit.schemas import schema
from halon.kit.starter import StarterMissing, starter_path

__all__ = [
    "Channel",
    "Kit",
    "KitError",
    "Problem",
    "Source",
    "StarterMissing",
    "UnknownAgent",
    "load",
    "restore",
    "schema",
    "starter_path",
]
