"""Halon: a durable incident-response engine for AI agents in production."""

__version__ = "0.1.0"
