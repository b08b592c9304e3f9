"""Drills: a sandbox agent to practise on. Importing this package does nothing."""
