"""Every route in one list, and how a handler gets what it asks for by name."""

from collections.abc import Collection
from importlib.resources import files
from pathlib import Path
from typing import Any

from litestar import Litestar
from litestar.datastructures import CacheControlHeader, MutableScopeHeaders, State
from litestar.di import Provide
from litestar.exceptions import HTTPException, ValidationException
from litestar.router import Router
from litestar.static_files import create_static_files_router  # pyright: ignore[reportUnknownVariableType]
from litestar.types import Message, Scope

from pantrybox.errors import PantryError
from pantrybox.owners.access import Access
from pantrybox.owners.door import Door
from pantrybox.web import (
    acts,
    box_page,
    captures,
    console,
    device_health,
    devices,
    examples,
    health,
    history,
    ingest,
    inventory,
    item_forms,
    item_page,
    items,
    keys,
    live,
    lots,
    models,
    owner,
    pantry,
    phone,
    photograph_page,
    pictures,
    places,
    products,
    questions,
    reprocessing,
    review,
    review_page,
    scorecard,
    session,
    shopping,
    shopping_page,
    soon_page,
    storage,
    taking_page,
    transfer,
    undo,
    why,
)
from pantrybox.web.api_page import openapi
from pantrybox.web.authority import guard, needs, the_actor
from pantrybox.web.bodies import StrictRequest
from pantrybox.web.errors import explain, explain_bug, explain_depth, explain_http, explain_validation
from pantrybox.web.hosts import KnownHosts

_A_YEAR = 31_536_000

HANDLERS: list[Any] = [
    health.healthz,
    ingest.ingest,
    captures.list_captures,
    captures.capture_detail,
    captures.suggest,
    phone.take_photograph,
    pictures.capture_image,
    pictures.capture_thumbnail,
    pictures.detection_image,
    examples.teach,
    examples.teach_many,
    examples.list_examples,
    examples.renaming_progress,
    examples.example_image,
    examples.take_back,
    models.list_models,
    models.promote,
    models.rollback,
    models.try_model,
    models.trial_progress,
    models.end_trial,
    review.review_queue,
    scorecard.scorecard,
    products.list_products,
    products.product_detail,
    products.learn_product,
    products.forget_product,
    reprocessing.reprocess_capture,
    reprocessing.reprocess,
    reprocessing.list_runs,
    reprocessing.run_detail,
    reprocessing.cancel_run,
    devices.list_devices,
    devices.device_detail,
    devices.register_device,
    devices.change_device,
    devices.remove_device,
    devices.renew_token,
    device_health.device_health,
    device_health.device_captures,
    inventory.list_inventory,
    inventory.inventory_stats,
    inventory.low_stock,
    inventory.stale_items,
    questions.open_question,
    questions.answer_question,
    transfer.export_inventory,
    transfer.import_inventory,
    history.recent_changes,
    history.item_detail,
    history.item_history,
    why.item_why,
    shopping.shopping_list,
    shopping.add_to_shopping_list,
    shopping.change_shopping_list,
    shopping.remove_from_shopping_list,
    shopping.clear_shopping_list,
    places.list_places,
    items.override,
    acts.act_on_stock,
    lots.list_lots,
    lots.use_soon,
    lots.date_lot,
    lots.correct_lot,
    lots.forget_lot,
    undo.undo_event,
    undo.undo_photograph,
    undo.undo_day,
    items.create_item,
    items.change_item,
    items.merge_items,
    keys.create_key,
    keys.list_keys,
    keys.revoke_key,
    owner.owner_detail,
    owner.create_setup_code,
    owner.change_passphrase,
    owner.create_sign_in_code,
    owner.list_sessions,
    owner.revoke_session,
    owner.revoke_other_sessions,
    owner.audit_log,
    console.check,
    storage.storage_stats,
    storage.clean_up,
    storage.clean_up_failed,
    storage.check_quota,
    storage.clean_up_orphans,
    storage.list_job_runs,
    live.live,
    pantry.pantry_page,
    pantry.fragment,
    pantry.answer,
    taking_page.taking_page,
    taking_page.take,
    photograph_page.photograph_page,
    photograph_page.thing_page,
    photograph_page.drawn_page,
    photograph_page.teach,
    photograph_page.take_back,
    photograph_page.name_code,
    photograph_page.undo,
    review_page.review_page,
    review_page.teach,
    review_page.take_back,
    item_page.item_page,
    item_page.set_count,
    item_page.take_back,
    item_page.merge_into,
    item_page.describe,
    item_forms.act,
    item_forms.date_some,
    item_forms.change_lot,
    shopping_page.shopping_page,
    shopping_page.add,
    shopping_page.tick,
    shopping_page.remove,
    shopping_page.clear,
    soon_page.soon_page,
    box_page.box_page,
    box_page.clean_up_now,
    box_page.undo_one_day,
    box_page.end_session,
    box_page.end_other_sessions,
    box_page.make_key,
    box_page.end_key,
    box_page.new_passphrase,
    session.claim,
    session.sign_in,
    session.sign_out,
]


def web_app(access: Access, door: Door, names: Collection[str], **parts: object) -> Litestar:
    """The page and the API, answering to `names`. A handler's parameter named like one of `parts` receives it."""
    app = Litestar(
        route_handlers=[*HANDLERS, _static_files()],
        dependencies={
            "actor": Provide(the_actor, sync_to_thread=False),
            **{name: _always(part) for name, part in {"access": access, "door": door, **parts}.items()},
        },
        guards=[guard],
        request_class=StrictRequest,
        before_send=[_name_all_methods],
        exception_handlers={
            PantryError: explain,
            ValidationException: explain_validation,
            HTTPException: explain_http,
            RecursionError: explain_depth,
            Exception: explain_bug,
        },
        state=State({"access": access, "door": door, "pulse": parts["pulse"]}),
        openapi_config=openapi(),
        # Only photographs are larger, and /v1/ingest has limits of its own.
        request_max_body_size=1_000_000,
        logging_config=None,
    )
    # Not as one of Litestar's middlewares: those run after routing, and unknown paths go past them.
    app.asgi_handler = KnownHosts(app.asgi_handler, names)
    return app


async def _name_all_methods(message: Message, scope: Scope) -> None:
    """Litestar's own answer to OPTIONS names only the methods of the handler that was registered first."""
    if message["type"] == "http.response.start" and scope["type"] == "http" and scope["method"] == "OPTIONS":
        methods = scope["litestar_app"].route_handler_method_map.get(scope["path_template"], {})
        MutableScopeHeaders(message)["allow"] = ", ".join(sorted(methods))


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
