"""What the shipped model says of pictures: a car or not, where, and what is wrong with a photo."""

from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFilter

from tests.vision.drawn_cars import drawn_car
from vendrive.vision.card import SHIPPED, ModelMissing, read_card
from vendrive.vision.cars import CarEncoder, CarProblem, _no_car, _problem
from vendrive.vision.images import PictureProblem, Unreadable
from vendrive.vision.looks import open_small
from vendrive.vision.paint import PaintGuess, PaintName, around, describe, paint_of
from vendrive.vision.photos import Box, Photo, photo_of, read_photo
from vendrive.vision.recall import hits, ranked
from vendrive.vision.training.others import GROUPS, picture
from vendrive.vision.training.split import Split, make_of, read_labels, split
from vendrive.vision.where import cars_in, likelihood_of

CARS = Path(__file__).parents[3] / "shared/data/cars"
needs_photos = pytest.mark.skipif(not CARS.is_dir(), reason="the shared photos of cars are not on this machine")
MOST_BYTES, MOST_PAINT_BYTES = 15_000_000, 2_000_000
# Photos of models that neither the encoders nor the paint's net learned from.
PAINTED = [
    ("111/01398.jpg", PaintName.white),
    ("114/00214.jpg", PaintName.black),
    ("029/00070.jpg", PaintName.blue),
    ("004/05125.jpg", PaintName.brown),
]


@pytest.fixture(scope="module")
def eye() -> CarEncoder:
    return CarEncoder()


@pytest.fixture(scope="module")
def parts() -> Split:
    return split(read_labels(CARS))


def test_the_shipped_model_is_small_and_for_research_only() -> None:
    card = read_card()
    assert card.research_only
    assert (SHIPPED / card.encoder.file).stat().st_size <= MOST_BYTES
    assert card.paint is not None
    assert (SHIPPED / card.paint.file).stat().st_size <= MOST_PAINT_BYTES
    assert (SHIPPED / "NOTICE.md").is_file()


def test_a_folder_without_a_model_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ModelMissing, match="vendrive scan train --out"):
        CarEncoder(tmp_path)


@pytest.fixture(scope="module")
def without_paint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped model as `vendrive scan train` would write one: no net that names paint by pixels."""
    folder, card = tmp_path_factory.mktemp("model"), read_card()
    (folder / card.encoder.file).symlink_to(SHIPPED / card.encoder.file)
    (folder / "card.json").write_text(card.model_copy(update={"paint": None}).model_dump_json(), encoding="utf-8")
    return folder


def test_a_model_without_a_net_of_pixels_names_paint_all_the_same(eye: CarEncoder, without_paint: Path) -> None:
    photo = photo_of(drawn_car(1, 1).resize((640, 440)))
    one, both = CarEncoder(without_paint).see(photo), eye.see(photo)
    assert 0 < one.paint.confidence <= 1
    assert one.paint.confidence != both.paint.confidence
    assert (one.vector == both.vector).all()


def test_a_card_whose_net_of_paint_is_missing_is_refused(tmp_path: Path) -> None:
    card = read_card()
    (tmp_path / card.encoder.file).symlink_to(SHIPPED / card.encoder.file)
    (tmp_path / "card.json").write_bytes((SHIPPED / "card.json").read_bytes())
    with pytest.raises(ModelMissing, match=r"paint\.onnx is missing"):
        CarEncoder(tmp_path)


def test_the_net_of_pixels_is_shown_the_car_and_a_little_around_it() -> None:
    pixels = np.zeros((200, 300, 3), np.uint8)
    pixels[50:150, 100:200] = 255
    seen = around(Photo(pixels), Box(100, 50, 100, 100), 124)
    assert seen.shape == (124, 124, 3)
    assert (seen[14:110, 14:110] == 255).all()
    assert seen[:10].max() == seen[:, :10].max() == 0
    assert around(Photo(pixels), Box(0, 0, 300, 200), 62).shape == (62, 62, 3)


def test_paint_is_what_two_nets_find_likeliest_together() -> None:
    sure, unsure = np.full(12, 0.1 / 11), np.full(12, 0.0)
    sure[3], unsure[1], unsure[3] = 0.9, 0.6, 0.4
    assert paint_of(unsure) == PaintGuess(PaintName.silver, 0.6)
    assert paint_of(sure, unsure).name is PaintName.black
    assert paint_of(sure, unsure).confidence == pytest.approx(0.65)


@pytest.mark.parametrize("group", sorted(GROUPS))
def test_a_picture_without_a_car_is_none(eye: CarEncoder, group: str) -> None:
    refused = [eye.see(photo_of(picture(group, seed))).problem is CarProblem.not_a_car for seed in range(3)]
    assert refused == [True] * 3


def test_a_vector_has_length_one_and_hardly_minds_the_file_format(eye: CarEncoder) -> None:
    image = drawn_car(1, 1).resize((640, 440))
    data = BytesIO()
    image.save(data, "HEIF", quality=90)
    one, other = eye.encode(photo_of(image)), eye.encode(read_photo(data.getvalue()))
    assert np.linalg.norm(one) == pytest.approx(1, abs=1e-5)
    assert one.shape == (eye.dimensions,)
    assert float(one @ other) > 0.95


def test_a_photo_is_turned_upright_and_loses_its_position() -> None:
    image, exif, data = drawn_car(1, 1).resize((640, 440)), Image.Exif(), BytesIO()
    exif[274] = 6
    exif.get_ifd(34853)[1] = "N"
    image.save(data, "JPEG", exif=exif)
    assert read_photo(data.getvalue()).size == (440, 640)


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"GIF89a not a picture", PictureProblem.not_a_picture),
        (b"", PictureProblem.not_a_picture),
        (b"\0" * (15 * 1024 * 1024 + 1), PictureProblem.too_many_bytes),
    ],
)
def test_what_is_no_picture_is_refused(data: bytes, problem: PictureProblem) -> None:
    with pytest.raises(Unreadable) as refused:
        read_photo(data)
    assert refused.value.problem is problem


@pytest.mark.parametrize(
    ("side", "problem"), [((40, 40), PictureProblem.too_few_pixels), ((9000, 9000), PictureProblem.too_many_pixels)]
)
def test_tiny_and_huge_pictures_are_refused(side: tuple[int, int], problem: PictureProblem) -> None:
    data = BytesIO()
    Image.new("1", side).save(data, "PNG")
    with pytest.raises(Unreadable) as refused:
        read_photo(data.getvalue())
    assert refused.value.problem is problem


def test_dark_blurred_and_small_cars_are_told() -> None:
    sharp = drawn_car(2, 1).resize((640, 440))
    assert _problem(photo_of(sharp), 1) is None
    assert _problem(photo_of(sharp), 2) is CarProblem.several_cars
    assert _problem(photo_of(sharp.point(lambda tone: tone * 0.04)), 1) is CarProblem.too_dark
    assert _problem(photo_of(sharp.filter(ImageFilter.GaussianBlur(14))), 1) is CarProblem.too_blurred
    assert _problem(photo_of(sharp.resize((60, 40))), 1) is CarProblem.too_small


def test_where_no_car_is_seen_the_photo_is_told_to_be_dark_or_blurred_or_to_show_none() -> None:
    sharp = drawn_car(2, 1).resize((640, 440))
    assert _no_car(photo_of(sharp)) is CarProblem.not_a_car
    assert _no_car(photo_of(Image.new("RGB", (640, 440), "#d8d8d0"))) is CarProblem.not_a_car
    wall = Image.fromarray(np.tile(np.linspace(150, 190, 640).astype(np.uint8), (440, 1))).convert("RGB")
    assert _no_car(photo_of(wall)) is CarProblem.not_a_car
    assert _no_car(photo_of(sharp.point(lambda tone: tone * 0.04))) is CarProblem.too_dark
    assert _no_car(photo_of(sharp.filter(ImageFilter.GaussianBlur(14)))) is CarProblem.too_blurred


def test_cars_are_boxed_where_the_odds_are_high() -> None:
    places = np.full((10, 10), -4.0, np.float32)
    assert cars_in(places, (1000, 500)) == []
    assert likelihood_of(places) < 0.05
    places[3:7, 0:4] = 9
    (box,) = cars_in(places, (1000, 500))
    assert box.left == 0
    assert 350 < box.width < 550
    assert 100 < box.top < 170
    assert likelihood_of(places) > 0.95
    places[3:7, 7:10] = 8
    assert len(cars_in(places, (1000, 500))) == 2


def test_a_narrow_or_tiny_photo_never_gives_an_empty_box() -> None:
    places = np.full((10, 10), -4.0, np.float32)
    places[9, 9] = 9
    for size in ((81, 46), (1008, 64), (64, 1008)):
        for box in cars_in(places, size):
            assert Photo(np.zeros((size[1], size[0], 3), np.uint8)).cropped(box).size[0] > 0
            assert Photo(np.zeros((size[1], size[0], 3), np.uint8)).cropped(box).size[1] > 0


def test_paint_is_read_in_the_cars_box_alone() -> None:
    """What stands beside the car counts next to nothing."""
    pixels = np.full((100, 200, 3), 250, np.uint8)
    pixels[:, :100] = (30, 60, 190)
    panels = np.zeros((96, 20, 20), np.float32)
    panels[:, :, 10:] = 1
    left, right = (describe(Photo(pixels), panels, Box(side, 0, 100, 100)) for side in (0, 100))
    assert left[-96:].max() < 0.15
    assert right[-96:].min() > 0.85
    alone = describe(Photo(pixels[:, :100]), panels[:, :, :10], Box(0, 0, 100, 100))
    assert np.abs(left[:-96] - alone[:-96]).max() < 0.25


@needs_photos
@pytest.mark.parametrize(("file", "name"), PAINTED)
def test_a_plain_paint_has_its_name(eye: CarEncoder, file: str, name: PaintName) -> None:
    guess = eye.see(open_small(CARS / file)).paint
    assert (guess.name, 0 < guess.confidence <= 1) == (name, True)


@needs_photos
def test_paint_learned_from_no_photo_that_measures_it(parts: Split) -> None:
    root = Path(__file__).parents[2]
    lists = ("tools/paint_train_labels.csv", "src/vendrive/bench/paint_labels.csv")
    learned, measured = (
        {line.split(",")[0] for line in (root / name).read_text(encoding="utf-8").splitlines()[1:]} for name in lists
    )
    assert (len(learned), len(measured)) == (3191, 200)
    assert not learned & measured
    assert learned <= {photo.file for photo in parts.train}


@needs_photos
def test_the_split_is_the_issues(parts: Split) -> None:
    assert len({photo.name for photo in parts.unseen}) == 42
    assert len({photo.name for photo in parts.train}) == 126
    assert not set(parts.train) & set(parts.held_out)
    assert make_of("Land Rover LR2 SUV 2012") == "Land Rover"


@needs_photos
def test_photos_of_unseen_models_find_their_model(eye: CarEncoder, parts: Split) -> None:
    names = sorted({photo.name for photo in parts.unseen})[:12]
    shown = [[photo for photo in parts.unseen if photo.name == name][:5] for name in names]
    sights = [[eye.see(open_small(CARS / photo.file)) for photo in one] for one in shown]
    views = np.stack([sight.vector for one in sights for sight in one[:4]])
    found = ranked(np.stack([one[4].vector for one in sights]), views, np.repeat(names, 4), 3)
    assert hits(found, np.asarray(names), 3).mean() > 0.8
    assert np.mean([sight.problem is CarProblem.not_a_car for one in sights for sight in one]) < 0.05


@needs_photos
def test_a_car_that_is_small_in_the_photo_is_looked_at_again(eye: CarEncoder, parts: Split) -> None:
    image = Image.open(CARS / parts.held_out[3].file).convert("RGB").resize((420, 250))
    street = picture("texture", 3, 1008).resize((1008, 756))
    street.paste(image, (500, 300))
    alone, sight = eye.encode(photo_of(image)), eye.see(photo_of(street))
    whole = eye._look(photo_of(street)).vector
    assert sight.box.left > 200
    assert float(sight.vector @ alone) > float(whole @ alone) + 0.1
