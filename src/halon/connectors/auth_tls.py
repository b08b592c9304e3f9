"""Certificates: the client's own (``mtls``), and the authority that a private service's certificate comes from (``ca``).

``secrets`` names variables that hold the paths of PEM files: ``certificate`` and ``key``, and ``ca`` with any scheme.
"""

from __future__ import annotations

import ssl

import httpx

from halon.connectors.auth import Secrets
from halon.connectors.errors import Refused
from halon.incident.orders import Call


def context(call: Call, secrets: Secrets) -> ssl.SSLContext | None:
    """What the connection of ``call`` is made with, or None for the usual. Raises Refused if a file can't be used.

    With ``ca`` only that authority is trusted, no public one.
    """
    named = secrets.named
    host = call.hosts[0] if call.hosts else ""
    if call.auth == "mtls" and not ("certificate" in named and "key" in named):
        raise Refused(host, "the auth scheme mtls needs 'certificate' and 'key' in secrets; each names a variable")
    if "ca" not in named and "certificate" not in named:
        return None
    used = "ca"
    try:
        made = ssl.create_default_context(cafile=named["ca"]) if "ca" in named else httpx.create_ssl_context()
        if "certificate" in named:
            used = "certificate"
            made.load_cert_chain(named["certificate"], named.get("key"), password=_no_password)
    except (OSError, ValueError) as error:
        # The path is the operator's business, not the incident's: the variable is named instead.
        why = error.strerror if isinstance(error, OSError) and error.strerror else type(error).__name__
        raise Refused(host, f"the file that {call.secrets[used]} names can't be used ({why})") from error
    return made


def _no_password() -> str:
    raise ValueError("a key with a pass phrase can't be used without a person")
