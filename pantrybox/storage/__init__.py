"""The one door to SQLite and to the image files."""
