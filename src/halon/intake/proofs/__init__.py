"""How a sender shows that it is who it says: a secret in a header, or a signature over the body."""
