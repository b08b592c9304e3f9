"""Errors from outside become typed failures; the table says which are tried again."""

from __future__ import annotations

import asyncio

import pytest
from temporalio.exceptions import ApplicationError

from halon.connectors.errors import ConnectorError, MissingSecret, NoAnswer, Refused, Unexpected, Unreachable
from halon_activities import failures
from halon_activities.failures import HandError, as_failure, typed


@pytest.mark.parametrize(
    ("error", "kind", "final"),
    [(Refused("h", "w"), "Refused", True), (MissingSecret("X"), "MissingSecret", True),
     (Unreachable("h", "w"), "Unreachable", False), (NoAnswer("h", "w"), "NoAnswer", False),
     (Unexpected(404, ""), "Unexpected", True), (Unexpected(503, ""), "Unexpected", False),
     (Unexpected(429, ""), "Unexpected", False), (Unexpected(524, ""), "Unexpected", False),
     *((Unexpected(code, "", "smtp"), "Unexpected", False) for code in (421, 432, 447, 451, 454, 455)),
     *((Unexpected(code, "", "smtp"), "Unexpected", True) for code in (500, 501, 503, 504, 530, 550, 554)),
     (OSError("disk"), "Disk", False), (KeyError("x"), "KeyError", False)],
)  # fmt: skip
def test_each_error_has_its_type_and_whether_it_is_tried_again(error: Exception, kind: str, final: bool) -> None:
    """People and retries decide on types, never on text."""
    failure = as_failure(error)
    assert (failure.type, failure.non_retryable) == (kind, final)


def test_every_error_of_ours_is_in_the_table() -> None:
    """A new error type without a line here would be retried under a name that nobody knows."""
    known = {kind for kind, _, _ in failures._TABLE}
    for base in (ConnectorError, HandError):
        assert set(base.__subclasses__()) <= known


def test_failures_are_short_redacted_and_without_their_causes() -> None:
    """Messages go into histories: no personal data, no payloads, no chain of causes."""

    def fail() -> None:
        with typed():
            try:
                raise ValueError("payload with 4111111111111111")
            except ValueError as error:
                raise Unexpected(400, "mail to ada@example.com " + "x" * 5000) from error

    with pytest.raises(ApplicationError) as caught:
        fail()
    assert "ada@example.com" not in caught.value.message
    assert len(caught.value.message) < 1100
    assert caught.value.__cause__ is None


def test_cancellation_is_not_a_failure() -> None:
    """Temporal's own errors and cancellation pass through."""
    with pytest.raises(asyncio.CancelledError), typed():
        raise asyncio.CancelledError


def test_what_nobody_expected_leaves_its_place_in_the_log_and_none_of_its_words(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Nobody who looks at the incident sees files of this machine; whoever mends it finds the line."""

    def break_down() -> None:
        raise KeyError("card 4111111111111111")

    with pytest.raises(ApplicationError), typed():
        break_down()
    assert "not expected: KeyError" in caplog.text
    assert "in break_down" in caplog.text
    caplog.clear()
    with pytest.raises(ApplicationError), typed():
        raise MissingSecret("X")
    assert caplog.text == ""
