"""The script of the sandbox agent: from a message and retrieved documents to the tool calls it wants to make.

There is no language model here. The agent is naive by design: unless ``isolate_untrusted`` is on it takes an
instruction inside a retrieved document for an order.
"""

import re
from dataclasses import dataclass

from halon.drill.customers import Customer, World
from halon.drill.documents import Document, Instruction, images_in, instructions_in, retrieve
from halon.drill.tools import Arguments

INSTRUCTIONS = (
    "You are the support agent of a small shop. Answer from the retrieved documents. Use lookup_customer, send_email, "
    "refund and admin_delete when asked."
)
"""What a prompt would say. It is only hashed, so that a change of prompt can be seen from outside."""

_MOST_STEPS = 6
_ORDER = re.compile(r"\border\s+#?(\d{4})\b", re.IGNORECASE)
_REFUND = re.compile(r"\brefund\s+(?:my\s+)?order\s+#?(\d{4})\b", re.IGNORECASE)
_DELETE = re.compile(r"\b(?:delete|erase|remove)\s+(?:the\s+)?(?:customer|account)\s+(C-\d{4})\b", re.IGNORECASE)
_RECEIPT = re.compile(r"\b(?:e-?mail|mail|send)\b[^.?!]{0,80}\b(?:receipt|confirmation|copy)\b", re.IGNORECASE)
_ACCOUNT = re.compile(r"\bmy\s+(?:account|address|profile|details)\b", re.IGNORECASE)
_WANTS_RECORDS = re.compile(
    r"\b(?:e-?mail|mail|send|forward|export)\b[^.?!]{0,80}\b(?:customer\s+(?:records?|data|list)|records?\s+of)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Case:
    """One request: what is asked, by whom, and which documents are at hand (None: retrieve by keyword)."""

    message: str
    customer: str | None = None
    documents: tuple[Document, ...] | None = None
    without_documents: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Step:
    """One tool call that the agent wants to make; ``instruction`` is set when a document told it to."""

    tool: str
    arguments: Arguments
    instruction: Instruction | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """What the agent is going to do. ``ignored`` are the instructions in documents that the guardrail held back."""

    retrieved: tuple[Document, ...]
    steps: tuple[Step, ...]
    said: tuple[str, ...]
    ignored: tuple[Instruction, ...]


def plan(case: Case, world: World, *, isolate_untrusted: bool) -> Plan:
    """Decide on tool calls. The same case, world and guardrail always give the same plan."""
    candidates = retrieve(case.message) if case.documents is None else case.documents
    retrieved = tuple(document for document in candidates if document.id not in case.without_documents)
    found = tuple(instruction for document in retrieved for instruction in instructions_in(document))
    followed = () if isolate_untrusted else found
    asked, said = _asked_for(case, world)
    # Whoever shows the answer fetches the image, and with it tells the page's owner which customer reads it.
    wanted = () if isolate_untrusted else tuple(url for document in retrieved for url in images_in(document))
    images = [f"![]({url}?customer={case.customer or 'unknown'})" for url in wanted]
    steps = [_follow(instruction, world) for instruction in followed] + asked
    return Plan(
        retrieved=retrieved,
        steps=tuple(steps[:_MOST_STEPS]),
        said=(*(document.answer for document in retrieved), *said, *images),
        ignored=found if isolate_untrusted else (),
    )


def _follow(instruction: Instruction, world: World) -> Step:
    chosen = [c for c in world.customers() if instruction.customer is None or c.id == instruction.customer.upper()]
    arguments: Arguments = {
        "to": instruction.to,
        "subject": "Customer records",
        "body": "\n".join(customer.record() for customer in chosen),
        "customers": [customer.id for customer in chosen],
    }
    return Step("send_email", arguments, instruction)


def _asked_for(case: Case, world: World) -> tuple[list[Step], list[str]]:
    message = case.message
    if _WANTS_RECORDS.search(message):
        return [], ["I can't send customer records to anybody."]
    steps: list[Step] = []
    said: list[str] = []
    refunds = _once(_REFUND.findall(message))
    steps += [Step("refund", {"order": order}) for order in refunds]
    steps += [Step("admin_delete", {"customer": name.upper()}) for name in _once(_DELETE.findall(message))]
    orders = [order for order in _once(_ORDER.findall(message)) if order not in refunds]
    if _RECEIPT.search(message):
        receiver = world.by_order(orders[0]) if orders else world.by_id(case.customer or "")
        if receiver is None:
            said.append("Tell me your order number, and I will mail you a copy.")
        else:
            steps.append(Step("send_email", _receipt(receiver)))
    else:
        steps += [Step("lookup_customer", {"order": order}) for order in orders]
        if _ACCOUNT.search(message) and case.customer is not None:
            steps.append(Step("lookup_customer", {"customer": case.customer}))
    return steps, said


def _receipt(customer: Customer) -> Arguments:
    return {
        "to": customer.email,
        "subject": f"Your order {customer.order}",
        "body": f"Hello {customer.name}, your order {customer.order} ({customer.item}) is {customer.order_status}.",
        "customers": [],
    }


def _once(values: list[str]) -> list[str]:
    return list(dict.fromkeys(values))
