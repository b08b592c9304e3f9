"""The incident itself: values that are replayed, carried and recorded. Standard library only; fields are only added."""
