"""Who was it really? One-time codes, SSH signatures, and what is kept so that none serves twice."""
