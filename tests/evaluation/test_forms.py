"""Labels of three forms are read as they are meant, and what makes no sense is counted, named and left."""

from collections import Counter
from pathlib import Path

import pytest

from pantrybox.evaluation.forms import read_labelled
from pantrybox.evaluation.labels import WHOLE, fits, truths
from pantrybox.evaluation.model import Label, LabelledFolder, NotLabelled, Photograph
from pantrybox.vision.model import Box
from tests.evaluation.labelled import coco, draw_picture, voc, write, write_json

MILK = ("milk", (32, 24, 64, 48))
TEA = ("tea", (160, 120, 320, 240))


def names(folder: LabelledFolder) -> list[str]:
    return [photograph.name for photograph in folder.photographs]


def only(folder: LabelledFolder) -> Photograph:
    (photograph,) = folder.photographs
    return photograph


def boxes(photograph: Photograph) -> list[tuple[str | None, Box]]:
    return [(truth.name, truth.box) for truth in truths(photograph, 320, 240)[0]]


def test_coco_boxes_are_left_top_width_and_height_in_pixels(tmp_path: Path) -> None:
    draw_picture(tmp_path / "a.jpg")
    write_json(tmp_path / "labels.json", coco({"a.jpg": [MILK, TEA]}))
    found = read_labelled(tmp_path)
    assert found.form == "coco"
    assert boxes(only(found)) == [("milk", Box(0.1, 0.1, 0.2, 0.2)), ("tea", Box(0.5, 0.5, 1.0, 1.0))]


def test_voc_boxes_are_first_and_last_pixels_counted_from_one(tmp_path: Path) -> None:
    draw_picture(tmp_path / "JPEGImages/a.jpg")
    write(tmp_path / "Annotations/a.xml", voc([MILK, TEA]))
    found = read_labelled(tmp_path)
    assert found.form == "voc"
    assert boxes(only(found)) == [("milk", Box(0.1, 0.1, 0.2, 0.2)), ("tea", Box(0.5, 0.5, 1.0, 1.0))]


def test_a_class_folder_s_picture_is_one_whole_thing(tmp_path: Path) -> None:
    draw_picture(tmp_path / "milk/a.jpg")
    draw_picture(tmp_path / "tea/a.jpg")
    found = read_labelled(tmp_path)
    assert found.form == "classes"
    assert [boxes(photograph) for photograph in found.photographs] == [[("milk", WHOLE)], [("tea", WHOLE)]]


def test_the_deepest_folder_is_the_class_and_two_alike_are_told_apart(tmp_path: Path) -> None:
    for name in ("train/Fruit/Apple/Red/1.jpg", "train/Fruit/Pear/Green/1.jpg", "train/Veg/Pepper/Red/1.jpg"):
        draw_picture(tmp_path / name)
        draw_picture(tmp_path / name.replace("train", "test"))
    draw_picture(tmp_path / "iconic/Fruit/Apple/Red/clean.jpg")
    found = read_labelled(tmp_path)
    assert {p.labels[0].name for p in found.photographs} == {"Fruit/Apple/Red", "Green", "Veg/Pepper/Red"}
    assert {p.name.split("/")[0]: p.part for p in found.photographs} == {"train": "teach", "test": "test"}


def test_one_class_may_lie_elsewhere_in_the_test_set(tmp_path: Path) -> None:
    for name in (
        "train/Veg/Mushroom/Brown/1.jpg",
        "train/Veg/Leek/1.jpg",
        "test/Veg/Brown/1.jpg",
        "test/Veg/Leek/1.jpg",
    ):
        draw_picture(tmp_path / name)
    assert [p.labels[0].name for p in read_labelled(tmp_path).photographs] == ["Brown", "Leek", "Leek", "Brown"]


def test_one_level_of_class_folders_has_no_parts(tmp_path: Path) -> None:
    draw_picture(tmp_path / "milk/a.jpg")
    draw_picture(tmp_path / "tea/a.png")
    assert {photograph.part for photograph in read_labelled(tmp_path).photographs} == {None}


def test_the_parts_of_a_coco_set_come_from_the_names_of_its_files(tmp_path: Path) -> None:
    for part in ("train2017", "val2017"):
        draw_picture(tmp_path / part / "0001.jpg")
        write_json(tmp_path / f"annotations/instances_{part}.json", coco({"0001.jpg": [MILK]}))
    found = read_labelled(tmp_path)
    assert {p.name: p.part for p in found.photographs} == {"train2017/0001.jpg": "teach", "val2017/0001.jpg": "test"}


def test_a_test_set_is_tested_on_and_the_one_for_checking_is_left_alone(tmp_path: Path) -> None:
    for part in ("train", "valid", "test"):
        draw_picture(tmp_path / part / "a.jpg")
        write_json(tmp_path / part / "_annotations.coco.json", coco({"a.jpg": [MILK]}))
    parts = {p.name: p.part for p in read_labelled(tmp_path).photographs}
    assert parts == {"train/a.jpg": "teach", "test/a.jpg": "test"}


def test_the_parts_of_a_voc_set_stand_in_its_lists(tmp_path: Path) -> None:
    for stem in ("a", "b"):
        draw_picture(tmp_path / f"JPEGImages/{stem}.jpg")
        write(tmp_path / f"Annotations/{stem}.xml", voc([MILK]))
    write(tmp_path / "ImageSets/Main/trainval.txt", "a\nb\n")
    write(tmp_path / "ImageSets/Main/test.txt", "b\n")
    parts = {p.name: p.part for p in read_labelled(tmp_path).photographs}
    assert parts == {"JPEGImages/a.jpg": "teach", "JPEGImages/b.jpg": "test"}


def test_crowds_and_difficult_things_are_told_apart(tmp_path: Path) -> None:
    draw_picture(tmp_path / "coco/a.jpg")
    labels = coco({"a.jpg": [MILK, TEA]})
    labels["annotations"][0]["iscrowd"] = 1
    labels["annotations"][1]["ignore"] = 1
    write_json(tmp_path / "coco/labels.json", labels)
    assert [label.kind for label in only(read_labelled(tmp_path / "coco")).labels] == ["crowd", "difficult"]
    draw_picture(tmp_path / "voc/a.jpg")
    write(tmp_path / "voc/a.xml", voc([MILK, TEA], difficult=[1]))
    assert [label.kind for label in only(read_labelled(tmp_path / "voc")).labels] == ["thing", "difficult"]


def test_a_picture_without_things_is_a_labelled_picture(tmp_path: Path) -> None:
    draw_picture(tmp_path / "a.jpg")
    write_json(tmp_path / "labels.json", coco({"a.jpg": []}))
    assert only(read_labelled(tmp_path)).labels == ()


def test_what_reaches_out_of_the_picture_is_cut_and_what_has_no_area_is_dropped() -> None:
    labels = (
        Label("in", (0, 0, 32, 24)),
        Label("over", (-50, 120, 160, 300)),
        Label("out", (400, 0, 500, 100)),
        Label("flat", (10, 10, 10, 50)),
        Label("turned", (50, 50, 10, 10)),
    )
    found, flaws = truths(Photograph(Path("a.jpg"), "a.jpg", labels, (320, 240)), 320, 240)
    assert [(truth.name, truth.box) for truth in found] == [
        ("in", Box(0, 0, 0.1, 0.1)),
        ("over", Box(0, 0.5, 0.5, 1.0)),
    ]
    assert flaws == {"cut at the picture's edge": 2, "without area": 3}


def test_labels_made_for_a_scaled_picture_fit_and_those_of_an_unturned_one_do_not() -> None:
    photograph = Photograph(Path("a.jpg"), "a.jpg", (), (4000, 3000))
    assert fits(photograph, 1000, 750)
    assert fits(photograph, 333, 250)
    assert not fits(photograph, 3000, 4000)
    assert fits(Photograph(Path("a.jpg"), "a.jpg", ()), 3000, 4000)


def test_labels_that_make_no_sense_are_counted_and_the_others_used(tmp_path: Path) -> None:
    draw_picture(tmp_path / "a.jpg")
    labels = coco({"a.jpg": [MILK]})
    thing = labels["annotations"][0]
    for bbox in ([1, 2, 3], "nowhere", None, [1, 2, "x", 4], [1e400, 1, 1, 1], {"x": 1}):
        labels["annotations"].append({**thing, "bbox": bbox})
    labels["annotations"].append({**thing, "image_id": 99})
    labels["annotations"].append({**thing, "category_id": ["?"]})
    labels["annotations"].append("milk")
    write_json(tmp_path / "labels.json", labels)
    found = read_labelled(tmp_path)
    assert [label.name for label in only(found).labels] == ["milk", None]
    assert found.flaws == {"without a box": 6, "of a picture that is not listed": 1}


def test_one_name_in_two_spellings_is_one_item(tmp_path: Path) -> None:
    draw_picture(tmp_path / "a.jpg")
    write_json(tmp_path / "labels.json", coco({"a.jpg": [("Oat milk", MILK[1]), ("oat  MILK", TEA[1])]}))
    assert [label.name for label in only(read_labelled(tmp_path)).labels] == ["Oat milk", "Oat milk"]


def test_a_picture_is_only_looked_for_within_the_folder(tmp_path: Path) -> None:
    secret = draw_picture(tmp_path / "secret.jpg")
    draw_picture(tmp_path / "set/a.jpg")
    write_json(tmp_path / "set/labels.json", coco({"a.jpg": [], "../secret.jpg": [], str(secret): [], "b.jpg": []}))
    found = read_labelled(tmp_path / "set")
    assert names(found) == ["a.jpg"]
    assert [left_out.file for left_out in found.left_out] == ["../secret.jpg", str(secret), "b.jpg"]


def test_a_picture_is_found_where_another_program_put_it(tmp_path: Path) -> None:
    draw_picture(tmp_path / "images/shelf/a.jpg")
    write_json(tmp_path / "annotations/labels.json", coco({r"C:\photos\shelf\a.jpg": [MILK]}))
    assert names(read_labelled(tmp_path)) == ["images/shelf/a.jpg"]


def test_a_picture_that_two_files_label_is_labelled_by_the_first(tmp_path: Path) -> None:
    draw_picture(tmp_path / "a.jpg")
    write_json(tmp_path / "1.json", coco({"a.jpg": [MILK]}))
    write_json(tmp_path / "2.json", coco({"a.jpg": [TEA]}))
    found = read_labelled(tmp_path)
    assert [label.name for label in only(found).labels] == ["milk"]
    assert "2.json" in found.left_out[0].reason


def test_json_of_other_kinds_is_no_label_file(tmp_path: Path) -> None:
    draw_picture(tmp_path / "a.jpg")
    write(tmp_path / "a.xml", voc([MILK]))
    write_json(tmp_path / "package.json", {"name": "x", "images": 3})
    write_json(tmp_path / "captions.json", {"images": [], "annotations": [{"caption": "a shelf"}]})
    write(tmp_path / "broken.json", "{")
    write(tmp_path / "deep.json", "[" * 100_000)
    found = read_labelled(tmp_path)
    assert found.form == "voc"
    assert found.left_out == ()


def test_a_label_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    draw_picture(tmp_path / "a.jpg")
    write_json(tmp_path / "labels.json", coco({"a.jpg": [MILK]}))
    write(tmp_path / "more.json", '{"images": [')
    assert [left_out.file for left_out in read_labelled(tmp_path).left_out] == ["more.json"]


BOMB = '<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;">]><annotation>&b;</annotation>'


@pytest.mark.parametrize("hostile", [BOMB.encode(), BOMB.encode("utf-16"), b"<annotation>", b"\0" * 50, b""])
def test_xml_that_is_broken_or_hostile_is_left_out(tmp_path: Path, hostile: bytes) -> None:
    for stem in ("a", "b"):
        draw_picture(tmp_path / f"{stem}.jpg")
    write(tmp_path / "a.xml", voc([MILK]))
    (tmp_path / "b.xml").write_bytes(hostile)
    found = read_labelled(tmp_path)
    assert names(found) == ["a.jpg"]
    assert [left_out.file for left_out in found.left_out] == ["b.xml"]


def test_a_folder_without_labels_is_told_the_three_forms(tmp_path: Path) -> None:
    draw_picture(tmp_path / "a.jpg")
    with pytest.raises(NotLabelled, match=r"COCO .*VOC .*folder for each class"):
        read_labelled(tmp_path)
    draw_picture(tmp_path / "train/a.jpg")
    draw_picture(tmp_path / "val/a.jpg")
    with pytest.raises(NotLabelled, match="no labels"):
        read_labelled(tmp_path)
    with pytest.raises(NotLabelled, match="There is no folder"):
        read_labelled(tmp_path / "elsewhere")


def test_labels_without_their_pictures_are_no_set(tmp_path: Path) -> None:
    write_json(tmp_path / "labels.json", coco({"a.jpg": [MILK]}))
    with pytest.raises(NotLabelled, match=r"none of the pictures.*a\.jpg"):
        read_labelled(tmp_path)


def test_the_form_can_be_chosen(tmp_path: Path) -> None:
    for name in ("milk", "tea"):
        draw_picture(tmp_path / name / "a.jpg")
    write_json(tmp_path / "labels.json", coco({"milk/a.jpg": [MILK]}))
    assert read_labelled(tmp_path).form == "coco"
    assert read_labelled(tmp_path, "classes").form == "classes"
    with pytest.raises(NotLabelled, match="of the form voc"):
        read_labelled(tmp_path, "voc")


def test_the_grocery_photographs_are_taught_from_train_and_tested_on_test() -> None:
    folder = Path(__file__).parents[3] / "shared/data/grocery_store"
    if not folder.is_dir():
        pytest.skip(f"no photographs to measure with in {folder.name}")
    photographs = read_labelled(folder).photographs
    assert Counter(photograph.part for photograph in photographs) == {"teach": 2640, "test": 2485}
    assert len({photograph.labels[0].name for photograph in photographs}) == 81


def test_names_are_made_fit_to_show(tmp_path: Path) -> None:
    draw_picture(tmp_path / "a.jpg")
    write_json(tmp_path / "labels.json", coco({"a.jpg": [("\x1b[31m red\ntea \u202e", MILK[1]), ("x" * 300, TEA[1])]}))
    first, second = (label.name for label in only(read_labelled(tmp_path)).labels)
    assert first == "[31m red tea"
    assert second == "x" * 200
