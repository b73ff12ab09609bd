"""Cameras that may upload: registration, tokens, orders."""
