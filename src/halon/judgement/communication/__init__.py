"""Checks of what is about to be told to people outside and to leadership. Pure: a text and facts in, objections out."""
