"""``make demo``: one incident of an AI agent, end to end and unattended, against real programs.

Nothing of Halon is imported here. The demo types ``halon`` and ``temporal`` as a person would, speaks HTTP as an
Alertmanager or an owner of the agent would, and prints only what it read back from them. Exit code: 0 if every check
held, 1 if one did not, 2 if the demo can't run here.

``KEEP=1`` stops before the incident is closed and leaves everything running until Ctrl-C. ``CASE=name`` tells another
case. ``DEMO_TRANSCRIPT=file`` keeps every line as JSON; ``demo/picture.py`` draws the picture of the README from it.
"""

import os
import sys

CASES = {"leak": "a web page tricks a support agent into mailing customer records out"}


def cannot_run() -> str:
    """Why the demo can't run with this Python on this system, or ""."""
    if sys.platform == "win32":
        return "there is no embedded Temporal server for Windows. Run it inside WSL: make demo"
    if sys.version_info < (3, 11):  # noqa: UP036  it is run by hand as well
        here = ".".join(str(part) for part in sys.version_info[:3])
        return f"it needs Python 3.11 or newer, and this is {here}. Type: make demo (it looks for a newer one)"
    beside = os.path.dirname(sys.executable)
    missing = [name for name in ("halon", "temporal") if not os.access(os.path.join(beside, name), os.X_OK)]
    if missing:
        return f"{' and '.join(missing)} not beside {sys.executable}. Type: make demo (it installs them into .venv)"
    return ""


def crashed(error: BaseException) -> int:
    """Say in one line that the demo broke, and where the details are."""
    import tempfile
    import traceback

    descriptor, path = tempfile.mkstemp(prefix="halon-demo-", suffix=".log", text=True)
    with os.fdopen(descriptor, "w") as log:
        traceback.print_exception(type(error), error, error.__traceback__, file=log)
    print(f"The demo itself broke ({type(error).__name__}: {error}). Details: {path}", file=sys.stderr)
    return 1


def main() -> int:
    """Run the demo."""
    why = cannot_run()
    if why:
        print(f"The demo can't run here: {why}", file=sys.stderr)
        return 2
    case = os.environ.get("CASE", "") or "leak"
    if case not in CASES:
        print(
            f"There is no case {case!r}. Known: " + "; ".join(f"{name} ({told})" for name, told in CASES.items()),
            file=sys.stderr,
        )
        return 2
    try:
        from acts import play  # after the checks: what follows needs the newer Python to be read at all

        return play(keep=os.environ.get("KEEP", "") not in ("", "0"))
    except KeyboardInterrupt:
        print("\nInterrupted.")
        return 130
    except Exception as error:  # a fault of the demo itself: one line, and the rest in a file
        return crashed(error)


if __name__ == "__main__":
    sys.exit(main())
