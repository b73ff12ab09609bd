"""What a name and a text may be, wherever one comes from, and when two spellings are the same."""

from typing import Annotated

import msgspec

MAX_NAME = 200
MAX_TEXT = 2000

Name = Annotated[
    str,
    # One line of text with something in it: no control characters (NUL would end it for SQLite), not only blanks.
    # `$` alone would let a line end through that comes last.
    msgspec.Meta(
        max_length=MAX_NAME, pattern=r"^[^\x00-\x1f\x7f-\x9f]*[^\x00-\x20\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*$(?!\n)"
    ),
]
ShortText = Annotated[str, msgspec.Meta(max_length=MAX_NAME, pattern=r"^[^\x00-\x1f\x7f-\x9f]*$(?!\n)")]
"""One line, which may be empty."""
Text = Annotated[str, msgspec.Meta(max_length=MAX_TEXT, pattern=r"^[^\x00]*$")]
"""Several lines."""


def folded(text: str) -> str:
    """What two spellings have in common that are the same to a person: not the case, nor how blanks are set."""
    return " ".join(text.casefold().split())
