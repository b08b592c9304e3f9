"""A call as people read it before they say yes: exactly what will be sent, with every secret masked."""

from __future__ import annotations

from halon.incident.calls import shown

__all__ = ["shown"]
