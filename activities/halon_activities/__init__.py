"""Inert by design: importing this package runs nothing."""
