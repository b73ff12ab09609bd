"""The API's description: as JSON for programs, and as a page for people that needs nothing from elsewhere."""

from typing import Any

import msgspec
from litestar.enums import MediaType, OpenAPIMediaType
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import OpenAPIRenderPlugin
from litestar.openapi.spec import Components, SecurityScheme
from litestar.router import Router

from pantrybox.version import VERSION
from pantrybox.web import pages
from pantrybox.web.authority import COOKIE, needs
from pantrybox.web.description import described
from pantrybox.web.errors import AnyRequest

_ABOUT = """Cameras in, inventory out.

Times are RFC 3339 in UTC, errors are RFC 9457 problem details with a `detail` that is fit to show.
Every list takes `limit` and `cursor` and answers with `next_cursor`; its total counts everything.
"""


class _Document(OpenAPIRenderPlugin):
    """The description itself."""

    def __init__(self) -> None:
        super().__init__(path="/openapi.json", media_type=OpenAPIMediaType.OPENAPI_JSON)
        self._json: bytes | None = None

    def render(self, request: AnyRequest, openapi_schema: dict[str, Any]) -> bytes:
        if self._json is None:
            self._json = msgspec.json.encode(described(openapi_schema))
        return self._json


class _Page(OpenAPIRenderPlugin):
    """Swagger UI, from the box itself."""

    def __init__(self) -> None:
        super().__init__(path="/", media_type=MediaType.HTML)

    def render(self, request: AnyRequest, openapi_schema: dict[str, Any]) -> bytes:
        return pages.rendered("api.html").encode()


def openapi() -> OpenAPIConfig:
    # Swagger UI draws with small pictures inside its style sheet, and with nothing else from anywhere.
    policy = pages.SECURITY["content-security-policy"].replace("img-src 'self'", "img-src 'self' data:")
    router = Router(
        "/schema",
        route_handlers=[],
        opt=needs("read"),
        include_in_schema=False,
        response_headers={**pages.SECURITY, "content-security-policy": policy},
    )
    return OpenAPIConfig(
        title="PantryBox",
        version=VERSION,
        description=_ABOUT,
        use_handler_docstrings=True,
        openapi_router=router,
        render_plugins=[_Page(), _Document()],
        components=Components(
            security_schemes={
                "key": SecurityScheme(type="http", scheme="bearer", description="An API key, `pbk_...`"),
                "session": SecurityScheme(type="apiKey", name=COOKIE, security_scheme_in="cookie"),
                "device": SecurityScheme(type="http", scheme="bearer", description="A camera's own token"),
            }
        ),
        security=[{"key": []}, {"session": []}],
    )
