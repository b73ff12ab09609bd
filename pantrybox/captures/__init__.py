"""Photographs received from cameras."""
