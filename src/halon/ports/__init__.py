"""The world as workflows see it: typed activity signatures without bodies, one file a port."""
