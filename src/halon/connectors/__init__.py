"""Doors to other systems: calls as data over HTTP, mail, web hooks, a page file. Only what a kit names is reached."""
