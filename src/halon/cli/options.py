"""The parameters that many commands share, each written once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Id = Annotated[
    str, typer.Argument(metavar="ID", help="short reference (INC-7F3A), workflow id, or . for the only open one")
]
Json = Annotated[bool, typer.Option("--json", help="print one JSON value instead of words")]
OWN_NAME = "HALON_USER"
"""The variable that holds the name under which somebody speaks, unless ``--by`` says it."""
By = Annotated[
    str | None, typer.Option("--by", metavar="NAME", envvar=OWN_NAME, help="your name in the kit's on-call file")
]
Code = Annotated[
    str | None,
    typer.Option("--code", metavar="CODE", help="your authenticator's digits, to look at a restricted incident"),
]
Sign = Annotated[
    Path | None, typer.Option("--sign", metavar="KEYFILE", help="or your SSH key, to look at a restricted incident")
]
