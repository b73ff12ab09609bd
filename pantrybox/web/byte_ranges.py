"""What a request says about the copy that it has: RFC 9110, sections 13 (conditions) and 14 (ranges)."""

import re

_RANGE = re.compile(r"bytes=(\d*)-(\d*)", re.ASCII | re.IGNORECASE)
_MAX_DIGITS = 18
"""Every file is shorter than the least number of more digits, which stands for all of them."""


def asked_bytes(header: str | None, size: int) -> range | None:
    """Which bytes of `size` a Range header asks for.

    None means all of them: without a header, for several ranges, and for what is no range of
    bytes. An empty range is one that lies outside: it cannot be given.
    """
    asked = _RANGE.fullmatch((header or "").strip())
    if asked is None:
        return None
    first, last = asked.groups()
    if not first:
        return range(max(0, size - _number(last)), size) if last else None
    if last and _number(last) < _number(first):
        return None
    return range(min(_number(first), size), min(_number(last) + 1, size) if last else size)


def _number(digits: str) -> int:
    digits = digits.lstrip("0") or "0"
    return int(digits) if len(digits) <= _MAX_DIGITS else 10**_MAX_DIGITS


def has_it(if_none_match: str | None, etag: str) -> bool:
    """Whether If-None-Match names this version, strong or weak: then 304 is enough."""
    tags = [tag.strip().removeprefix("W/") for tag in (if_none_match or "").split(",")]
    return etag in tags or tags == ["*"]


def may_go_on(if_range: str | None, etag: str) -> bool:
    """Whether a part can be joined to what is there already: it must be of this very version."""
    return if_range is None or if_range.strip() == etag
