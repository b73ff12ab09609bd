"""The OpenAPI document: whole, described, and true about who may call what."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from pantrybox.web.routes import HANDLERS
from tests.server import Server

Document = dict[str, Any]


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Document]:
    with Server(tmp_path_factory.mktemp("openapi") / "data") as running:
        answer = running.get("/schema/openapi.json")
        assert answer.status == 200
        yield answer.json


def operations(document: Document) -> dict[tuple[str, str], dict[str, Any]]:
    return {
        (method.upper(), path): operation
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }


def routes() -> dict[tuple[str, str], str]:
    """Every route that belongs into the document, and the authority that it asks for."""
    return {
        (method, re.sub(r":\w+\}", "}", path)): handler.opt.get("authority", "admin")
        for handler in HANDLERS
        if handler.include_in_schema is not False
        for path in handler.paths
        for method in handler.http_methods
    }


def references(part: Any) -> set[str]:
    if isinstance(part, dict):
        found = {part["$ref"]} if isinstance(part.get("$ref"), str) else set()
        return found.union(*(references(value) for value in part.values()))
    return set().union(*(references(value) for value in part)) if isinstance(part, list) else set()


def test_document_is_openapi_3_1(document: Document) -> None:
    assert re.fullmatch(r"3\.1\.\d+", document["openapi"])
    assert document["info"]["title"] == "PantryBox"
    assert document["info"]["version"]
    assert document["info"]["description"]


def test_every_route_of_the_api_is_in_the_document(document: Document) -> None:
    assert set(routes()) <= set(operations(document))


def test_every_path_has_a_description(document: Document) -> None:
    silent = [route for route, operation in operations(document).items() if not operation.get("description")]
    assert silent == []


def test_security_schemes_are_there(document: Document) -> None:
    schemes = document["components"]["securitySchemes"]
    assert {"key", "session", "device"} <= set(schemes)
    assert (schemes["key"]["type"], schemes["key"]["scheme"]) == ("http", "bearer")
    assert (schemes["session"]["type"], schemes["session"]["in"]) == ("apiKey", "cookie")
    assert schemes["session"]["name"] == "pantrybox_session"
    assert (schemes["device"]["type"], schemes["device"]["scheme"]) == ("http", "bearer")
    assert all(scheme["description"] for name, scheme in schemes.items() if name != "session")


def test_document_says_what_each_route_asks_for(document: Document) -> None:
    said = {
        route: {name for way in operation.get("security", document["security"]) for name in way}
        for route, operation in operations(document).items()
    }
    expected = {"open": set(), "device": {"device"}}
    wrong = {
        route: said[route]
        for route, needed in routes().items()
        if said[route] != expected.get(needed, {"key", "session"})
    }
    assert wrong == {}


def test_every_reference_leads_somewhere(document: Document) -> None:
    assert references(document)
    for reference in references(document):
        part: Any = document
        for name in reference.removeprefix("#/").split("/"):
            part = part[name]
        assert part


def test_every_operation_has_a_name_of_its_own(document: Document) -> None:
    names = [operation["operationId"] for operation in operations(document).values()]
    assert len(set(names)) == len(names)


def test_limits_are_in_the_document(document: Document) -> None:
    for path in ("/v1/captures", "/v1/devices"):
        limit = next(one for one in document["paths"][path]["get"]["parameters"] if one["name"] == "limit")
        assert (limit["schema"]["minimum"], limit["schema"]["maximum"], limit["schema"]["default"]) == (1, 1000, 100)
