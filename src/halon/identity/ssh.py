"""SSH signatures, as ``ssh-keygen -Y`` makes and checks them (OpenSSH's PROTOCOL.sshsig), under the namespace halon."""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from halon.identity.errors import NoSigning

NAMESPACE = "halon"
PROGRAM = "ssh-keygen"
MISSING = f"{PROGRAM} is not on this machine; install the package openssh-client"
_SECONDS = 10.0
_ARMOUR = ("-----BEGIN SSH SIGNATURE-----", "-----END SSH SIGNATURE-----")


@dataclass(frozen=True, slots=True)
class Checked:
    """Whether a signature is good, for which of the lines offered, and of whom it is if it is somebody else's."""

    good: bool
    line: int = 0
    others: tuple[str, ...] = ()


def there() -> bool:
    """Whether ``ssh-keygen`` is on this machine."""
    return shutil.which(PROGRAM) is not None


async def check(signers: str, person: str, lines: tuple[str, ...], signature: str, at: datetime) -> Checked:
    """Is ``signature`` one of ``person`` over one of ``lines``, by a key that counted at ``at`` (UTC)?

    ``signers`` is the text of an ``allowed_signers`` file. Raises NoSigning where ``ssh-keygen`` is not there or hangs.
    """
    text = signature.strip()
    if not (text.startswith(_ARMOUR[0]) and text.endswith(_ARMOUR[1])):
        return Checked(False)
    with tempfile.TemporaryDirectory(prefix="halon-ssh-") as folder:
        allowed, signed = Path(folder) / "allowed", Path(folder) / "signature"
        allowed.write_text(signers)
        signed.write_text(f"{text}\n")
        moment = f"verify-time={at.astimezone(UTC):%Y%m%d%H%M%SZ}"
        given = ("-f", str(allowed), "-s", str(signed), "-O", moment)
        for number, line in enumerate(lines):
            code, _ = await _run("-Y", "verify", "-I", person, "-n", NAMESPACE, *given, said=line)
            if code == 0:
                return Checked(True, number)
        code, out = await _run("-Y", "find-principals", *given)
        found = tuple(name for line in out.splitlines() for name in line.strip().split(",")) if code == 0 else ()
        return Checked(False, others=found)


async def sign(key: Path, line: str) -> str:
    """The signature of ``line`` with a private key, or with a public one whose private half an agent holds.

    ``ssh-keygen`` itself asks for a passphrase, on the terminal. Raises NoSigning.
    """
    code, out = await _run("-Y", "sign", "-f", str(key), "-n", NAMESPACE, said=line, asks=True)
    if code != 0 or _ARMOUR[0] not in out:
        raise NoSigning(f"{key} could not sign: is it an SSH key that you may read, and is its passphrase right?")
    return out.strip()


async def _run(*arguments: str, said: str | None = None, asks: bool = False) -> tuple[int, str]:
    """Exit code and output. With ``asks`` a person may be asked meanwhile, so that it takes as long as it takes."""
    program = shutil.which(PROGRAM)
    if program is None:
        raise NoSigning(MISSING)
    environ = dict(os.environ) if asks else {"PATH": os.environ.get("PATH", ""), "TZ": "UTC"}
    process = await asyncio.create_subprocess_exec(
        program, *arguments, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
        stderr=None if asks else asyncio.subprocess.DEVNULL, env=environ,
    )  # fmt: skip
    try:
        async with asyncio.timeout(None if asks else _SECONDS):
            out, _ = await process.communicate(None if said is None else said.encode())
    except TimeoutError:
        raise NoSigning(f"{PROGRAM} did not end within {_SECONDS:g} s") from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return process.returncode or 0, out.decode("utf-8", "replace")
