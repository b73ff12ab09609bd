"""Failures that a person can understand; web.errors maps each kind to one HTTP status."""


class PantryError(Exception):
    """Something that was asked for cannot be done; str(error) is a sentence fit to show."""


class Malformed(PantryError):
    """The request makes no sense as sent; sending it again will not help."""


class CutShort(Malformed):
    """A photograph ended before its end; the connection it came on cannot be trusted either."""


class Unauthorised(PantryError):
    """No authority was shown, or one that is not known here."""


class Forbidden(PantryError):
    """The authority shown is good, but not for this."""


class NotFound(PantryError):
    """No such thing (or not yours to see)."""


class Conflict(PantryError):
    """It contradicts what is already there."""


class LengthRequired(PantryError):
    """A body came without saying how long it is."""


class TooLarge(PantryError):
    """More bytes or pixels than the box takes."""


class NotAJpeg(PantryError):
    """Something else than a JPEG was sent as a photograph."""


class OutOfRange(PantryError):
    """A parameter is outside of the values it can take."""


class TooManyTries(PantryError):
    """Somebody guesses; for the next `seconds` nothing is tried."""

    def __init__(self, sentence: str, seconds: int) -> None:
        super().__init__(sentence)
        self.seconds = seconds


class Overloaded(PantryError):
    """Too much at once, or the card did not answer; trying again in a few seconds is right."""


class CardFull(PantryError):
    """There is no space left to store anything."""
