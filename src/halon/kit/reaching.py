"""How an agent, or what stands around it, is reached: address, hosts, auth scheme and the variables of its secrets."""

from __future__ import annotations

from collections.abc import Mapping

from halon.connectors.schemes import SCHEMES, WITH_ANY, scheme_of
from halon.kit.bundle import Bundle
from halon.kit.calling import Reach, host_of
from halon.kit.files.agents import AgentFile
from halon.kit.files.connectors import ConnectorFile
from halon.kit.places import Problems


def reach_agent(
    name: str, agent: AgentFile, bundle: Bundle, environ: Mapping[str, str], problems: Problems
) -> Reach | None:
    """How ``agent`` is reached by its own connector, or None if it has none or something is amiss, which is noted."""
    file, path = bundle.file("agents", name), ("connector",)
    connectors = bundle.connectors
    if agent.connector is None or not problems.refers(file, path, "connector", agent.connector, connectors):
        return None
    connector = connectors[agent.connector]
    pairs = ((agent.control_url_env, agent.control_url), (connector.base_url_env, connector.base_url))
    where, url = _address(pairs, environ)
    if not url:
        step = "give it control_url, or set the variable that control_url_env names"
        problems.add(file, path, f"{name} has no address", (), step)
        return None
    host = host_of(url)
    if host is None:
        what = f"the address of {name} (from {where}) is not a plain http or https address"
        problems.add(file, ("control_url",), what, (), "write for example https://agent.example.com")
        return None
    return _reach(name, url, host, agent.secret or connector.secret or "", connector, file, problems)


def reach_connector(name: str, bundle: Bundle, environ: Mapping[str, str], problems: Problems) -> Reach | None:
    """How the product of connector ``name`` is reached at the connector's own address, or None; what is amiss is noted."""
    file, connector = bundle.file("connectors", name), bundle.connectors[name]
    where, url = _address(((connector.base_url_env, connector.base_url),), environ)
    if not url:
        variable = connector.base_url_env
        step = f"set {variable}, or give it base_url" if variable else "give it base_url or base_url_env"
        problems.add(file, ("base_url",), f"the connector {name} has no address of its own", (), step)
        return None
    host = host_of(url)
    if host is None:
        what = f"the address of {name} (from {where}) is not a plain http or https address"
        problems.add(file, ("base_url",), what, (), "write for example https://gateway.example.com")
        return None
    return _reach(name, url, host, connector.secret or "", connector, file, problems)


def check_auth(name: str, bundle: Bundle, problems: Problems) -> None:
    """Note what ``auth_with`` and ``secrets`` of connector ``name`` lack or have too much, for its scheme."""
    file, connector = bundle.file("connectors", name), bundle.connectors[name]
    scheme = scheme_of(connector.auth)
    if scheme is None:
        problems.unknown(file, ("auth",), "auth scheme", connector.auth, SCHEMES)
        return
    known = (*scheme.secrets, *scheme.may_secrets, *WITH_ANY)
    for one in connector.secrets:
        problems.refers(file, ("secrets", one), f"secret of {connector.auth}", one, known)
    options = (*scheme.options, *scheme.may_options)
    for one in connector.auth_with:
        problems.refers(file, ("auth_with", one), f"option of {connector.auth}", one, options)
    for one in (one for one in scheme.secrets if one not in connector.secrets):
        what = f"{connector.auth} needs the variable of its {one}"
        problems.add(
            file, ("auth",), what, (), f"name it: secrets: {{{one}: {name.upper().replace('-', '_')}_{one.upper()}}}"
        )
    for one in (one for one in scheme.options if one not in connector.auth_with):
        problems.add(file, ("auth",), f"{connector.auth} needs {one}", (), f"say it: auth_with: {{{one}: …}}")
    token_url = connector.auth_with.get("token_url")
    if token_url is not None and host_of(token_url) is None:
        what = "token_url is not a plain http or https address"
        problems.add(file, ("auth_with", "token_url"), what, (), "write for example https://login.example.com/token")


def _reach(
    name: str, url: str, host: str, secret: str, connector: ConnectorFile, file: str, problems: Problems
) -> Reach | None:
    scheme = scheme_of(connector.auth)
    if scheme is not None and scheme.main and not secret:
        problems.add(
            file, ("connector",), f"{name} has no secret for {connector.auth}", (), "name its variable in secret:"
        )
    token_host = host_of(connector.auth_with.get("token_url", ""))
    return Reach(
        base_url=url.rstrip("/"),
        host=host,
        auth=connector.auth,
        secret=secret if scheme is not None and scheme.main else "",
        timeout=connector.timeout,
        also=(token_host,) if token_host and token_host != host else (),
        auth_with=dict(connector.auth_with),
        secrets=dict(connector.secrets),
        near=connector.near,
    )


def _address(pairs: tuple[tuple[str | None, str | None], ...], environ: Mapping[str, str]) -> tuple[str, str]:
    """Where the address comes from, and the address: the agent's before the connector's, a variable before text."""
    for variable, written in pairs:
        if variable and environ.get(variable):
            return f"the variable {variable}", environ[variable]
        if written:
            return "the kit", written
    return "", ""
