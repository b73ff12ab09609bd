"""One photograph, as evidence about one place."""

import msgspec

from pantrybox.inventory.rates import When
from pantrybox.vision.model import Box, Glance


class Thing(msgspec.Struct, frozen=True, gc=False):
    """A box in which something is, whether or not anybody can say what."""

    box: Box | None
    """None: nobody knows where in the view it is."""
    item_id: int | None
    """None: nobody knows what it is."""
    confidence: float = 1.0
    """That it is that item."""
    certain: bool = False
    """A person or a code says what it is, or, without an item, that it is no thing."""
    still: bool | None = None
    """Whether the picture in the box is as it was in the photograph before; None: nobody knows."""


class View(msgspec.Struct, frozen=True):
    observation_id: int
    """The first look at the photograph, by which it is known later."""
    at_ms: int
    """When it was taken."""
    camera: str
    """Whose view it is; photographs of one camera are compared with each other."""
    things: tuple[Thing, ...]
    glances: tuple[Glance, ...] = ()
    """What is to be seen where earlier photographs showed things and this one finds none."""
    readable: bool = True
    """False when it was too dark, blurred or blocked to show what is not there."""
    whole: bool = True
    """False for a photograph from the phone: what it does not show may stand beside it."""
    moved: bool = False
    """The camera stands otherwise than in its photograph before."""
    when: When = "door"
    sensed: bool = True
    """That somebody was there, by the camera; False when a person asked for the photograph, or nobody said why."""
