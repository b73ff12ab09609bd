"""What codes are, over HTTP."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.server import Answer, Server

pytestmark = pytest.mark.slow

CODE = "7310865004703"


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("products") / "data") as running:
        yield running


def learn(box: Server, code: str, item_name: str) -> Any:
    answer = box.post("/v1/products", {"code": code, "item_name": item_name})
    assert answer.status == 201, answer.body
    return answer.json


def forget(box: Server, code: str) -> Answer:
    return box.request("DELETE", f"/v1/products/{code}", headers={"Authorization": f"Bearer {box.key}"})


def test_code_that_was_learned_is_known_until_it_is_forgotten(box: Server) -> None:
    learned = learn(box, CODE, "Milk 🥛")
    assert (learned["code"], learned["item_name"], learned["also_changed"]) == (CODE, "Milk 🥛", 0)
    known = box.get(f"/v1/products/{CODE}").json
    assert known.items() <= learned.items()
    assert known["learned_by"] == "key test"
    assert learn(box, CODE, "<b>Cream</b>")["item_name"] == "<b>Cream</b>"
    assert box.get(f"/v1/products/{CODE}").json["item_name"] == "<b>Cream</b>"
    assert forget(box, CODE).json["success"] is True
    assert box.get(f"/v1/products/{CODE}").status == forget(box, CODE).status == 404


def test_codes_are_listed_page_by_page(box: Server) -> None:
    codes = ["4006381333931", "73513537", "012345678905"]
    for code in codes:
        learn(box, code, "thing")
    kept = sorted(code.zfill(13) for code in codes)
    whole = box.get("/v1/products").json
    assert (whole["total"], [one["code"] for one in whole["items"]]) == (3, kept)
    first = box.get("/v1/products?limit=2").json
    second = box.get(f"/v1/products?limit=2&cursor={first['next_cursor']}").json
    assert (first["items"] + second["items"], second["next_cursor"]) == (whole["items"], None)
    assert box.get("/v1/products/73513537").json["code"] == "0000073513537"
    for code in codes:
        forget(box, code)


@pytest.mark.parametrize(
    "body",
    [
        {"code": "7310865004704", "item_name": "milk"},
        {"code": "7310865", "item_name": "milk"},
        {"code": "731086500470", "item_name": "milk"},
        {"code": 7310865004703, "item_name": "milk"},
        {"code": "73108650o4703", "item_name": "milk"},
        {"code": "٧٣١٠٨٦٥٠٠٤٧٠٣", "item_name": "milk"},
        {"code": CODE + "\n", "item_name": "milk"},
        {"code": CODE, "item_name": " "},
        {"code": CODE, "item_name": "a\x00b"},
        {"code": CODE, "item_name": "x" * 201},
        {"code": CODE, "item_name": None},
        {"code": CODE},
        {"item_name": "milk"},
    ],
    ids=lambda body: repr(body)[:50],
)
def test_what_stands_on_no_product_is_refused_with_a_sentence(box: Server, body: object) -> None:
    answer = box.post("/v1/products", body)
    assert (answer.status, bool(answer.json["detail"])) == (422, True)
    assert box.get("/v1/products").json["total"] == 0


def test_nonsense_is_asked_about_in_vain(box: Server) -> None:
    assert box.get("/v1/products/nonsense").status == forget(box, "12").status == 422
    assert box.get("/v1/products/4006381333931").status == 404
    assert {box.get(f"/v1/products?{query}").status for query in ("limit=0", "limit=-5e36", "cursor=%00")} == {422}


def test_learning_needs_to_be_allowed_to_and_is_in_the_audit_log(box: Server) -> None:
    key = box.post("/v1/keys", {"name": "reader", "scope": "read"}).json["key"]
    headers = {"Authorization": f"Bearer {key}"}
    wish = {"code": CODE, "item_name": "milk"}
    assert box.request("POST", "/v1/products", wish, headers).status == 403
    assert box.request("DELETE", f"/v1/products/{CODE}", headers=headers).status == 403
    assert box.request("GET", "/v1/products", headers=headers).status == 200
    learn(box, CODE, "milk")
    newest = box.get("/v1/audit-log?limit=1").json["items"][0]
    assert (newest["act"], newest["target"], newest["details"]["item"]) == ("product.learned", CODE, "milk")
