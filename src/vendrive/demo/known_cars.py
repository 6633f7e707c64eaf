"""The cars that the demo's scan knows: real makes and models, as vectors alone. No photo is shipped.

`python -m vendrive.demo.known_cars --photos DIR` makes the file anew after a training: DIR holds photos and a
`labels.csv` (file, class_id, name: "Ford Edge SUV 2012"). It takes a few minutes.
"""

import argparse
import csv
import re
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vendrive.vision.card import SHIPPED
from vendrive.vision.cars import CarEncoder
from vendrive.vision.images import Unreadable
from vendrive.vision.photos import read_photo

FILE = Path(__file__).with_name("known_cars.npz")
VIEWS = 6
SCALE = 127
ROUNDS = 20
EXAMPLE = """example:
  python -m vendrive.demo.known_cars --photos ../shared/data/cars"""

MAKES_ZH: Mapping[str, str] = {
    "Acura": "讴歌",
    "Aston Martin": "阿斯顿·马丁",
    "Audi": "奥迪",
    "BMW": "宝马",
    "Bentley": "宾利",
    "Bugatti": "布加迪",
    "Buick": "别克",
    "Cadillac": "凯迪拉克",
    "Chevrolet": "雪佛兰",
    "Chrysler": "克莱斯勒",
    "Daewoo": "大宇",
    "Dodge": "道奇",
    "Eagle": "鹰",
    "FIAT": "菲亚特",
    "Ferrari": "法拉利",
    "Fisker": "菲斯克",
    "Ford": "福特",
    "GMC": "GMC",
    "Geo": "Geo",
    "HUMMER": "悍马",
    "Honda": "本田",
    "Hyundai": "现代",
    "Infiniti": "英菲尼迪",
    "Isuzu": "五十铃",
    "Jaguar": "捷豹",
    "Jeep": "Jeep",
    "Lamborghini": "兰博基尼",
    "Land Rover": "路虎",
    "Lincoln": "林肯",
    "MINI": "MINI",
    "Maybach": "迈巴赫",
    "Mazda": "马自达",
    "McLaren": "迈凯伦",
    "Mercedes-Benz": "梅赛德斯-奔驰",
    "Mitsubishi": "三菱",
    "Nissan": "日产",
    "Plymouth": "普利茅斯",
    "Porsche": "保时捷",
    "Ram": "Ram",
    "Rolls-Royce": "劳斯莱斯",
    "Scion": "赛恩",
    "Spyker": "世爵",
    "Suzuki": "铃木",
    "Tesla": "特斯拉",
    "Toyota": "丰田",
    "Volkswagen": "大众",
    "Volvo": "沃尔沃",
    "smart": "smart",
}
_BODIES: Sequence[tuple[str, str]] = (
    ("minivan", "minivan"),
    ("van", "van"),
    ("suv", "suv"),
    ("convertible", "convertible"),
    ("sedan", "sedan"),
    ("hatchback", "hatchback"),
    ("wagon", "estate"),
    ("cab", "pickup"),
    ("supercab", "pickup"),
    ("coupe", "coupe"),
)
# Names that do not say their body.
_BODY_OF: Mapping[str, str] = {
    "TL Type-S": "sedan",
    "Integra Type R": "coupe",
    "Regal GS": "sedan",
    "Corvette ZR1": "coupe",
    "Corvette Ron Fellows Edition Z06": "coupe",
    "Cobalt SS": "coupe",
    "TrailBlazer SS": "suv",
    "300 SRT-8": "sedan",
    "Challenger SRT8": "coupe",
    "Charger SRT-8": "sedan",
    "500 Abarth": "hatchback",
    "XK XKR": "coupe",
}
# What the demo's towers lend of them, in its present generation.
MODEL_OF: Mapping[str, str] = {
    "ford-edge-suv-2012": "ford-edge",
    "ford-mustang-convertible-2007": "ford-mustang",
}


class OtherEncoder(Exception):
    """The file was made by another encoder than the one that is set up; the message says what to do."""


@dataclass(frozen=True)
class NamedCar:
    """A car as its label says it: "Ford Edge SUV 2012"."""

    slug: str
    label: str
    make: str
    make_zh: str
    name: str
    body: str
    year: int | None
    model: str | None


@dataclass(frozen=True)
class KnownCars:
    """Cars, and unit vectors (N x D) with each row's car."""

    cars: Sequence[NamedCar]
    vectors: NDArray[np.float32]
    of: Sequence[str]


def read_label(label: str) -> NamedCar:
    """Return what a label says; raise ValueError for a make that is not in the table."""
    make = next((make for make in sorted(MAKES_ZH, key=len, reverse=True) if label.startswith(f"{make} ")), None)
    if make is None:
        raise ValueError(f"{label!r} begins with no make of the table")
    rest, year = re.fullmatch(r"(.+?)(?: (\d{4}))?", label.removeprefix(f"{make} ")).groups()  # type: ignore[union-attr]
    slug = re.sub(r"[^a-z0-9]+", "-", label.lower()).strip("-")
    name = re.sub(r" (SUV|Sedan|Hatchback|Wagon|Minivan)$", "", rest)
    return NamedCar(
        slug, label, make, MAKES_ZH[make], name, _body(rest), int(year) if year else None, MODEL_OF.get(slug)
    )


def load_known_cars(encoder: str, file: Path = FILE) -> KnownCars:
    """Return what the file holds; raise OtherEncoder, where it was made by another encoder than `encoder`."""
    with np.load(file, allow_pickle=False) as held:
        made_by = str(held["encoder"])
        if made_by != encoder:
            raise OtherEncoder(
                f"{file.name} was made by the encoder {made_by}, and {encoder} is set up: their vectors do not compare."
                " Make it anew with `python -m vendrive.demo.known_cars --photos DIR`."
            )
        labels = [str(label) for label in held["labels"]]
        vectors = held["vectors"].astype(np.float32)
        cars = [read_label(label) for label in labels]
        of = [cars[number].slug for number in held["of"]]
    return KnownCars(cars, vectors / np.linalg.norm(vectors, axis=1, keepdims=True), of)


def choose_views(vectors: NDArray[np.float32], count: int) -> NDArray[np.float32]:
    """Return at most `count` unit vectors that stand for all (N x D): the middles of as many clusters.

    Spherical k-means from seeds that lie far apart, without chance: the same photos give the same file.
    """
    if len(vectors) <= count:
        return vectors
    seeds = [int(np.argmax(vectors @ vectors.mean(axis=0)))]
    while len(seeds) < count:
        seeds.append(int(np.argmin((vectors @ vectors[seeds].T).max(axis=1))))
    middles = vectors[seeds]
    for _ in range(ROUNDS):
        nearest = (vectors @ middles.T).argmax(axis=1)
        sums = np.stack([vectors[nearest == number].sum(axis=0) for number in range(count)])
        middles = (sums / np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-12)).astype(np.float32)
    return middles


def build(photos: Path, file: Path, views: int, most: int | None = None) -> str:
    """Write the file from labelled photos, at most `most` of each car; return a sentence that says what it holds."""
    encoder = CarEncoder(SHIPPED)
    by_label: dict[str, list[NDArray[np.float32]]] = {}
    for label, vector in _encoded(photos, encoder, most):
        by_label.setdefault(label, []).append(vector)
    chosen = {label: choose_views(np.stack(found), views) for label, found in sorted(by_label.items())}
    stacked = np.concatenate(list(chosen.values()))
    np.savez_compressed(
        file,
        encoder=encoder.name,
        labels=np.array(list(chosen)),
        of=np.repeat(np.arange(len(chosen), dtype=np.int16), [len(found) for found in chosen.values()]),
        vectors=np.round(stacked / np.abs(stacked).max(axis=1, keepdims=True) * SCALE).astype(np.int8),
    )
    return f"{file}: {len(chosen)} cars, {len(stacked)} views by {encoder.name}, {file.stat().st_size / 1000:.0f} kB"


def _encoded(photos: Path, encoder: CarEncoder, most: int | None) -> Iterator[tuple[str, NDArray[np.float32]]]:
    with (photos / "labels.csv").open(newline="", encoding="utf-8") as labels:
        rows = _first(list(csv.DictReader(labels)), most)
    for number, row in enumerate(rows, start=1):
        end = "\n" if number == len(rows) else ""
        sys.stderr.write(f"\r{number}/{len(rows)} photos{end}")
        try:
            yield row["name"], encoder.see(read_photo((photos / row["file"]).read_bytes())).vector
        except Unreadable as error:
            sys.stderr.write(f"\n{row['file']}: {error}\n")


def _first(rows: Sequence[dict[str, str]], most: int | None) -> Sequence[dict[str, str]]:
    """Return at most `most` rows of each name, in their order."""
    seen: Counter[str] = Counter()
    kept = []
    for row in rows:
        seen[row["name"]] += 1
        if most is None or seen[row["name"]] <= most:
            kept.append(row)
    return kept


def _body(name: str) -> str:
    words = name.lower().split()
    return _BODY_OF.get(name) or next((body for word, body in _BODIES if word in words), "sedan")


def main(arguments: Sequence[str] | None = None) -> int:
    """Make the file; exit status 0, or 2 where there is nothing to make it from."""
    parser = argparse.ArgumentParser(
        prog="python -m vendrive.demo.known_cars",
        description="Make the vectors of the cars that the demo's scan knows, from labelled photos.",
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--photos", type=Path, required=True, metavar="DIR", help="photos and labels.csv")
    parser.add_argument("--views", type=int, default=VIEWS, help="of each car (default: %(default)s)")
    parser.add_argument("--most", type=int, help="photos of each car that are looked at (default: all)")
    parser.add_argument("--out", type=Path, default=FILE, help="default: the file of the demo")
    asked = parser.parse_args(arguments)
    if not (asked.photos / "labels.csv").is_file():
        sys.stderr.write(f"there is no labels.csv in {asked.photos}\n")
        return 2
    print(build(asked.photos, asked.out, asked.views, asked.most))
    return 0


if __name__ == "__main__":
    sys.exit(main())
