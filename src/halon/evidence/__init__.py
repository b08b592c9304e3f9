"""The sealed store: artefacts are written once, known by their hash, and checked when they are read."""
