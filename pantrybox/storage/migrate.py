"""Bring the schema up to date: run each migrations/NNNN_*.sql once, in order."""

import sqlite3
from importlib.resources import files

from pantrybox.errors import Conflict


def migrate(connection: sqlite3.Connection) -> None:
    """Conflict when a newer PantryBox made the file: running on it would lose what it added."""
    folder = files("pantrybox.storage") / "migrations"
    scripts = sorted((f for f in folder.iterdir() if f.name.endswith(".sql")), key=lambda f: f.name)
    (applied,) = connection.execute("PRAGMA user_version").fetchone()
    if applied > len(scripts):
        raise Conflict(
            f"This database has schema {applied} and this PantryBox knows {len(scripts)}: "
            "a newer version made it. Start that version, or put a backup from before it in place."
        )
    for version, script in enumerate(scripts[applied:], start=applied + 1):
        sql = script.read_text(encoding="utf-8")
        try:
            # The version number is part of the transaction: a failed script leaves no trace.
            connection.executescript(f"BEGIN IMMEDIATE;\n{sql}\nPRAGMA user_version = {version};\nCOMMIT;")
        finally:
            connection.rollback()
