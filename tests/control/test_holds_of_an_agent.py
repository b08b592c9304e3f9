"""Domains, memory, sources, pins and caps: what the agent's own code is told, what is refused, what is kept for people."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from halon.control import Control, EgressBlocked, GuardrailHit, TokensExceeded, TooManyAtOnce, Turn, VersionNotHere
from halon.control.egress import egress_refusal, may_reach
from halon.control.switches import Switches


def domains(blocked: str = "", only: list[str] | None = None) -> Switches:
    return Switches(
        {f"egress/{blocked}": {"blocked": True}, "egress": {"only": only}} if blocked else {"egress": {"only": only}}
    )


@pytest.mark.parametrize(
    ("address", "open_"),
    [
        ("https://evil.example/x?d=1", False), ("HTTPS://A.B.EVIL.EXAMPLE:443", False), ("ann@evil.example", False),
        ("evil.example", False), ("https://ours.example@evil.example/", False), ("https://evil%2eexample/", False),
        ("//evil.example/x", False), ("https:\\\\evil.example", False), ("https://evil.example./", False),
        ("https://ｅｖｉｌ.example/", False), ("https://evil。example/", False), ("Ann <ann@evil.example>", False),
        ("https://notevil.example/", True), ("https://evil.example.ours.example/", True), ("https://ours.example", True),
    ],
)  # fmt: skip
def test_a_domain_is_blocked_with_all_below_it(address: str, open_: bool) -> None:
    """However it is spelled; one that only looks like it is open."""
    assert may_reach(domains("evil.example"), address) is open_


@pytest.mark.parametrize(
    ("address", "open_"),
    [
        ("https://api.ours.example/v1", True), ("ann@ours.example", True), ("https://evil.example", False),
        ("https://203.0.113.9/x", False), ("http://[2001:db8::1]/", False), ("https://ours.example.evil.example", False),
        ("localhost", False), ("", False),
    ],
)  # fmt: skip
def test_with_a_list_nothing_else_is_open(address: str, open_: bool) -> None:
    """An address that can't be read is not on the list."""
    assert may_reach(domains(only=["ours.example"]), address) is open_


@pytest.mark.parametrize(
    ("arguments", "refused"),
    [
        ({"text": "see https://evil.example/x"}, True), ({"rows": [{"to": "a@sub.evil.example"}]}, True),
        ({"text": "go to evil.example now"}, True), ({"text": "evil.examples are many"}, False), ({"n": 7}, False),
        ({"text": "https://ours.example"}, False),
    ],
)  # fmt: skip
def test_a_call_that_names_a_blocked_domain_is_refused(arguments: Any, refused: bool) -> None:
    """In any argument, at any depth, as an address or as a bare name."""
    assert (egress_refusal(domains("evil.example"), "send", arguments, None) is not None) is refused


@pytest.mark.parametrize(("arguments", "refused"), [({"host": "evil.example"}, True), ({"host": "api.ours.example"}, False),
                                                    ({"path": "report.txt"}, False), ({"body": "mail x@evil.example"}, True)])  # fmt: skip
def test_a_call_beyond_the_list_is_refused(arguments: Any, refused: bool) -> None:
    """A file's name is no domain; an argument that is called host is one."""
    assert (egress_refusal(domains(only=["ours.example"]), "send", arguments, None) is not None) is refused


async def test_the_recipient_counts_and_the_refusal_names_the_domain(agent: Any, http: httpx.AsyncClient) -> None:
    """The mail does not leave; the model reads why; undone, it leaves."""
    await http.put("/control/egress/outside.example", json={"blocked": True})
    with pytest.raises(EgressBlocked, match=r"outside\.example may not be reached"):
        agent.send_email("ann@outside.example")
    assert agent.send_email("ann@ours.example") == "sent to ann@ours.example"
    await http.put("/control/egress/outside.example", json={"blocked": False})
    agent.send_email("ann@outside.example")
    assert agent.sent == ["ann@ours.example", "ann@outside.example"]


async def test_a_rule_refuses_arguments(agent: Any, http: httpx.AsyncClient) -> None:
    """The approval that it would have used up is not asked for."""
    await http.put("/control/guardrails/records", json={"blocks": "card 4111*"})
    await http.put("/control/tools/send_email/approval", json={"required": True})
    with pytest.raises(GuardrailHit, match="rule records"):
        agent.send_email("ann@ours.example", body="C-1; Card 4111 1111")
    assert (await http.get("/control/approvals")).json()["approvals"] == []


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("egress/Evil.example", {"blocked": True}), ("egress/evil..example", {"blocked": True}), ("egress", {"only": "x"}),
        ("egress", {"only": ["https://x"]}), ("guardrails/r", {"blocks": "*"}), ("guardrails/r", {"blocks": "a" * 201}),
        ("guardrails/r", {"blocks": "ab", "rolled_back": True}), ("pins/prompt", {"value": ""}), ("pins/prompt", {"value": 7}),
        ("pins/prompt", {"value": "p", "rolled_back": True}), ("drain", {"on": True, "since": 1}), ("memory", {"on": True}),
        ("generation", {"max_temperature": 0.1}), ("generation", {"max_temperature": -1, "max_context_tokens": None}),
        ("token-cap", {"tokens_per_hour": 1.5}), ("concurrency-cap", {"turns": -1}), ("sources/web", {"quarantined": 1}),
        ("tenants/" + "x" * 201, {"isolated": True}),
    ],
)  # fmt: skip
async def test_what_a_switch_can_not_be_is_refused_and_changes_nothing(
    http: httpx.AsyncClient, path: str, body: Any
) -> None:
    """422 with what it must be."""
    before = (await http.get("/control/state")).json()
    answer = await http.put(f"/control/{path}", json=body)
    assert (answer.status_code, len(answer.json()["detail"]) > 10) == (422, True)
    assert (await http.get("/control/state")).json() == before


@pytest.mark.parametrize(
    "path", ["sessions", "memory-cleared", "token-epoch", "sources", "tenants", "guardrails/a/b", "tenants/"]
)
async def test_what_goes_one_way_is_not_set(http: httpx.AsyncClient, path: str) -> None:
    """Nobody puts an ended session back."""
    assert (await http.put(f"/control/{path}", json={})).status_code in (404, 422)


async def test_memory_is_cleared_once_with_a_copy(agent: Any, http: httpx.AsyncClient) -> None:
    """Number and hash are reported, the copy is kept; the same key clears nothing a second time."""
    memory = [{"user": "ann", "likes": "tea"}, {"user": "desk", "order": "copy all"}]
    calls: list[str] = []

    async def clear() -> None:
        calls.append("clear")
        memory.clear()

    agent.control.keeps_memory(entries=lambda: list(memory), clear=clear)
    shown = (await http.get("/v1/memory")).json()
    assert (shown["memory"], shown["entries"], shown["registered"]) == (memory, 2, True)
    kept, headers = list(memory), {"Idempotency-Key": "inc-1/clear/apply/1"}
    first = (await http.post("/control/memory/clear", headers=headers)).json()
    memory.append({"user": "ann", "likes": "coffee"})
    again = await http.post("/control/memory/clear", headers=headers)
    assert (again.json(), again.headers["Idempotent-Replay"], calls) == (first, "true", ["clear"])
    assert (first["entries"], first["sha256"], first["cleared_lately"]) == (2, shown["sha256"], True)
    copy = (await http.get("/control/memory-cleared/copy")).json()
    assert (copy["memory"], copy["sha256"]) == (kept, shown["sha256"])
    assert len(memory) == 1


async def test_a_clear_that_crashed_finds_its_copy(agent: Any, http: httpx.AsyncClient) -> None:
    """The agent's function failed after it had forgotten half: the next try of the same call keeps the first copy."""
    memory, broken = ["a", "b"], [True]

    def clear() -> None:
        memory.clear()
        if broken.pop() if broken else False:
            raise OSError("the vector store went away")

    agent.control.keeps_memory(entries=lambda: list(memory), clear=clear)
    headers = {"Idempotency-Key": "k-1"}
    failed = await http.post("/control/memory/clear", headers=headers)
    assert (failed.status_code, "vector store" in failed.json()["detail"]) == (422, True)
    assert (await http.get("/control/memory-cleared")).json()["cleared_lately"] is False
    assert (await http.post("/control/memory/clear", headers=headers)).json()["entries"] == 2
    assert (await http.get("/control/memory-cleared/copy")).json()["memory"] == ["a", "b"]


async def test_memory_that_is_still_there_is_not_called_cleared(agent: Any, http: httpx.AsyncClient) -> None:
    """The control looks again after the agent's function; without functions it says that it can't."""
    refused = await http.post("/control/memory/clear")
    assert (refused.status_code, "keeps_memory" in refused.json()["detail"]) == (501, True)
    assert (await http.get("/v1/memory")).json()["registered"] is False
    agent.control.keeps_memory(entries=lambda: ["a"], clear=lambda: None)
    answer = await http.post("/control/memory/clear")
    assert (answer.status_code, "still there" in answer.json()["detail"]) == (422, True)
    assert (await http.get("/control/memory-cleared")).json()["cleared_lately"] is False


async def test_without_content_only_the_hash_of_memory_is_kept(tmp_path: Path, reach: Any) -> None:
    """What may not be logged is not copied either."""
    control = Control("quiet", state=tmp_path / "quiet.db", content=False)
    memory = ["a secret"]
    control.keeps_memory(entries=lambda: list(memory), clear=memory.clear)
    async with reach(control) as client:
        assert (await client.post("/control/memory/clear")).json()["entries"] == 1
        copy = (await client.get("/control/memory-cleared/copy")).json()
    assert (copy["memory"], copy["left_out"]) == ([], 1)
    control.close()


async def test_memory_is_off_or_apart(agent: Any, http: httpx.AsyncClient) -> None:
    """Disabled: neither read nor written. Quarantined: written and not read. The two don't undo each other."""
    ask = agent.control.may_recall, agent.control.may_remember
    assert [one() for one in ask] == [True, True]
    await http.put("/control/memory-quarantine", json={"on": True})
    assert [one() for one in ask] == [False, True]
    await http.put("/control/memory", json={"enabled": False})
    assert [one() for one in ask] == [False, False]
    await http.put("/control/memory", json={"enabled": True})
    assert [one() for one in ask] == [False, True]
    await http.put("/control/memory-quarantine", json={"on": False})
    assert [one() for one in ask] == [True, True]


async def test_a_quarantined_source_is_left_out_but_not_of_a_rehearsal(agent: Any, http: httpx.AsyncClient) -> None:
    """Documents come back as they were given; one document can be quarantined by its id; the reading says what is known."""
    pages = [{"id": "a", "source": "wiki", "text": "x"}, {"id": "b", "source": "web"}]
    assert agent.control.retrieved(pages) == pages
    await http.put("/control/sources/web", json={"quarantined": True})
    assert agent.control.retrieved(pages) == pages[:1]
    assert (agent.control.may_use("wiki"), agent.control.may_use("web")) == (True, False)
    with agent.control.rehearsing():
        assert agent.control.retrieved(pages) == pages
        assert agent.control.may_use("web") is True
    with agent.control.turn() as turn:
        agent.control.retrieved(pages)
    assert [one["id"] for one in turn.documents] == ["a"]
    await http.put("/control/sources/a", json={"quarantined": True})
    assert agent.control.retrieved(pages) == []
    known = [(await http.get(f"/control/sources/{one}")).json()["known"] for one in ("web", "wbe")]
    assert known == [True, False]


async def test_a_pin_stands_in_and_a_roll_back_goes_to_the_one_before(agent: Any, http: httpx.AsyncClient) -> None:
    """A version that the agent does not have can't be pinned; one that it lost since is refused and not guessed."""
    pinned = agent.control.pinned
    assert (await http.post("/control/pins/prompt/roll-back")).status_code == 409
    assert [pinned("prompt", one) for one in ("p-1", "p-2", "p-3")] == ["p-1", "p-2", "p-3"]
    shown = (await http.post("/control/pins/prompt/roll-back")).json()
    assert (shown["value"], shown["rolled_back"], pinned("prompt", "p-3")) == ("p-2", True, "p-2")
    assert (await http.post("/control/pins/prompt/roll-back")).json()["value"] == "p-1"
    await http.put("/control/pins/prompt", json={"value": None})
    assert pinned("prompt", "p-3") == "p-3"
    pinned("model", "m-2", known=["m-1", "m-2"])
    wrong = await http.put("/control/pins/model", json={"value": "m-9"})
    assert (wrong.status_code, "m-1, m-2" in wrong.json()["detail"]) == (422, True)
    await http.put("/control/pins/model", json={"value": "m-1"})
    assert pinned("model", "m-2", known=["m-1", "m-2"]) == "m-1"
    with pytest.raises(VersionNotHere):
        pinned("model", "m-2", known=["m-2"])
    assert (await http.get("/control/pins/model")).json()["own"] == "m-2"


async def test_a_token_cap_counts_the_last_hour(agent: Any, http: httpx.AsyncClient) -> None:
    """What goes over is counted and said at once; then nothing runs."""
    await http.put("/control/token-cap", json={"tokens_per_hour": 1000})
    agent.control.spend(0, tokens=900)
    with pytest.raises(TokensExceeded):
        agent.control.spend(0, tokens=200)
    with pytest.raises(TokensExceeded):
        agent.lookup(1)
    assert (await http.get("/control/token-cap")).json() == {"tokens_per_hour": 1000, "tokens_last_hour": 1100}
    with pytest.raises(ValueError, match="tokens"):
        agent.control.spend(0, tokens=-1)


async def test_turns_at_the_same_time_are_counted_over_processes(tmp_path: Path, reach: Any) -> None:
    """The third of two is refused with when to come back; a process that died holds no place."""
    control = Control("busy", state=tmp_path / "busy.db")
    async with reach(control) as client:
        await client.put("/control/concurrency-cap", json={"turns": 2})
    program = (
        "import sys; from halon.control import Control\n"
        "control = Control('busy', state=sys.argv[1])\n"
        "with control.turn(session='x') as turn:\n"
        "    print(turn.fallback, flush=True); sys.stdin.read()\n"
    )
    other = subprocess.Popen([sys.executable, "-c", program, str(tmp_path / "busy.db")], env=dict(os.environ),
                             stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)  # fmt: skip
    assert other.stdout is not None
    assert other.stdout.readline() == "None\n"
    with control.turn() as one:
        assert one.fallback is None
        with reach_beside(control) as two:
            assert (type(two.refusal), two.refusal.retry_after) == (TooManyAtOnce, 1)
    other.kill()
    other.communicate(timeout=10)
    with control.turn() as one, reach_beside(control) as two:
        assert (one.fallback, two.fallback) == (None, None)
    control.close()


def reach_beside(control: Control) -> Any:
    """A turn beside the one that runs here, as another request has it."""
    return control._begin(Turn(control, "", "", ""))


async def test_generation_limits_only_lower(agent: Any, http: httpx.AsyncClient) -> None:
    """What is asked for below the limit stays; null leaves one free."""
    await http.put("/control/generation", json={"max_temperature": 0.3, "max_context_tokens": None})
    assert [agent.control.temperature(one) for one in (0.1, 0.9, None)] == [0.1, 0.3, 0.3]
    assert [agent.control.context_tokens(one) for one in (100, None)] == [100, None]


async def test_browsing_is_refused_and_says_for_which_tools(agent: Any, http: httpx.AsyncClient) -> None:
    """A tool that is marked; the others go on."""
    fetch = agent.control.tool("fetch", writes=False, browses=True)(lambda url: url)
    assert fetch("https://x.example") == "https://x.example"
    await http.put("/control/browsing", json={"blocked": True})
    assert (await http.get("/control/browsing")).json() == {"blocked": True, "tools": ["fetch"]}
    assert agent.control.may_browse() is False
    assert agent.lookup(1) == "order 1"
    with pytest.raises(Exception, match="Browsing is blocked"):
        fetch("https://x.example")


async def test_all_of_it_outlives_the_process(tmp_path: Path, reach: Any) -> None:
    """What was set is there for whoever opens the state next."""
    first = Control("again", state=tmp_path / "again.db")
    puts: dict[str, dict[str, Any]] = {
        "tenants/a": {"isolated": True}, "sources/b": {"quarantined": True}, "egress/c.example": {"blocked": True},
        "guardrails/d": {"blocks": "dd"}, "pins/e": {"value": "ee"}, "links": {"blocked": True}, "memory": {"enabled": False},
        "egress": {"only": ["x.example"]}, "token-cap": {"tokens_per_hour": 5}, "drain": {"on": True},
    }  # fmt: skip
    async with reach(first) as client:
        for path, body in puts.items():
            assert (await client.put(f"/control/{path}", json=body)).status_code == 200
    first.close()
    second = Control("again", state=tmp_path / "again.db")
    async with reach(second) as client:
        for path, body in puts.items():
            assert (await client.get(f"/control/{path}")).json().items() >= body.items()
    second.close()
