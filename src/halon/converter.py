"""The converters: pydantic's JSON, with one set of type adapters for the whole process; failures without stack traces.

The SDK makes a payload converter for every workflow instance, and pydantic's builds its type adapters anew in each:
17 ms for ``Opening`` alone, on every start and every replay, holding the interpreter's lock. With 200 incidents opened
at once that ran into the SDK's deadlock detector (2 s) and failed workflow tasks (measured). An adapter depends on its
type alone, so sharing it gives workflow code nothing to see.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable
from typing import Any

from pydantic import TypeAdapter
from temporalio.api.common.v1 import Payload
from temporalio.api.failure.v1 import Failure
from temporalio.contrib.pydantic import PydanticJSONPlainPayloadConverter
from temporalio.converter import (
    CompositePayloadConverter,
    DefaultFailureConverter,
    DefaultPayloadConverter,
    JSONPlainPayloadConverter,
    PayloadConverter,
)

_MOST_ADAPTERS = 512
"""In the strict sandbox every workflow instance has types of its own: without a bound they would pile up."""


class SharedJson(PydanticJSONPlainPayloadConverter):
    """Pydantic's JSON. An adapter is built once, by one thread, while the others that need it wait."""

    def __init__(self) -> None:
        super().__init__(max_cached_type_adapters=0)
        self._adapters: OrderedDict[Hashable, TypeAdapter[Any]] = OrderedDict()
        self._lock = threading.Lock()

    def from_payload(self, payload: Payload, type_hint: type | None = None) -> Any:
        """The value in ``payload``, as ``type_hint`` says. Raises pydantic's ValidationError."""
        return self.adapter(Any if type_hint is None else type_hint).validate_json(payload.data)

    def adapter(self, hint: Any) -> TypeAdapter[Any]:
        """The adapter for a type hint."""
        try:
            hash(hint)
        except TypeError:  # such as Annotated with a list in it
            return TypeAdapter(hint)
        with self._lock:
            if hint not in self._adapters:
                self._adapters[hint] = TypeAdapter(hint)
                if len(self._adapters) > _MOST_ADAPTERS:
                    self._adapters.popitem(last=False)
            self._adapters.move_to_end(hint)
            return self._adapters[hint]


_SHARED = SharedJson()


class SharedPayloadConverter(CompositePayloadConverter):
    """The SDK's converters, with pydantic's shared one for JSON."""

    def __init__(self) -> None:
        plain = DefaultPayloadConverter.default_encoding_payload_converters
        super().__init__(*(_SHARED if isinstance(each, JSONPlainPayloadConverter) else each for each in plain))


def warm(*hints: Any) -> None:
    """Build the adapters of these types now, so that the first incident does not wait for them."""
    for hint in hints:
        _SHARED.adapter(hint)


class TracelessFailures(DefaultFailureConverter):
    """The SDK's failures without stack traces: those show in Temporal's UI, and they name folders of this machine.

    A refusal needs none: its type and words say everything. What was not expected leaves its trace in the worker's log:
    the SDK logs a workflow task that failed, and ``halon_activities.failures`` an activity's error that it does not know.
    """

    def to_failure(self, exception: BaseException, payload_converter: PayloadConverter, failure: Failure) -> None:
        """See the base class. Causes come through here as well, one by one."""
        super().to_failure(exception, payload_converter, failure)
        failure.stack_trace = ""
