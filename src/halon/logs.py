"""Log lines, as text or as one JSON object a line. Personal data and secrets are masked in whatever is logged."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Final

from halon.redaction import redact

FORMS: Final = ("text", "json")
"""What HALON_LOG may say."""
DELIVERIES: Final = "halon.delivery"
"""The logger with one line per delivery, at level INFO."""
_LONGEST = 20_000


def set_up(form: str, also: Iterable[logging.Handler] = ()) -> None:
    """Have every handler of the root logger, and those in ``also``, write lines in ``form``; deliveries among them."""
    root = logging.getLogger()
    for handler in also:
        root.addHandler(handler)
    for handler in root.handlers:
        handler.setFormatter(Line(form))
    logging.getLogger(DELIVERIES).setLevel(logging.INFO)


class Line(logging.Formatter):
    """One line of the log. What comes as ``extra={"fields": …}`` are names and numbers of ours and stays as it is."""

    def __init__(self, form: str = "text") -> None:
        super().__init__()
        self._json = form == "json"

    def format(self, record: logging.LogRecord) -> str:
        """See the base class."""
        fields: dict[str, Any] = getattr(record, "fields", None) or {}
        message = redact(record.getMessage()[:_LONGEST]).text
        error = redact(self.formatException(record.exc_info)[-_LONGEST:]).text if record.exc_info else ""
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        if self._json:
            told = {"at": at, "level": record.levelname, "logger": record.name, "message": message, **fields}
            return json.dumps({**told, "error": error} if error else told, ensure_ascii=False, default=str)
        said = " ".join([message, *(f"{name}={value}" for name, value in fields.items())])
        return f"{at} {record.levelname} {record.name}: {said}" + (f"\n{error}" if error else "")
