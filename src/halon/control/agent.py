"""What an agent under control is called, and how its controls are reached."""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(eq=False, repr=False)
class Agent:
    """May be changed while the agent runs: each answer, turn and trace reads it anew."""

    name: str
    version: str
    config_hash: str
    fallback: str
    token_env: str
    prefix: str
    content: bool
