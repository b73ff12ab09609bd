"""Every route in one list, and how a handler gets what it asks for by name."""

from importlib.resources import files
from pathlib import Path
from typing import Any

from litestar import Litestar
from litestar.datastructures import CacheControlHeader, State
from litestar.di import Provide
from litestar.exceptions import HTTPException, ValidationException
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import Components, SecurityScheme
from litestar.router import Router
from litestar.static_files import create_static_files_router  # pyright: ignore[reportUnknownVariableType]

from pantrybox.errors import PantryError
from pantrybox.owners.access import Access
from pantrybox.version import VERSION
from pantrybox.web import captures, console, devices, health, ingest, inventory, live, pantry, session
from pantrybox.web.authority import COOKIE, guard, needs
from pantrybox.web.errors import explain, explain_bug, explain_depth, explain_http, explain_validation

_A_YEAR = 31_536_000

HANDLERS: list[Any] = [
    health.healthz,
    ingest.ingest,
    captures.list_captures,
    captures.capture_detail,
    captures.capture_image,
    devices.list_devices,
    devices.device_detail,
    devices.register_device,
    devices.change_device,
    inventory.list_inventory,
    console.create_key,
    console.create_sign_in_code,
    console.check,
    live.live,
    pantry.pantry_page,
    pantry.fragment,
    pantry.photograph_page,
    session.sign_in,
    session.sign_out,
]


def web_app(access: Access, **parts: object) -> Litestar:
    """The page and the API. A handler's parameter named like one of `parts` receives it."""
    return Litestar(
        route_handlers=[*HANDLERS, _static_files()],
        dependencies={name: _always(part) for name, part in {"access": access, **parts}.items()},
        guards=[guard],
        exception_handlers={
            PantryError: explain,
            ValidationException: explain_validation,
            HTTPException: explain_http,
            RecursionError: explain_depth,
            Exception: explain_bug,
        },
        state=State({"access": access, "pulse": parts["pulse"]}),
        openapi_config=_openapi(),
        # Only photographs are larger, and /v1/ingest has limits of its own.
        request_max_body_size=1_000_000,
        logging_config=None,
    )


def _always(part: object) -> Provide:
    def give() -> Any:
        return part

    return Provide(give, sync_to_thread=False)


def _static_files() -> Router:
    return create_static_files_router(
        path="/static",
        directories=[Path(str(files("pantrybox.web") / "static"))],
        cache_control=CacheControlHeader(max_age=_A_YEAR, public=True, immutable=True),
        opt=needs("open"),
    )


def _openapi() -> OpenAPIConfig:
    return OpenAPIConfig(
        title="PantryBox",
        version=VERSION,
        description="Cameras in, inventory out. Times are RFC 3339 in UTC; errors are RFC 9457 problem details.",
        use_handler_docstrings=True,
        openapi_router=Router("/schema", route_handlers=[], opt=needs("read"), include_in_schema=False),
        render_plugins=[JsonRenderPlugin(path=["/", "/openapi.json"])],
        components=Components(
            security_schemes={
                "key": SecurityScheme(type="http", scheme="bearer", description="An API key, `pbk_...`"),
                "session": SecurityScheme(type="apiKey", name=COOKIE, security_scheme_in="cookie"),
                "device": SecurityScheme(type="http", scheme="bearer", description="A camera's own token"),
            }
        ),
        security=[{"key": []}, {"session": []}],
    )
