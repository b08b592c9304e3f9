"""What the agent says about itself: version and hashes, so that a change of prompt, config or tools can be seen."""

import hashlib
import json
from dataclasses import dataclass

from halon.drill.behaviour import INSTRUCTIONS
from halon.drill.tools import TOOLS, toolset_hash

DESCRIPTION = "scripted agent: no language model inside"
MODEL = "none (scripted)"


@dataclass(frozen=True, slots=True)
class Profile:
    """The agent's identity at one moment. Hashes are SHA-256 in hex."""

    name: str
    version: str
    model: str
    prompt_hash: str
    config_hash: str
    tools: tuple[str, ...]
    toolset_hash: str


def profile(name: str, *, isolate_untrusted: bool, pinned: str | None = None) -> Profile:
    """The profile of an agent. The guardrail is configuration: switching it changes version and config hash.

    ``pinned`` is the version that a person chose instead.
    """
    config = json.dumps({"isolate_untrusted": isolate_untrusted}).encode()
    return Profile(
        name=name,
        version=pinned or ("1.1.0" if isolate_untrusted else "1.0.0"),
        model=MODEL,
        prompt_hash=hashlib.sha256(INSTRUCTIONS.encode()).hexdigest(),
        config_hash=hashlib.sha256(config).hexdigest(),
        tools=tuple(TOOLS),
        toolset_hash=toolset_hash(),
    )
