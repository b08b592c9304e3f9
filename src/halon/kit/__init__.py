"""The kit: YAML in, a sound and frozen kit out, or every problem with its place."""

from halon.kit.channels import Channel
from halon.kit.difference import difference, stored_at
from halon.kit.errors import KitError, Problem, UnknownAgent
from halon.kit.kit import Kit
from halon.kit.loading import examine, load, restore
from halon.kit.schemas import schema
from halon.kit.source import Source
from halon.kit.starter import StarterMissing, starter_path

__all__ = [
    "Channel",
    "Kit",
    "KitError",
    "Problem",
    "Source",
    "StarterMissing",
    "UnknownAgent",
    "difference",
    "examine",
    "load",
    "restore",
    "schema",
    "starter_path",
    "stored_at",
]
