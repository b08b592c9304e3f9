"""The incident's hash-chained record, the journal of effects, and the bundle that an auditor checks alone."""
