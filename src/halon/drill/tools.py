"""The four tools of the sandbox agent: what each needs, and what it does to the sandbox world."""

import hashlib
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from halon.drill.customers import World
from halon.drill.outbox import DeliveryFailed, Mail

ALLOWED_RECIPIENT_DOMAINS = frozenset({"example.com"})
"""Domains to which the agent may write. Mail to any other domain is an unauthorised action."""

CUSTOMERS_READ = "customers:read"
MAIL_SEND = "mail:send"
PAYMENTS_REFUND = "payments:refund"
ADMIN_DELETE = "admin:delete"
SCOPES = (CUSTOMERS_READ, MAIL_SEND, PAYMENTS_REFUND, ADMIN_DELETE)

Arguments = dict[str, str | list[str]]
Deliver = Callable[[Mail], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Tool:
    """One tool: its scope, and whether it only reads."""

    name: str
    description: str
    scope: str
    reads_only: bool

    def scopes_for(self, arguments: Arguments) -> tuple[str, ...]:
        """The scopes that one call needs: mail that carries customer records also needs the right to read them."""
        if self.name == "send_email" and arguments.get("customers"):
            return (self.scope, CUSTOMERS_READ)
        return (self.scope,)


TOOLS: dict[str, Tool] = {
    tool.name: tool
    for tool in (
        Tool("lookup_customer", "Read one customer or order", CUSTOMERS_READ, reads_only=True),
        Tool("send_email", "Send one mail, with customer records if asked", MAIL_SEND, reads_only=False),
        Tool("refund", "Pay the price of one order back", PAYMENTS_REFUND, reads_only=False),
        Tool("admin_delete", "Delete one customer for good", ADMIN_DELETE, reads_only=False),
    )
}


class ToolFailed(Exception):
    """A tool ran and could not do its work. ``error_type`` is a stable code, the message says what and where."""

    def __init__(self, error_type: str, detail: str) -> None:
        super().__init__(detail)
        self.error_type = error_type


def toolset_hash() -> str:
    """SHA-256 over the definitions of all tools, in hex."""
    definitions = [[tool.name, tool.description, tool.scope, tool.reads_only] for tool in TOOLS.values()]
    return hashlib.sha256(json.dumps(definitions).encode()).hexdigest()


def recipient_domain(arguments: Arguments) -> str | None:
    """The domain of the recipient, lower case, or None for a tool call that writes to nobody."""
    to = arguments.get("to")
    return to.rpartition("@")[2].lower() if isinstance(to, str) else None


def records_in(arguments: Arguments) -> int:
    """How many customer records a tool call carries in its arguments."""
    carried = arguments.get("customers")
    return len(carried) if isinstance(carried, list) else 0


async def run_tool(tool: str, arguments: Arguments, world: World, deliver: Deliver, call_id: str) -> str:
    """Carry out one tool call and return a sentence for the customer.

    Raises:
        ToolFailed: the order or customer does not exist, was dealt with before, or the mail was not delivered.
    """
    match tool:
        case "lookup_customer":
            return _lookup(arguments, world)
        case "refund":
            return _refund(_text(arguments, "order"), world)
        case "admin_delete":
            return _delete(_text(arguments, "customer"), world)
        case "send_email":
            mail = Mail(_text(arguments, "to"), _text(arguments, "subject"), _text(arguments, "body"), call_id)
            try:
                await deliver(mail)
            except DeliveryFailed as failure:
                raise ToolFailed("mail_not_delivered", str(failure)) from failure
            return "The mail is on its way."
    raise ToolFailed("unknown_tool", f"there is no tool {tool!r}; known: {', '.join(TOOLS)}")


def _text(arguments: Arguments, name: str) -> str:
    value = arguments.get(name)
    if not isinstance(value, str):
        raise ToolFailed("bad_arguments", f"argument {name!r} is missing")
    return value


def _lookup(arguments: Arguments, world: World) -> str:
    if "order" in arguments:
        order = _text(arguments, "order")
        owner = world.by_order(order)
        if owner is None:
            raise ToolFailed("not_found", f"there is no order {order}")
        refunded = " and was refunded" if order in world.refunded else ""
        return f"Order {order} ({owner.item}) is {owner.order_status}{refunded}."
    customer_id = _text(arguments, "customer")
    customer = world.by_id(customer_id)
    if customer is None:
        raise ToolFailed("not_found", f"there is no customer {customer_id}")
    return f"We hold the account {customer.id} with the address {customer.email}."


def _refund(order: str, world: World) -> str:
    if world.by_order(order) is None:
        raise ToolFailed("not_found", f"there is no order {order}")
    if order in world.refunded:
        raise ToolFailed("already_refunded", f"order {order} was refunded before")
    world.refunded.append(order)
    return f"Order {order} is refunded."


def _delete(customer_id: str, world: World) -> str:
    if world.by_id(customer_id) is None:
        raise ToolFailed("not_found", f"there is no customer {customer_id}")
    world.deleted.append(customer_id)
    return f"Account {customer_id} is deleted."
