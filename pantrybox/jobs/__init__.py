"""Queued and timed work."""
