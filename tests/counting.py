"""A reader that counts what it is asked."""

from typing import Any

from pantrybox.storage.database import Reader


class Counting(Reader):
    queries = 0

    def rows(self, row_type: Any, sql: str, parameters: Any = None) -> Any:
        self.queries += 1
        return super().rows(row_type, sql, parameters)
