"""``kit preapprove``: the lines that make a notice template a preapproved one, for whoever may say so to paste."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from halon.cli import screen
from halon.cli.options import Json
from halon.cli.problems import CommandFailed


def preapprove(
    template: Annotated[str, typer.Argument(metavar="TEMPLATE", help="the notice template, such as customers-first")],
    folder: Annotated[
        Path | None, typer.Option("--kit", metavar="DIR", help="the kit; without it, the one in use")
    ] = None,
    as_json: Json = False,
) -> None:
    """Print the digest of a notice template and what it prints, as lines for communications.yaml. Approves nothing itself."""
    from halon.cli import reaching
    from halon.kit import load
    from halon.kit.law import notice_templates
    from halon.kit.preapproved import digest_of, sources
    from halon.rendering import slots_of

    kit = load(folder if folder is not None else reaching.settings().kit, os.environ)
    known = sorted({*notice_templates(), *kit.notices})
    if template not in known:
        raise CommandFailed(
            f"there is no notice template {template[:80]!r}; known: {', '.join(known)}", "name one of these"
        )
    source = sources(kit.notices, template)
    slots, others = slots_of(template, source)
    if others:
        raise CommandFailed(f"{template} takes in other templates ({', '.join(others)}), which a digest of it does not cover",
                            "write it as one file in notices/ of the kit")  # fmt: skip
    if as_json:
        screen.value({"template": template, "digest": digest_of(source), "slots": sorted(slots)})
        return
    screen.lines([
        "# Read the template, then paste this into communications.yaml with the name of who approves it, and until when.",
        "preapproved:",
        f"  - template: {template}",
        f"    digest: {digest_of(source)}",
        "    by: NAME",
        "    until: YYYY-MM-DD",
        f"    slots: [{', '.join(sorted(slots))}]",
    ])  # fmt: skip
