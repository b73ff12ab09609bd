"""The `pantrybox` command."""
