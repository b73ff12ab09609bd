"""JSON bodies, taken at their word: a number that came as a text is refused, not guessed."""

from typing import Any

import msgspec
from litestar import Request
from litestar.exceptions import ValidationException

from pantrybox.errors import Malformed


class StrictRequest(Request[Any, Any, Any]):
    """Decodes a JSON body to what its handler's parameter `data` says.

    Litestar decodes to plain values and then converts those leniently, so that "3" would pass for 3.
    """

    async def json(self) -> Any:
        data = self.route_handler.parsed_fn_signature.parameters.get("data")
        return decoded(await self.body() or b"null", data.annotation if data else Any)


def decoded(body: bytes, body_type: Any) -> Any:
    """Malformed for what is no JSON; ValidationException, which is answered with 422, for other JSON than was asked."""
    try:
        return msgspec.json.decode(body, type=body_type)
    except msgspec.ValidationError as error:
        sentence, _, place = str(error).partition(" - at `$.")
        fault = {"key": place.removesuffix("`") or "body", "message": sentence}
        raise ValidationException("The body is not what was asked for.", extra=[fault]) from error
    except msgspec.DecodeError as error:
        raise Malformed(f"The body cannot be read as JSON: {error}.") from error
