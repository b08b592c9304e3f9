"""How fast it is on this machine: ``python -m benchmarks``. Only ratios within one run mean anything elsewhere."""
