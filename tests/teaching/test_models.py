"""Which model is in force follows from what was promoted last; nothing of it is ever changed."""

import pytest

from pantrybox.errors import Conflict
from pantrybox.inventory.view import View
from pantrybox.owners import audit
from pantrybox.storage.database import Writer
from pantrybox.teaching import models
from pantrybox.teaching.comparing import Compared, CountChange, summary
from tests.captures.table import column, opened
from tests.inventory.photographs import HOUR_MS, thing


@pytest.fixture
def table() -> Writer:
    return opened()


def test_without_a_promotion_the_shipped_models_are_in_force(table: Writer) -> None:
    assert models.in_force(table) == models.InForce("picodet416", "pplcnetv2")
    assert models.last_promotion(table, None) is None
    assert models.embedders_in_turn(table) == ["pplcnetv2"]


def test_each_role_is_promoted_for_itself_and_leads_back_to_what_was_before(table: Writer) -> None:
    models.promote(table, "detector", "a", "owner")
    second = models.promote(table, "detector", "b", "owner")
    tiny = models.promote(table, "embedder", "tiny", "owner")
    assert models.in_force(table) == models.InForce("b", "tiny")
    assert (second.previous, tiny.previous) == ("a", "pplcnetv2")
    assert models.last_promotion(table, None) == tiny
    back = models.rollback(table, second, "key x")
    assert (back.model, back.previous) == ("a", "b")
    assert models.in_force(table) == models.InForce("a", "tiny")
    forth = models.rollback(table, back, "owner")
    assert forth.model == "b"
    assert models.embedders_in_turn(table) == ["tiny", "pplcnetv2"]
    assert len(column(table, "SELECT id AS value FROM model_roles")) == 5


def test_what_is_in_force_is_not_promoted_again_and_an_old_promotion_not_taken_back(table: Writer) -> None:
    with pytest.raises(Conflict, match="in force already"):
        models.promote(table, "detector", "picodet416", "owner")
    first = models.promote(table, "detector", "a", "owner")
    models.promote(table, "detector", "b", "owner")
    with pytest.raises(Conflict, match="meanwhile"):
        models.rollback(table, first, "owner")


def test_who_promoted_what_is_in_the_audit_log(table: Writer) -> None:
    models.promote(table, "detector", "a", "key kitchen")
    (line,) = audit.newest_first(table, None, 10)
    assert (line.actor, line.act, line.target) == ("key kitchen", "model.promoted", "a")
    assert line.details == '{"role":"detector","previous":"picodet416"}'


def view(number: int, seen: dict[int, int]) -> View:
    """So many of each item, each at a spot of its own that stays the same."""
    things = tuple(thing(item_id, 10 * (item_id - 1) + at) for item_id, count in seen.items() for at in range(count))
    return View(number, number * HOUR_MS, "shelf", things)


def compared(number: int, before: dict[int, int], after: dict[int, int], place: str = "Shelf", **more: int) -> Compared:
    return Compared(
        capture_id=str(number),
        place_name=place,
        before=view(number, before),
        after=view(number, after),
        names={1: "milk", 2: "eggs"},
        boxes_before=more.get("boxes_before", sum(before.values())),
        boxes_after=more.get("boxes_after", sum(after.values())),
        ms_before=30,
        ms_after=number,
    )


def test_the_difference_is_what_would_be_believed_from_the_photographs_alone() -> None:
    views = [compared(n, {1: 3, 2: 1}, {1: 4, 2: 1}) for n in range(20)]
    views += [compared(n, {2: 2}, {2: 2}, place="Fridge") for n in range(20)]
    found = summary(views)
    assert (found["photographs"], found["boxes_before"], found["boxes_after"]) == (40, 3.0, 3.5)
    assert (found["ms_before"], found["ms_after"]) == (30, 10)
    shelf, fridge = found["places"]  # pyright: ignore[reportGeneralTypeIssues]
    assert (shelf.place_name, shelf.items) == ("Shelf", [CountChange("milk", 3, 4)])
    assert (fridge.place_name, fridge.items) == ("Fridge", [])


def test_photographs_that_differ_most_come_first_and_equal_ones_not_at_all() -> None:
    found = summary([
        compared(1, {1: 1}, {1: 1}),
        compared(2, {1: 1}, {2: 1}),
        compared(3, {1: 5}, {}),
        compared(4, {1: 1}, {1: 1}, boxes_after=9),
    ])  # fmt: skip
    assert [one.capture_id for one in found["most_different"]] == ["3", "2", "4"]  # pyright: ignore
    assert summary([]) == {}
