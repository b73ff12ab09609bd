"""A QR code in a terminal or a journal: how an address gets onto a phone."""

import io


def qr_code(address: str) -> str:
    """Lines of half blocks, light modules filled: without colours, so that a journal shows them too."""
    import segno  # noqa: PLC0415 - few commands show one

    lines = io.StringIO()
    segno.make(address, error="l", micro=False).terminal(out=lines, border=2, compact=True)
    return lines.getvalue().rstrip("\n")
