"""Chromium without a window, spoken to over its debugging pipe: the standard library is enough for that."""

from __future__ import annotations

import base64
import itertools
import json
import os
import select
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

PATIENCE = 30.0
# The browser listens on file descriptor 3 and answers on 4.
_HAND_OVER = (
    "import os, sys; r, w = int(sys.argv[1]), int(sys.argv[2]); a, b = os.dup(r), os.dup(w); "
    # Where they are 3 and 4 already, dup2 does nothing, and they would be closed at the exec.
    "os.dup2(a, 3); os.dup2(b, 4); os.set_inheritable(3, True); os.set_inheritable(4, True); "
    "os.execv(sys.argv[3], sys.argv[3:])"
)


class BrowserFailed(Exception):
    """The browser did not do what it was asked; the message says what."""


class Browser:
    """One page in one Chromium. ``width`` and ``height`` are in pixels; the clock on screen is UTC."""

    def __init__(self, program: str, profile: Path, width: int, height: int) -> None:
        theirs_in, self._write = os.pipe()
        self._read, theirs_out = os.pipe()
        flags = [
            "--headless=new", "--remote-debugging-pipe", f"--user-data-dir={profile}", f"--window-size={width},{height}",
            "--force-device-scale-factor=1", "--hide-scrollbars", "--no-first-run", "--disable-gpu", "--lang=en-GB",
            "--disable-background-networking", "--disable-extensions", "--font-render-hinting=none",
            "--disable-dev-shm-usage",
        ]  # fmt: skip
        if os.geteuid() == 0:
            flags.append("--no-sandbox")  # Chromium refuses to run as root with it
        self._process = subprocess.Popen(  # noqa: S603 - a browser that was found on this machine, no shell
            [sys.executable, "-c", _HAND_OVER, str(theirs_in), str(theirs_out), program, *flags, "about:blank"],
            pass_fds=(theirs_in, theirs_out), env={**os.environ, "TZ": "UTC"},
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        os.close(theirs_in)
        os.close(theirs_out)
        self._numbers = itertools.count(1)
        self._rest = b""
        self._session = ""
        [page] = [one for one in self._call("Target.getTargets")["targetInfos"] if one["type"] == "page"]
        self._session = self._call("Target.attachToTarget", targetId=page["targetId"], flatten=True)["sessionId"]
        self._call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        self._call("Page.enable")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._write)
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        os.close(self._read)

    def open(self, url: str) -> None:
        """Go to a page."""
        self._call("Page.navigate", url=url)

    def run(self, script: str) -> Any:
        """The value of a JavaScript expression on the page."""
        told = self._call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in told:
            raise BrowserFailed(
                f"{script[:200]}: {told['exceptionDetails'].get('exception', told['exceptionDetails'])}"
            )
        return told["result"].get("value")

    def wait(self, what: str, script: str, seconds: float = PATIENCE) -> Any:
        """Wait until a JavaScript expression is true, and return its value. Raises BrowserFailed with what is shown."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            with suppress(BrowserFailed):  # a page that is still being loaded has nothing to ask yet
                if value := self.run(script):
                    return value
            time.sleep(0.2)
        raise BrowserFailed(
            f"waited {seconds:g} s for {what}; the page shows: {self.run('document.body.innerText')[:1500]}"
        )

    def wait_for_text(self, text: str) -> None:
        """Wait until a text is on the page."""
        self.wait(f"the text {text!r}", f"document.body.innerText.includes({json.dumps(text)})")

    def click(self, words: str, among: str = "button, a, [role=menuitem], [role=option], li") -> None:
        """Click the innermost visible element whose text is ``words``, wherever the page has moved it by then."""
        self.wait(
            f"something to click called {words!r}",
            f"(() => {{ const found = [...document.querySelectorAll({json.dumps(among)})].filter(one => "
            f"one.offsetParent !== null && one.innerText.trim() === {json.dumps(words)}); "
            "const last = found[found.length - 1]; if (!last) return false; last.click(); return true; })()",
        )

    def click_on(self, selector: str) -> None:
        """Click the first element that a CSS selector finds, and put the cursor there."""
        self.wait(
            selector,
            f"(() => {{ const one = document.querySelector({json.dumps(selector)}); if (!one) return false; "
            "one.click(); one.focus(); return true; })()",
        )

    def write(self, text: str) -> None:
        """Type a text where the cursor is."""
        self._call("Input.insertText", text=text)

    def picture(self, clip: tuple[float, float, float, float] | None = None) -> bytes:
        """The page, or the part at (x, y, width, height), as PNG."""
        what = {"x": clip[0], "y": clip[1], "width": clip[2], "height": clip[3], "scale": 1} if clip else None
        told = self._call("Page.captureScreenshot", format="png", **({"clip": what} if what else {}))
        return base64.b64decode(told["data"])

    def _call(self, method: str, **parameters: Any) -> dict[str, Any]:
        number = next(self._numbers)
        said = {
            "id": number,
            "method": method,
            "params": parameters,
            **({"sessionId": self._session} if self._session else {}),
        }
        os.write(self._write, json.dumps(said).encode() + b"\0")
        until = time.monotonic() + PATIENCE
        while True:
            told = self._message(until, method)
            if told.get("id") == number:
                if "error" in told:
                    raise BrowserFailed(f"{method}: {told['error']}")
                result: dict[str, Any] = told["result"]
                return result

    def _message(self, until: float, method: str) -> dict[str, Any]:
        while b"\0" not in self._rest:
            ready, _, _ = select.select([self._read], [], [], max(0.0, until - time.monotonic()))
            read = os.read(self._read, 1 << 20) if ready else b""
            if not read:
                raise BrowserFailed(f"{method}: no answer from the browser")
            self._rest += read
        line, _, self._rest = self._rest.partition(b"\0")
        message: dict[str, Any] = json.loads(line)
        return message
