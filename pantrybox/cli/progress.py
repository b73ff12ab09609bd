"""How far a long command has come, on stderr: a bar on a terminal, else a line now and then."""

import sys
import time

import click

_BAR = 30
_REDRAW_SECONDS = 0.1
_LINE_SECONDS = 30.0
_FIRST_GUESS_SECONDS = 2.0


class ProgressBar:
    """`bar(what, done, of)` after each step; another `what` is another bar."""

    def __init__(self) -> None:
        self._what = ""
        self._started = 0.0
        self._shown = 0.0

    def __call__(self, what: str, done: int, of: int) -> None:
        now = time.monotonic()
        if what != self._what:
            self._what, self._started, self._shown = what, now, now
        on_terminal = sys.stderr.isatty()
        if done < of and now - self._shown < (_REDRAW_SECONDS if on_terminal else _LINE_SECONDS):
            return
        self._shown = now
        text = progress_text(what, done, of, now - self._started)
        if on_terminal:
            full = _BAR * done // max(1, of)
            click.echo(f"\r[{'#' * full:<{_BAR}}] {text:<48}", nl=done == of, err=True)
        else:
            click.echo(text, err=True)


def progress_text(what: str, done: int, of: int, seconds: float) -> str:
    """Such as "120 of 2485 photographs, 3:05 left"; how long is left once that can be guessed."""
    text = f"{done} of {of} {what}"
    if 0 < done < of and seconds >= _FIRST_GUESS_SECONDS:
        minutes, rest = divmod(round(seconds / done * (of - done)), 60)
        text += f", {minutes}:{rest:02} left"
    return text
