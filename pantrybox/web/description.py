"""What the API says of itself beyond its types: every error, an example of everything, bodies that are no JSON."""

from collections.abc import Mapping
from typing import Any, cast

Document = dict[str, Any]
"""OpenAPI 3.1, as plain values."""

_PROBLEM = {"$ref": "#/components/schemas/Problem"}
_JPEG = {"type": "string", "format": "binary"}

_TAGS = {
    "/v1/ingest": ("Cameras hand in", "What a camera calls, with its own token."),
    "/v1/captures": ("Photographs", "What was received, what was seen in each, and the pictures."),
    "/v1/reprocess": ("Photographs", ""),
    "/v1/examples": ("Teaching", "What people showed the eye, what it asks about, and how often it is right."),
    "/v1/review": ("Teaching", ""),
    "/v1/products": ("Teaching", ""),
    "/v1/scorecard": ("Teaching", ""),
    "/v1/models": ("Models", "Which models look and recognise, and how another one would do."),
    "/v1/devices": ("Cameras", "Who may upload, how each is doing, and what it is ordered to do."),
    "/v1/inventory": ("Stock", "What is there, what changed, and what people say about it."),
    "/v1/places": ("Stock", ""),
    "/v1/shopping-list": ("Shopping list", "Fills itself from what runs low; ticked off by what arrives."),
    "/v1/admin": ("Storage and jobs", "What is kept, what was cleaned up, and what runs next."),
    "/v1": ("Authority", "The owner, sessions, keys, the audit log, and the proof of the data folder."),
    "": ("Page", "What a browser asks for."),
}
"""By how a path begins, the longest first."""

_MEANING = {
    400: "The request makes no sense as sent, or names another host.",
    401: "No authority was shown, or one that is not known here.",
    403: "The authority shown is good, but not for this; or the request comes from another site's page.",
    404: "There is no such thing.",
    405: "This path takes other methods.",
    409: "It contradicts what is already there.",
    411: "The body's size was not said.",
    413: "Too many bytes or pixels.",
    415: "That is not a JPEG.",
    422: "A value is missing, of the wrong kind or out of range; `detail` names it.",
    429: "Too many wrong tries: come again after the seconds of `Retry-After`.",
    503: "Too much at once, or the card did not answer: come again after the seconds of `Retry-After`.",
    507: "The card is full.",
}

_MAY_BE_EMPTY = {("patch", "/v1/devices/{device_id}"), ("patch", "/v1/inventory/items/{name}")}
_ANSWERS: dict[tuple[str, str], dict[str, Document]] = {
    ("get", "/"): {"text/html": {"type": "string"}},
    ("post", "/sign-out"): {"text/html": {"type": "string"}},
    ("get", "/v1/inventory/export"): {"application/json": {"type": "object"}, "text/csv": {"type": "string"}},
}
_NAMED_IN_REQUEST = {
    ("post", "/v1/inventory/merge"),
    ("post", "/v1/inventory/act"),
    ("get", "/v1/inventory/lots"),
    ("post", "/v1/inventory/lots"),
    ("post", "/v1/inventory/undo-day"),
    ("post", "/v1/inventory/question"),
    ("get", "/v1/examples"),
    ("post", "/v1/examples"),
    ("post", "/v1/examples/bulk"),
}
_CONFLICTS = {
    ("post", "/v1/devices"),
    ("patch", "/v1/devices/{device_id}"),
    ("post", "/v1/inventory/items"),
    ("patch", "/v1/inventory/items/{name}"),
    ("post", "/v1/inventory/merge"),
    ("post", "/v1/inventory/override"),
    ("post", "/v1/inventory/act"),
    ("post", "/v1/inventory/lots"),
    ("patch", "/v1/inventory/lots/{lot_id}"),
    ("post", "/v1/inventory/events/{event_id}/undo"),
    ("post", "/v1/inventory/undo-day"),
    ("post", "/v1/captures/{capture_id}/undo"),
    ("post", "/v1/captures/{capture_id}/reprocess"),
    ("post", "/v1/captures/{capture_id}/suggest"),
    ("post", "/v1/examples"),
    ("post", "/v1/examples/bulk"),
    ("post", "/v1/models/{name}/promote"),
    ("post", "/v1/models/{name}/try"),
    ("post", "/v1/models/rollback"),
    ("post", "/v1/reprocess/{run_id}/cancel"),
    ("patch", "/v1/shopping-list/{entry_id}"),
    ("post", "/v1/admin/storage/cleanup"),
    ("post", "/v1/admin/storage/cleanup-failed"),
    ("post", "/v1/owner/setup-code"),
    ("post", "/v1/owner/passphrase"),
    ("post", "/claim"),
    ("post", "/sign-in"),
}
_TRIES = {("post", "/claim"), ("post", "/sign-in")}
_UPLOADS = {("post", "/v1/ingest"), ("post", "/v1/captures")}


def _form(required: list[str], fields: Mapping[str, str]) -> Document:
    properties = {name: {"type": "string", "description": meaning} for name, meaning in fields.items()}
    return {"type": "object", "required": required, "properties": properties}


def _upload_form(fields: Mapping[str, str]) -> Document:
    form = _form(["image"], fields)
    # Last: what comes after the image is not read.
    form["properties"]["image"] = _JPEG | {"description": "The JPEG; the other fields stand before it."}
    return form


_CLAIM = _form(
    ["setup_code", "passphrase"],
    {"setup_code": "As the box printed it.", "passphrase": "8 to 1000 characters."},
)
_SIGN_IN = _form([], {"passphrase": "The owner's.", "code": "Or the one-time code of a sign-in link."})

_BODIES: dict[tuple[str, str], dict[str, Document]] = {
    ("post", "/v1/ingest"): {
        "image/jpeg": _JPEG,
        "multipart/form-data": _upload_form(
            {
                "device_id": "The camera's id.",
                "token": "Its token, when it is not sent as a header.",
                "captured_at": "ISO 8601; UTC when no offset is given. `timestamp` is the same.",
                "trigger_type": "door, light, timer, motion or manual.",
                "battery_v": "Volts.",
                "rssi": "dBm.",
            }
        ),
    },
    ("post", "/v1/captures"): {
        "image/jpeg": _JPEG,
        "multipart/form-data": _upload_form(
            {"place": "The name of what it shows; elsewhere when nothing is said.", "captured_at": "ISO 8601."}
        ),
    },
    ("post", "/v1/inventory/import"): {
        "application/json": {"type": "object", "description": "What `GET /v1/inventory/export` gave."},
        "text/csv": {"type": "string", "description": "name,brand,package_type,count,confidence,last_seen,manual"},
    },
    ("post", "/claim"): {"application/json": _CLAIM, "application/x-www-form-urlencoded": _CLAIM},
    ("post", "/sign-in"): {"application/json": _SIGN_IN, "application/x-www-form-urlencoded": _SIGN_IN},
}

_CAMERA_HEADERS = {
    "X-Device-Id": "The camera's id.",
    "Idempotency-Key": "1 to 128 visible characters: the same key with the same bytes is the same photograph.",
    "X-Trigger-Type": "door, light, timer, motion or manual.",
    "X-Captured-At": "When it was taken, ISO 8601.",
    "X-Age-Ms": "Or how long ago, for a camera without a clock.",
    "X-Battery-V": "Volts.",
    "X-Rssi": "dBm.",
    "X-Firmware-Version": "What it runs.",
    "X-Boot-Reason": "Why it started.",
    "X-Queue-Depth": "How many photographs still wait in it.",
    "X-Wake-Ms": "How long it was awake the last time.",
    "X-Free-Heap": "Bytes.",
    "X-Orders-Version": "Of the orders that it follows.",
    "X-Board": "What it is built on.",
}

EXAMPLES: dict[str, Any] = {
    "actor": "owner",
    "aliases": ["Passata"],
    "masks": [[[0.0, 0.0], [0.2, 0.0], [0.2, 1.0], [0.0, 1.0]]],
    "polygon": [[0.0, 0.5], [1.0, 0.5], [1.0, 1.0], [0.0, 1.0]],
    "act": "count.overridden",
    "asked_by": "owner",
    "at": "2026-11-22T19:27:00.250Z",
    "before": 1042,
    "best_before": "2026-12-24",
    "brand": "Mutti",
    "canonical_name": "Tomato passata",
    "capture_id": "019aad5c-9c1a-7cc2-8a53-6e3a1c6a9f10",
    "category": "tins",
    "code": "7310865004703",
    "confidence": 0.97,
    "count": 3,
    "count_estimate": 3,
    "cursor": None,
    "date": "2026-11-22",
    "delta": 1,
    "detail": "There is no such photograph.",
    "device_id": "shelf-1",
    "device_token": "q0l9x6hS2mC0m0nJ0vW8y2b0c4o5i3u1e7r6t5y4w3q",
    "event_type": "added",
    "format": "json",
    "firmware_version": "1.0.0",
    "into": "Tomato passata",
    "item_name": "Tomato passata",
    "job": "retention",
    "key": "pbk_q0l9x6hS2mC0m0nJ0vW8y2b0c4o5i3u1e7r6t5y4w3q",
    "label": "bottle",
    "message": "Photograph stored.",
    "minimum": 2,
    "model": "picodet416",
    "name": "Tomato passata",
    "note": "The one in glass.",
    "notes": "Two behind the flour.",
    "package_type": "bottle",
    "place": "Kitchen shelf",
    "quiet_hours": "22:00-06:30",
    "rssi": -61,
    "score": 0.91,
    "battery_v": 3.92,
    "status": None,
    "target": "Tomato passata",
    "to_place": "Cellar",
    "title": "Not Found",
    "type": "about:blank",
}
"""By the name of a field; None for a name that means too many things, whose type says enough."""


def described(document: Document) -> Document:
    """The document with everything in it that types cannot say."""
    schemas = document["components"]["schemas"]
    operations = {
        (method, path): operation
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }
    document["tags"] = [{"name": name, "description": about} for name, about in _TAGS.values() if about]
    for (method, path), operation in operations.items():
        operation["tags"] = [next(name for start, (name, _) in _TAGS.items() if path.startswith(start))]
        operation["summary"] = operation["description"].partition("\n")[0].removesuffix(".")
        _describe_body(operation, (method, path))
        _describe_errors(operation, (method, path), document.get("security", []))
        for parameter in operation.get("parameters", []):
            _give_example(parameter, schemas)
    for schema in schemas.values():
        if schema.get("type") == "object":
            schema["examples"] = [example_of(schema, schemas)]
    return document


def _describe_body(operation: Document, route: tuple[str, str]) -> None:
    if route in _BODIES:
        content = {media_type: {"schema": schema} for media_type, schema in _BODIES[route].items()}
        operation["requestBody"] = {"content": content, "required": True}
    if route in _MAY_BE_EMPTY:
        operation["requestBody"]["required"] = False
    if route == ("post", "/v1/ingest"):
        operation["parameters"] = [
            {"name": name, "in": "header", "required": False, "description": meaning, "schema": {"type": "string"}}
            for name, meaning in _CAMERA_HEADERS.items()
        ]


def _describe_errors(operation: Document, route: tuple[str, str], security: list[Document]) -> None:
    responses = operation.setdefault("responses", {})
    if route in _ANSWERS:
        content = {media_type: {"schema": schema} for media_type, schema in _ANSWERS[route].items()}
        responses["200"] = {"description": "The page or file.", "content": content}
    for status in sorted(_statuses(operation, route, security)):
        content = {"application/problem+json": {"schema": _PROBLEM}}
        responses[str(status)] = {"description": _MEANING[status], "content": content}


def _statuses(operation: Document, route: tuple[str, str], security: list[Document]) -> set[int]:
    method, path = route
    statuses = {400, 405, 503}
    is_open = operation.get("security", security) == [{}]
    if not is_open or route in _TRIES:
        statuses |= {401, 403}
    if "{" in path or "place" in _names(operation) or route in _NAMED_IN_REQUEST:
        statuses.add(404)
    if operation.get("parameters") or "requestBody" in operation:
        statuses.add(422)
    if "requestBody" in operation:
        statuses |= {413, 415}
    if method not in {"get", "head"}:
        statuses.add(507)
    if route in _CONFLICTS:
        statuses.add(409)
    if route in _TRIES:
        statuses.add(429)
    if route in _UPLOADS:
        statuses |= {404, 411, 422}
    return statuses


def _names(operation: Document) -> set[str]:
    return {parameter["name"] for parameter in operation.get("parameters", [])}


def _give_example(parameter: Document, schemas: Document) -> None:
    example = EXAMPLES.get(parameter["name"])
    if example is None:
        example = example_of(parameter["schema"], schemas, parameter["name"])
    if example is not None:
        parameter["example"] = example


def example_of(schema: Document, schemas: Document, name: str = "") -> Any:
    """A value that the schema takes."""
    if "$ref" in schema:
        return example_of(schemas[schema["$ref"].rpartition("/")[2]], schemas, name)
    for key in ("const", "default"):
        if schema.get(key) is not None:
            return schema[key]
    if "enum" in schema:
        return schema["enum"][0]
    choices = schema.get("oneOf") or schema.get("anyOf")
    if choices:
        choice = next((one for one in choices if one.get("type") != "null"), choices[0])
        # Bounds of a field that may be null stand beside the choice.
        return example_of({**_without(schema, "oneOf", "anyOf"), **choice}, schemas, name)
    return _example_of_type(schema, schemas, name)


def _without(schema: Document, *names: str) -> Document:
    return {name: value for name, value in schema.items() if name not in names}


def _example_of_type(schema: Document, schemas: Document, name: str) -> Any:
    kind = _kind(schema)
    known: Any = EXAMPLES.get(name)
    match kind:
        case "object":
            fields = schema.get("properties", {})
            return {field: example_of(value, schemas, field) for field, value in fields.items()}
        case "array":
            return cast("Any", known) if isinstance(known, list) else _example_of_array(schema, schemas, name)
        case "boolean":
            return True
        case "integer" | "number":
            return known if isinstance(known, int | float) else _number(schema, name)
        case "string":
            return known if isinstance(known, str) else _text(name)
        case _:
            return None


def _kind(schema: Document) -> str:
    """Its type; of several the first that is not null."""
    kinds: str | list[str] = schema.get("type", "")
    return kinds if isinstance(kinds, str) else next(kind for kind in kinds if kind != "null")


def _example_of_array(schema: Document, schemas: Document, name: str) -> list[Any]:
    if "prefixItems" in schema:
        return [example_of(one, schemas, name) for one in schema["prefixItems"]]
    item = example_of(schema["items"], schemas, name.removesuffix("s")) if schema.get("items") else ""
    return [item] * max(1, schema.get("minItems", 0))


def _number(schema: Document, name: str) -> int | float:
    least: float = schema.get("minimum", 1)
    most: float = schema.get("maximum", max(least, 1))
    if "confidence" in name or most <= 1:
        return min(max(least, 0.5), most)
    return least if least > 0 else min(1, most)


def _text(name: str) -> str:
    return str(EXAMPLES["at"]) if name.endswith("_at") or name in {"timestamp", "server_time"} else "text"
