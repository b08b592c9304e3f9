"""Each switch stops the real effect of a tool, sync or async, at the moment it is to run."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import httpx
import pytest

from halon.control import (
    AgentReadOnly,
    AgentStopped,
    Control,
    RateExceeded,
    Refused,
    SpendExceeded,
    TokenOutdated,
    ToolDisabled,
)


async def put(http: httpx.AsyncClient, path: str, body: Any) -> Any:
    answer = await http.put(f"/control/{path}", json=body)
    assert answer.status_code == 200, answer.text
    assert (await http.get(f"/control/{path}")).json().items() >= answer.json().items()
    return answer.json()


async def test_an_untouched_agent_works_as_before(agent: Any) -> None:
    """Nothing is switched, so nothing is refused; name, signature and doc are those of the function."""
    assert agent.send_email("ann@ours.example", body="hi") == "sent to ann@ours.example"
    assert await agent.send_later("ben@ours.example") == "will send to ben@ours.example"
    assert agent.lookup(7) == "order 7"
    assert agent.sent == ["ann@ours.example", "ben@ours.example"]
    assert (agent.send_email.__name__, agent.send_email.__doc__) == ("send_email", "Send a mail.")
    assert list(inspect.signature(agent.send_email).parameters) == ["to", "body", "customers"]
    assert inspect.iscoroutinefunction(agent.send_later)
    assert not inspect.iscoroutinefunction(agent.send_email)


@pytest.mark.parametrize(
    ("path", "body", "error"),
    [
        ("kill-switch", {"on": True}, AgentStopped),
        ("read-only", {"on": True}, AgentReadOnly),
        ("tools/send_email", {"enabled": False}, ToolDisabled),
        ("tools/send_email", {"enabled": True, "share": 0}, ToolDisabled),
        ("tools/send_email/rate-limit", {"per_minute": 0}, RateExceeded),
        ("spend-cap", {"eur_per_hour": 0}, SpendExceeded),
    ],
)
async def test_a_switch_stops_the_effect(
    agent: Any, http: httpx.AsyncClient, path: str, body: Any, error: type[Refused]
) -> None:
    """The refusal is a type with a stable code and a sentence; the tool's own code is not reached."""
    await put(http, path, body)
    with pytest.raises(error) as caught:
        agent.send_email("ann@ours.example")
    assert agent.sent == []
    assert caught.value.code
    assert len(str(caught.value)) > 20


@pytest.mark.parametrize(("path", "body"), [("kill-switch", {"on": True}), ("tools/send_later", {"enabled": False})])
async def test_an_async_tool_is_stopped_too(agent: Any, http: httpx.AsyncClient, path: str, body: Any) -> None:
    """The switch is asked when the call runs, not when it is written down."""
    prepared = agent.send_later("ann@ours.example")
    await put(http, path, body)
    with pytest.raises(Refused):
        await prepared
    assert agent.sent == []


async def test_a_switch_that_is_taken_back_lets_the_tool_run_again(agent: Any, http: httpx.AsyncClient) -> None:
    """Off and on leave nothing behind."""
    await put(http, "tools/send_email", {"enabled": False})
    with pytest.raises(ToolDisabled):
        agent.send_email("ann@ours.example")
    await put(http, "tools/send_email", {"enabled": True})
    assert agent.send_email("ann@ours.example") == "sent to ann@ours.example"


async def test_read_only_and_one_tool_leave_the_rest_alone(agent: Any, http: httpx.AsyncClient) -> None:
    """Reading goes on under read-only; another tool goes on when one is off."""
    await put(http, "read-only", {"on": True})
    assert agent.lookup(1) == "order 1"
    await put(http, "read-only", {"on": False})
    await put(http, "tools/send_email", {"enabled": False})
    assert await agent.send_later("ann@ours.example") == "will send to ann@ours.example"


async def test_a_share_of_sessions_is_stable_and_grows(agent: Any, http: httpx.AsyncClient) -> None:
    """A session that has the tool at 30 percent has it at 60 too."""

    def admitted() -> set[int]:
        found = set()
        for number in range(200):
            with agent.control.turn(session=f"s-{number}"):
                try:
                    agent.send_email("ann@ours.example")
                    found.add(number)
                except ToolDisabled:
                    continue
        return found

    await put(http, "tools/send_email", {"enabled": True, "share": 30})
    first, again = admitted(), admitted()
    await put(http, "tools/send_email", {"enabled": True, "share": 60})
    more = admitted()
    assert first == again
    assert 30 <= len(first) <= 90
    assert first < more


async def test_a_rate_limit_counts_the_calls_of_a_minute(agent: Any, http: httpx.AsyncClient) -> None:
    """The third call of two is refused and says when to come back; another tool is not counted."""
    await put(http, "tools/send_email/rate-limit", {"per_minute": 2})
    agent.send_email("a@ours.example")
    agent.send_email("b@ours.example")
    with pytest.raises(RateExceeded) as caught:
        agent.send_email("c@ours.example")
    assert 1 <= caught.value.retry_after <= 60
    assert len(agent.sent) == 2
    assert agent.lookup(3) == "order 3"


async def test_turns_are_limited_too(agent: Any, http: httpx.AsyncClient) -> None:
    """A turn over the limit gets the fallback, with the reason at hand."""
    await put(http, "rate-limit", {"per_minute": 1})
    with agent.control.turn(session="s") as first:
        assert first.fallback is None
    with agent.control.turn(session="s") as second:
        assert second.fallback == "A person will answer."
    assert isinstance(second.refusal, RateExceeded)


async def test_a_spend_cap_stops_the_model_and_the_tools(agent: Any, http: httpx.AsyncClient) -> None:
    """What is over the cap is counted and said at once; then neither tools nor turns go on until the hour has passed."""
    await put(http, "spend-cap", {"eur_per_hour": 0.01})
    agent.control.spend(0.006, tokens=900)
    agent.send_email("a@ours.example")
    with pytest.raises(SpendExceeded):
        agent.control.spend(0.006)
    with pytest.raises(SpendExceeded):
        agent.send_email("b@ours.example")
    with agent.control.turn() as turn:
        assert turn.fallback is not None
    assert (await http.get("/control/spend-cap")).json() == {"eur_per_hour": 0.01, "spent_last_hour": 0.012}
    assert agent.sent == ["a@ours.example"]


@pytest.mark.parametrize("cost", [-1.0, float("nan"), float("inf")])
def test_a_cost_that_is_none_is_an_error(agent: Any, cost: float) -> None:
    """It would make the sum meaningless."""
    with pytest.raises(ValueError, match="can't cost"):
        agent.control.spend(cost)


async def test_the_epoch_ends_every_session_issued_before(agent: Any, http: httpx.AsyncClient) -> None:
    """One key is one step; what is no epoch is refused as well."""
    issued = agent.control.epoch
    agent.control.require_epoch(issued)
    for _ in range(2):
        headers = {"Idempotency-Key": "incident-1/advance/1"}
        answer = await http.post("/control/token-epoch/advance", headers=headers)
    shown = (await http.get("/control/token-epoch")).json()
    assert answer.json() == shown
    assert (shown["epoch"], shown["advanced_lately"]) == (issued + 1, True)
    with pytest.raises(TokenOutdated):
        agent.control.require_epoch(issued)
    for wrong in (None, "2", 2.0, True):
        with pytest.raises(TokenOutdated):
            agent.control.require_epoch(wrong)
    agent.control.require_epoch(agent.control.epoch)


async def test_the_epoch_never_goes_back_nor_leaps(agent: Any, http: httpx.AsyncClient) -> None:
    """A wanted epoch is the next one, or one that is reached already."""
    assert (await http.post("/control/token-epoch/advance", json={"epoch": 2})).json()["epoch"] == 2
    assert (await http.post("/control/token-epoch/advance", json={"epoch": 1})).json()["epoch"] == 2
    assert (await http.post("/control/token-epoch/advance", json={"epoch": 9})).status_code == 409
    assert (await http.put("/control/token-epoch", json={"epoch": 1, "advanced": 0})).status_code == 404


async def test_a_refusal_can_be_the_result(agent: Any, http: httpx.AsyncClient) -> None:
    """Frameworks show results to a model: it reads the sentence, and the effect does not happen."""
    done: list[int] = []
    tool = agent.control.tool("refund", on_refusal="return")(done.append)
    await put(http, "tools/refund", {"enabled": False})
    assert tool(5) == "The tool refund is switched off; a person looks into it."
    assert done == []


def test_methods_callable_objects_and_generators(agent: Any) -> None:
    """A method works with its object; an object with __call__ is a tool; a generator is refused at once."""

    class Desk:
        @agent.control.tool("close_ticket", authorised=lambda call: call == {"ticket": 3, "why": "done"})
        def close(self, ticket: int, *, why: str = "done") -> int:
            return ticket

        def __call__(self, word: str) -> str:
            return word.upper()

    assert Desk().close(3) == 3
    assert agent.control.tool()(Desk())("hi") == "HI"
    with pytest.raises(TypeError, match="generator"):

        @agent.control.tool()
        def counting() -> Any:
            yield 1


async def test_a_tool_needs_no_parentheses(agent: Any, http: httpx.AsyncClient) -> None:
    """``@control.tool`` alone is ``@control.tool()``: the function is called, listed and switched off."""

    @agent.control.tool
    def send_letter(to: str) -> str:
        """Send a letter."""
        return f"letter to {to}"

    @agent.control.tool
    async def send_parcel(to: str) -> str:
        return f"parcel to {to}"

    assert (send_letter("ann"), await send_parcel("ben")) == ("letter to ann", "parcel to ben")
    assert (send_letter.__name__, send_letter.__doc__) == ("send_letter", "Send a letter.")
    assert {"send_letter", "send_parcel"} <= set((await http.get("/v1/agent")).json()["tools"])
    await put(http, "tools/send_letter", {"enabled": False})
    with pytest.raises(ToolDisabled):
        send_letter("ann")


@pytest.mark.parametrize("name", [7, ["send"], classmethod(print)])
def test_a_tool_is_named_by_text(agent: Any, name: Any) -> None:
    """What is neither a name nor a function is no decorator that does nothing, and the error says what to write."""
    with pytest.raises(TypeError, match=r"write @control\.tool or @control\.tool\('name'\)"):
        agent.control.tool(name)


def test_a_wrong_call_is_the_same_error_as_without_control(agent: Any) -> None:
    """Neither too many nor missing arguments are swallowed."""
    with pytest.raises(TypeError, match="missing a required argument: 'to'"):
        agent.send_email()
    with pytest.raises(TypeError, match="too many positional arguments"):
        agent.lookup(1, 2)


def test_two_agents_do_not_share_a_state_file(agent: Any, tmp_path: Path) -> None:
    """One kill switch must not stop the other agent by mistake."""
    with pytest.raises(RuntimeError, match="belongs to 'my-agent'"):
        Control("other-agent", state=tmp_path / "control.db")
