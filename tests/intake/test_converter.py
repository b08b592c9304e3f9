"""One set of type adapters for the whole process, built once whoever asks first."""

from __future__ import annotations

import asyncio
import threading
import time
from dataclasses import dataclass
from typing import Annotated, Any

import pytest
from pydantic import TypeAdapter, ValidationError
from temporalio.api.failure.v1 import Failure
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.exceptions import ApplicationError

from halon import converter
from halon.client import data_converter
from halon.converter import SharedJson, SharedPayloadConverter, warm
from halon.incident.alerts import Alert
from halon.incident.opening import Opening

ALERT = Alert(
    source="s", agent="a", group="g", rule="r", status="firing", fingerprint="f", started_at="t", received_at="t"
)


def test_it_writes_and_reads_what_pydantics_own_converter_does() -> None:
    """Values of every encoding come out the same and are written the same, byte for byte."""
    values: list[Any] = [None, b"\x00", "text", 1.5, [1], {"a": None}, Opening(alerts=(ALERT,))]
    ours = data_converter.payload_converter.to_payloads(values)
    assert ours == pydantic_data_converter.payload_converter.to_payloads(values)
    hints: list[Any] = [type(None), bytes, str, float, list[int], dict[str, Any], Opening]
    assert data_converter.payload_converter.from_payloads(ours, hints) == values
    with pytest.raises(ValidationError):
        data_converter.payload_converter.from_payload(ours[2], Opening)


def test_an_opening_is_read_by_a_fresh_converter_without_building_its_type_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The SDK makes a converter for each workflow: none of them builds what another has built."""
    warm(Opening)
    monkeypatch.setattr(converter, "TypeAdapter", _never)
    payload = SharedPayloadConverter().to_payload(Opening(alerts=(ALERT,)))
    for _ in range(3):
        assert SharedPayloadConverter().from_payload(payload, Opening) == Opening(alerts=(ALERT,))


def test_threads_that_need_a_type_at_once_build_it_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Workflow threads that start together wait for one build instead of doing it each."""
    built = []

    def slow(hint: Any) -> TypeAdapter[Any]:
        built.append(hint)
        time.sleep(0.05)
        return TypeAdapter(hint)

    monkeypatch.setattr(converter, "TypeAdapter", slow)
    shared, found = SharedJson(), []
    threads = [threading.Thread(target=lambda: found.append(shared.adapter(Opening))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert built == [Opening]
    assert len({id(each) for each in found}) == 1


def test_memory_is_bounded_and_odd_hints_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """Types that come and go, as in the strict sandbox, do not pile up; a hint that can't be a key is still read."""
    monkeypatch.setattr(converter, "_MOST_ADAPTERS", 3)
    shared = SharedJson()

    @dataclass
    class Local:
        a: int

    for hint in (int, str, Local, float, list[int]):
        shared.adapter(hint)
    assert list(shared._adapters) == [Local, float, list[int]]
    payload = shared.to_payload(5)
    assert payload is not None
    odd: Any = Annotated[int, ["unhashable"]]
    assert shared.from_payload(payload, odd) == 5
    assert shared.from_payload(payload) == 5
    assert asyncio.run(data_converter.decode([payload])) == [5]


def _never(hint: Any) -> None:
    raise AssertionError(f"{hint} was built again")


def test_a_failure_carries_no_stack_trace() -> None:
    """Refusals, their causes and what nobody expected: none shows the folders of this machine to whoever looks."""
    for wrong in (ApplicationError("no", type="NotAuthorised"), ValueError("odd")):
        failure = Failure()
        try:
            try:
                raise KeyError("cause")
            except KeyError as cause:
                raise wrong from cause
        except Exception as raised:
            data_converter.failure_converter.to_failure(raised, data_converter.payload_converter, failure)
        assert (failure.message, failure.cause.message) == (str(wrong).rpartition(": ")[2], "'cause'")
        assert (failure.stack_trace, failure.cause.stack_trace) == ("", "")
        assert __file__ not in str(failure)
