"""Fold one photograph's evidence into the stock, and fold it all again to prove that nothing drifted."""

from collections import Counter, defaultdict

from pantrybox.inventory import observations, queries
from pantrybox.inventory.model import Stand, View
from pantrybox.inventory.reconcile import reconcile
from pantrybox.storage.database import Reader, Writer
from pantrybox.vision.model import Detection, Sight
from pantrybox.vision.proposals import COUNTED_SCORE
from pantrybox.vision.visibility import READABLE


def fold_in(writer: Writer, *, capture_id: str, device_id: str, captured_at_ms: int, sight: Sight) -> int:
    """Write down what was seen in a capture and all that follows from it; the observation's id."""
    named = [(detection, _item_of(writer, detection)) for detection in sight.detections]
    newest_ms = observations.newest_folded_at_ms(writer, device_id)
    # A photograph that waited in the camera is older than what is known: it is kept, and changes nothing.
    in_order = newest_ms is None or captured_at_ms >= newest_ms
    observation_id = observations.insert(writer, capture_id, sight, folded=in_order)
    observations.insert_detections(writer, observation_id, named)
    if in_order:
        seen = Counter(item_id for _, item_id in named if item_id is not None)
        view = View(seen=dict(seen), readable=sight.scene_confidence >= READABLE)
        _apply(writer, queries.place_of_device(writer, device_id), view, capture_id, captured_at_ms)
    return observation_id


def _item_of(writer: Writer, detection: Detection) -> int | None:
    if detection.score < COUNTED_SCORE:
        return None
    return queries.item_named(writer, detection.label, generic=True)


def _apply(writer: Writer, place_id: int, view: View, capture_id: str, captured_at_ms: int) -> None:
    before = queries.stock_at(writer, place_id)
    after, changes = reconcile(before, view)
    for item_id, stand in after.items():
        seen = view.readable and item_id in view.seen
        if seen or stand != before.get(item_id):
            seen_at_ms = captured_at_ms if seen else None
            queries.set_stand(writer, item_id, place_id, stand, seen_at_ms=seen_at_ms)
    for change in changes:
        queries.record(writer, place_id, change, capture_id=capture_id, happened_at_ms=captured_at_ms)


def refolded(reader: Reader) -> dict[int, dict[int, Stand]]:
    """What follows from all the evidence, place by place: must equal what is stored."""
    stock: defaultdict[int, dict[int, Stand]] = defaultdict(dict)
    for folded in observations.folded_views(reader):
        seen = observations.seen_in(reader, folded.observation_id)
        view = View(seen=seen, readable=folded.scene_confidence >= READABLE)
        stock[folded.place_id], _ = reconcile(stock[folded.place_id], view)
    return dict(stock)
