"""An agent without a web server: it pays the invoices that it is given, a line at a time. No model, no ASGI.

``door.py`` is the door of its controls, in a process of its own: both open the same state file.
"""

import sys

from halon_control import Control

control = Control("payer", state="payer.db", fallback="Accounting pays by hand today.")


@control.tool(authorised=lambda call: call["eur"] <= 100, on_refusal="return")
def pay(supplier: str, eur: float) -> str:
    """Pay a supplier."""
    return f"paid {eur:g} EUR to {supplier}"


def answer(line: str) -> str:
    """One turn: what the agent does with one line, such as ``paper-mill 80``."""
    with control.turn(session="till", message=line) as turn:
        if turn.fallback is not None:
            return turn.fallback
        supplier, eur = line.split()
        said = pay(supplier=supplier, eur=float(eur))
        turn.reply(said)
        return said


for line in sys.stdin:
    print(answer(line), flush=True)
