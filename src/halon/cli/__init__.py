"""The command line: everything that people and scripts do with Halon from a terminal."""
