"""The OpenAPI document: whole, described, and true about who may call what."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from pantrybox.web.routes import HANDLERS
from tests.server import Server
from tests.web.browser import Window, chromium

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


def test_every_operation_says_which_errors_it_answers_with(document: Document) -> None:
    problem = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    for (method, path), operation in operations(document).items():
        errors = {status: answer for status, answer in operation["responses"].items() if status[0] in "45"}
        assert {"400", "405", "503"} <= errors.keys(), (method, path)
        assert all(answer["content"] == problem and answer["description"] for answer in errors.values()), (method, path)
        if operation.get("security", document["security"]) != [{}]:
            assert {"401", "403"} <= errors.keys(), (method, path)
        if "{" in path:
            assert "404" in errors, (method, path)


def test_every_example_is_one(document: Document) -> None:
    tried = 0
    for name, schema in document["components"]["schemas"].items():
        for example in schema.get("examples", []):
            validator = jsonschema_rs.validator_for({**document, "$ref": f"#/components/schemas/{name}"})
            faults = [str(fault.message) for fault in validator.iter_errors(example)]
            assert faults == [], (name, example)
            tried += 1
    assert tried > 50


def test_every_operation_that_takes_a_body_says_what_it_looks_like(document: Document) -> None:
    for (method, path), operation in operations(document).items():
        for content in operation.get("requestBody", {}).get("content", {}).values():
            assert content["schema"], (method, path)


def test_every_operation_stands_under_a_heading_with_a_line_of_its_own(document: Document) -> None:
    headings = {tag["name"] for tag in document["tags"]}
    assert all(set(operation["tags"]) <= headings for operation in operations(document).values())
    summaries = [operation["summary"] for operation in operations(document).values() if operation["summary"]]
    assert len(summaries) == len(operations(document))


@pytest.mark.browser
def test_page_of_the_api_needs_nothing_from_elsewhere(tmp_path: Path) -> None:
    with Server(tmp_path / "data") as box, chromium() as browser, Window(browser, box.url) as window:
        window.sign_in(box)
        window.open("/schema")
        window.page.get_by_text("/v1/inventory/override").wait_for()
        assert window.complaints == []


@pytest.mark.slow
def test_stranger_sees_neither_the_page_nor_the_description(tmp_path: Path) -> None:
    with Server(tmp_path / "data") as box:
        assert {box.request("GET", path).status for path in ("/schema", "/schema/openapi.json")} == {401}
