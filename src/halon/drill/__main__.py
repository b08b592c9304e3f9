"""``python -m halon.drill``: run the sandbox agent."""

import argparse
import ipaddress
import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path

import uvicorn

from halon.drill.agent import create_app
from halon.drill.outbox import Outbox
from halon.drill.profile import DESCRIPTION
from halon.drill.sandbox import SandboxAgent
from halon.drill.state import StateFile, StateUnusable

TOKEN_VARIABLE = "SANDBOX_AGENT_TOKEN"  # noqa: S105 - the name of a variable, no secret
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_GRACE_SECONDS = 2


class CannotStart(Exception):
    """The agent can't start as asked; the message is one line and says what to do."""


def main(arguments: list[str], environment: Mapping[str, str]) -> int:
    """Run the agent until it is stopped. Returns 0, or 2 when it can't start as asked."""
    options = _parser().parse_args(arguments)
    try:
        token = environment.get(TOKEN_VARIABLE, "")
        if not token:
            raise CannotStart(f"set {TOKEN_VARIABLE} to the token that guards the agent's controls")
        _require_loopback(options.host, options.allow_remote)
        agent = SandboxAgent(_agent_name(options.name), _state_file(options.state), Outbox(_smtp_server(options.smtp)))
    except (CannotStart, StateUnusable) as error:
        print(f"sandbox agent: {' '.join(str(error).split())}", file=sys.stderr)
        return 2
    print(f"sandbox agent {agent.name} on {options.host}:{options.port} ({DESCRIPTION})", flush=True)
    uvicorn.run(
        create_app(agent, token),
        host=options.host,
        port=options.port,
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=_GRACE_SECONDS,
    )
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m halon.drill",
        description=f"Run the sandbox agent ({DESCRIPTION}). Its controls need the token in {TOKEN_VARIABLE}.",
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default %(default)s)")
    parser.add_argument("--port", type=int, default=8601, help="port to listen on (default %(default)s)")
    parser.add_argument("--name", default="support-bot", help="name of the agent (default %(default)s)")
    parser.add_argument("--state", metavar="FILE", help="keep controls, calls and actions in this file")
    parser.add_argument("--smtp", metavar="HOST:PORT", help="send mail there instead of keeping it in memory")
    parser.add_argument("--allow-remote", action="store_true", help="allow an address that other machines can reach")
    return parser


def _require_loopback(host: str, allow_remote: bool) -> None:
    if allow_remote or host == "localhost":
        return
    try:
        loopback = ipaddress.ip_address(host).is_loopback
    except ValueError:
        loopback = False
    if not loopback:
        raise CannotStart(f"--host {host} may be reached from other machines; add --allow-remote if you mean it")


def _agent_name(name: str) -> str:
    if _NAME.fullmatch(name) is None:
        raise CannotStart(f"--name {name!r} must be lower-case letters, digits and hyphens, at most 63")
    return name


def _state_file(given: str | None) -> StateFile:
    if given is None:
        return StateFile(None)
    path = Path(given)
    if not path.parent.is_dir():
        raise CannotStart(f"--state {given}: the folder {path.parent} does not exist; create it first")
    return StateFile(path)


def _smtp_server(given: str | None) -> tuple[str, int] | None:
    if given is None:
        return None
    host, _, port = given.rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port) < 65536:
        raise CannotStart(f"--smtp {given!r} must be HOST:PORT")
    return host.strip("[]"), int(port)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
