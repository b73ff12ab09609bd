"""People and programs that may look: sessions, keys, sign-in links."""
