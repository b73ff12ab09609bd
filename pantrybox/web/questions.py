"""The one question that the box has, and the answer to it."""

from typing import Annotated

import msgspec
from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody

from pantrybox.bell import Bell
from pantrybox.clock import Clock, rfc3339_or_none
from pantrybox.errors import NotFound, OutOfRange
from pantrybox.inventory import items, places, queries, words
from pantrybox.inventory import questions_queries as questions
from pantrybox.inventory.model import StockLine
from pantrybox.inventory.questions import Question
from pantrybox.inventory.questions_queries import Answer
from pantrybox.names import Name
from pantrybox.owners import audit
from pantrybox.owners.model import Actor
from pantrybox.storage.database import Database, Reader, Writer
from pantrybox.web import told
from pantrybox.web.authority import needs
from pantrybox.web.items import Count

Id = Annotated[int, msgspec.Meta(ge=1, le=2**63 - 1)]


class Choice(msgspec.Struct, frozen=True):
    """Post `answer` and `count_estimate` back to give this answer."""

    answer: Answer
    text: str
    count_estimate: int | None


class QuestionView(msgspec.Struct, frozen=True):
    item_id: int
    item_name: str
    place: str
    text: str
    shown_count: int
    confidence: float
    """The probability that the shown count is right."""
    last_seen_at: str | None
    capture_id: str | None
    """The newest photograph that shows the place; null when its image is gone."""
    choices: list[Choice]
    """Any other number can be answered as well, with `count`."""


class Asked(msgspec.Struct, frozen=True):
    question: QuestionView | None
    """Null: nothing is worth a question now, or enough was asked."""


class Reply(msgspec.Struct, frozen=True):
    item_id: Id
    place: Name
    answer: Answer
    """right: what is shown is; gone: there is none; count: `count_estimate` says how many; later: not now."""
    count_estimate: Count | None = None
    """With `right`: what the question showed; without it, what is shown now."""


class Heard(msgspec.Struct, frozen=True):
    success: bool
    message: str
    event_id: int | None
    """Give it to `POST /v1/inventory/events/{id}/undo` to take it back; null when the question was put off."""


@get("/v1/inventory/question", opt=needs("read"))
async def open_question(database: NamedDependency[Database], now: NamedDependency[Clock]) -> Asked:
    """What the box would like to know most, at most three times a day and not twice within an hour."""
    now_ms = now()
    found = await database.read(lambda reader: questions.asked(reader, queries.stock(reader), now_ms))
    return Asked(view(found) if found else None)


@post("/v1/inventory/question", opt=needs("write"), status_code=200)
async def answer_question(
    data: JSONBody[Reply],
    database: NamedDependency[Database],
    shelf_changed: NamedDependency[Bell],
    actor: NamedDependency[Actor],
) -> Heard:
    """Answer, or put it off. An answer is a person's word, whether it is still asked for or not."""
    heard = await database.write(lambda writer: _hear(writer, data, actor))
    shelf_changed.ring()
    return heard


def view(question: Question) -> QuestionView:
    line = question.line
    return QuestionView(
        item_id=line.item_id,
        item_name=line.canonical_name,
        place=line.place_name,
        text=told.question(line.canonical_name, line.shown_count),
        shown_count=line.shown_count,
        confidence=line.confidence,
        last_seen_at=rfc3339_or_none(line.last_seen_at_ms),
        capture_id=question.capture_id,
        choices=choices(question),
    )


def choices(question: Question) -> list[Choice]:
    """What can be answered with one tap: yes, no, and not now."""
    shown, still_count = question.line.shown_count, question.still_count
    gone = Choice("gone", told.gone(shown), 0)
    still = Choice("right" if shown else "count", told.still(shown, still_count), still_count)
    return [*((still, gone) if shown > 1 else (gone, still)), Choice("later", "Not now", None)]


def _hear(writer: Writer, data: Reply, actor: Actor) -> Heard:
    stock = queries.stock(writer)
    line = _line_meant(writer, stock, data)
    question = questions.asked(writer, stock, writer.now_ms)
    count = _count_said(data, line)
    question_id = questions.record(writer, line, data.answer, count, actor.name)
    event_id = None if count is None else _say(writer, line, count, question_id, actor)
    if count is None:
        audit.record(writer, actor.name, "question.put-off", line.canonical_name)
    was_asked = question is not None and question.line == line
    return Heard(True, told.answered(line.canonical_name, count, was_asked=was_asked), event_id)


def _say(writer: Writer, line: StockLine, count: int, question_id: int, actor: Actor) -> int:
    audit.record(writer, actor.name, "question.answered", line.canonical_name, count=count)
    return words.say_count(
        writer,
        item_id=line.item_id,
        place_id=line.place_id,
        count=count,
        by=actor.name,
        details={"question": question_id},
    )


def _line_meant(reader: Reader, stock: list[StockLine], data: Reply) -> StockLine:
    item = items.item_by_id(reader, data.item_id)
    if item is None:
        raise NotFound("There is no such item.")
    item_id, place_id = item.merged_into or item.id, places.known_place(reader, data.place)
    found = next((line for line in stock if (line.item_id, line.place_id) == (item_id, place_id)), None)
    if found is None:
        raise NotFound(f"{item.canonical_name} was never at {data.place}.")
    return found


def _count_said(data: Reply, line: StockLine) -> int | None:
    """None for not now."""
    if data.answer in {"gone", "later"}:
        return 0 if data.answer == "gone" else None
    if data.answer == "count" and data.count_estimate is None:
        raise OutOfRange("count_estimate: say how many there are.")
    return line.shown_count if data.count_estimate is None else data.count_estimate
