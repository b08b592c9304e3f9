"""The shape of each file of a kit: what may stand in it, of which type. One module a file."""
