"""Make pictures of people who do not exist: `python tools/make_people.py --faces DIR --out DIR`.

DIR/PERSON/*.jpg are photos of real people. The faces are aligned by their eyes; principal components of
the aligned pictures are sampled at random, so that a picture is a mixture of hundreds of photos and shows
nobody. A mixture may still resemble someone, so each picture must be farther than 0.60 (dlib's distance)
from every photo it was made from, and from every picture of the other made people; whoever is nearer is
thrown away. Eigenfaces: Turk and Pentland, "Eigenfaces for Recognition", 1991.
"""

import argparse
import io
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from vendrive.vision.faces import Embedding, Face, FaceEngine, FaceRefused
from vendrive.vision.images import Picture, read_image

Grey = NDArray[np.float32]

SIDE = 250
EYES = (complex(103, 112), complex(147, 112))
PICTURE_SIDE = 400
COMPONENTS = 110
SPREAD = 1.1
VIEW_SPREAD = 0.12
STEPS = 60
STRIDE = 0.2
TAKES = 8

APART = 0.605
"""Distance between two people, and to any source photo: 0.60 asked for, and a little for rounding."""
FRONT_APART = 0.635
"""What the front view must reach before the other views, which differ a little, are tried."""
TOGETHER = 0.42
"""Distance between two views of one person: well within the engine's threshold."""


@dataclass(frozen=True)
class Sources:
    """Aligned grey faces (n x 250 x 250), and the embedding of every face in every photo."""

    aligned: Grey
    embeddings: NDArray[np.float64]


@dataclass(frozen=True)
class FaceSpace:
    """Mean face, and components scaled to one standard deviation each."""

    mean: Grey
    components: Grey


@dataclass(frozen=True)
class Looks:
    """What grey photos do not tell: colours, and how dark the hair is (0 to 1)."""

    skin: NDArray[np.float64]
    garment: NDArray[np.float64]
    background: NDArray[np.float64]
    hair: float


@dataclass(frozen=True)
class View:
    """How one picture differs from the front view."""

    turn_degrees: float = 0.0
    scale: float = 1.0
    yaw: float = 0.0
    light: float = 1.0
    slope: float = 0.0


VIEW_KINDS = (
    View(),
    View(turn_degrees=5.0, scale=0.93, light=1.06),
    View(turn_degrees=-4.0, yaw=0.09, light=0.88),
    View(scale=1.07, yaw=-0.07, slope=0.22),
)


@dataclass(frozen=True)
class Candidate:
    """Somebody made up: JPEG bytes and embedding of each view."""

    pictures: tuple[bytes, ...]
    embeddings: NDArray[np.float64]


def read_sources(engine: FaceEngine, folder: Path) -> Sources:
    """Align the most central face of each photo; remember the embeddings of all. Shows progress."""
    photos = sorted(folder.glob("*/*.jpg"))
    aligned: list[Grey] = []
    embeddings: list[Embedding] = []
    for number, path in enumerate(photos, start=1):
        show(f"reading photo {number}/{len(photos)}", last=number == len(photos))
        photo = read_image(path.read_bytes())
        faces = engine.find_all(photo)
        embeddings += [face.embedding for face in faces]
        if faces:
            aligned.append(align(photo, min(faces, key=lambda face: off_centre(photo, face))))
    if len(aligned) < COMPONENTS:
        raise SystemExit(f"{len(aligned)} faces in {folder}; {COMPONENTS} are needed")
    return Sources(np.array(aligned), np.array(embeddings))


def off_centre(photo: Picture, face: Face) -> float:
    """Distance in px of the face's middle from the photo's."""
    left, top, width, height = face.box
    return abs(complex(left + width / 2 - photo.shape[1] / 2, top + height / 2 - photo.shape[0] / 2))


def align(photo: Picture, face: Face) -> Grey:
    """Turn, scale and shift the photo so that the eyes lie on EYES; grey, with equal contrast."""
    points = [complex(*point) for point in face.points]
    first, second = sorted([(points[0] + points[1]) / 2, (points[2] + points[3]) / 2], key=lambda eye: eye.real)
    ratio = (EYES[1] - EYES[0]) / (second - first)
    shift = EYES[0] - ratio * first
    matrix = np.array([[ratio.real, -ratio.imag, shift.real], [ratio.imag, ratio.real, shift.imag]])
    grey = cv2.cvtColor(photo, cv2.COLOR_RGB2GRAY)
    out = cv2.warpAffine(grey, matrix, (SIDE, SIDE), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    face_area = out[70:200, 80:170].astype(np.float32)
    even = (out.astype(np.float32) - face_area.mean()) / (face_area.std() + 1e-3) * 36 + 145
    return np.asarray(np.clip(even, 0, 255), dtype=np.float32)


def face_space(aligned: Grey) -> FaceSpace:
    """Principal components of the three quarters that look most straight ahead, and their mirror images."""
    smooth = np.array([cv2.GaussianBlur(picture, (0, 0), 3) for picture in aligned])
    lopsided = np.abs(smooth - smooth[:, :, ::-1])[:, 75:185, 85:165].mean(axis=(1, 2))
    straight = aligned[lopsided < np.percentile(lopsided, 75)]
    both = np.concatenate([straight, straight[:, :, ::-1]])
    mean = both.mean(axis=0)
    rows = (both - mean).reshape(len(both), -1)
    # Components are ordered by what they explain in the head; the background explains the rest.
    weighted = rows * np.sqrt(head_mask(1.25) + 0.05).ravel()
    values, vectors = np.linalg.eigh(weighted @ weighted.T)
    strongest = np.argsort(values)[::-1][:COMPONENTS]
    components = vectors[:, strongest].T @ rows / np.sqrt(len(rows))
    return FaceSpace(mean, components.reshape(-1, SIDE, SIDE).astype(np.float32))


def grid() -> tuple[Grey, Grey]:
    """Column and row of every pixel of the aligned picture."""
    rows, columns = np.mgrid[0:SIDE, 0:SIDE].astype(np.float32)
    return columns, rows


def ramp(values: Grey, start: float, end: float) -> Grey:
    """0 at `start`, 1 at `end`, smooth in between."""
    share = np.clip((values - start) / (end - start), 0, 1)
    return np.asarray(share * share * (3 - 2 * share), dtype=np.float32)


def head_radius() -> Grey:
    """0 in the middle of the head, 1 at its outline, hair included."""
    columns, rows = grid()
    tall = np.where(rows < 118, 91, 88)
    wide = 59 - 7 * ramp(rows, 120, 190)
    return np.asarray(np.hypot((columns - 125) / wide, (rows - 118) / tall), dtype=np.float32)


def head_mask(size: float = 1.0) -> Grey:
    """1 in the head, 0 outside, soft at the outline."""
    return 1 - ramp(head_radius(), 0.92 * size, 1.06 * size)


def sample_face(space: FaceSpace, traits: NDArray[np.float64], hair: float) -> Grey:
    """The grey face with these traits (one number per component), hair darkened."""
    face = space.mean + np.tensordot(traits.astype(np.float32), space.components, axes=1)
    radius = head_radius()
    _, rows = grid()
    # Away from the face the samples are cloudy; their mirrored half evens them out.
    outside = ramp(radius, 0.55, 0.85)
    face = face * (1 - outside / 2) + face[:, ::-1] * outside / 2
    top = ramp(radius, 0.74, 0.94) * (1 - ramp(rows, 105, 150))
    return np.asarray(np.clip(face * (1 - top * hair), 0, 255), dtype=np.float32)


def paint(face: Grey, looks: Looks) -> NDArray[np.float64]:
    """Colour the face and set it on a neck, a garment and an even background (RGB, 0 to 255)."""
    columns, rows = grid()
    levels = np.array([0, 55, 110, 165, 215, 255])
    head = np.stack([np.interp(face, levels, looks.skin[:, channel]) for channel in range(3)], axis=-1)
    across = np.abs(columns - 125)
    picture = np.ones((SIDE, SIDE, 3)) * looks.background * (1.06 - rows / SIDE * 0.16)[..., None]
    neck = (1 - ramp(across, 27, 36)) * ramp(rows, 150, 160)
    shade = (0.62 + 0.16 * ramp(rows, 205, 235) - 0.1 * ramp(across, 8, 34))[..., None]
    picture = blend(picture, looks.skin[4] * shade, neck)
    shoulder = 216 + (across / 13) ** 2 * 0.36
    neckline = np.where(across < 30, 236 - across * 0.75, 0)
    garment = ramp(rows - np.maximum(shoulder, neckline), -2, 3)
    folds = (1.0 - 0.25 * ramp(across, 30, 125) - 0.1 * np.cos(across / 9) ** 2)[..., None]
    picture = blend(picture, looks.garment * folds, garment)
    return blend(picture, head, head_mask() * (1 - ramp(rows, 192, 212) * ramp(across, 16, 40)))


def blend(below: NDArray[np.float64], above: NDArray[np.float64], share: Grey) -> NDArray[np.float64]:
    """`above` over `below`."""
    return below * (1 - share[..., None]) + above * share[..., None]


def random_looks(generator: np.random.Generator) -> Looks:
    """Natural skin, dark hair, a plain garment and a pale background."""
    deep = generator.uniform(0.0, 1.0)
    pale = np.array([[16, 13, 13], [66, 46, 40], [136, 98, 82], [196, 152, 130], [232, 194, 172], [252, 232, 218]])
    tan = np.array([[14, 11, 10], [56, 37, 30], [118, 80, 62], [174, 128, 100], [214, 170, 140], [246, 220, 198]])
    garments = ((52, 66, 92), (70, 74, 80), (38, 92, 96), (110, 58, 64), (224, 224, 220), (88, 104, 76))
    backgrounds = ((206, 211, 215), (214, 210, 202), (196, 204, 208))
    return Looks(
        skin=pale * (1 - deep) + tan * deep,
        garment=np.array(garments[generator.integers(len(garments))], dtype=np.float64),
        background=np.array(backgrounds[generator.integers(len(backgrounds))], dtype=np.float64),
        hair=float(generator.uniform(0.35, 0.75)),
    )


def photograph(picture: NDArray[np.float64], view: View) -> bytes:
    """Turn, scale, squeeze one half (a turned head), light, sharpen a little, and save as JPEG."""
    centred, rows = grid()[0] - 125, grid()[1]
    # A head that turns shows less of one half: the columns are read from a bent scale.
    bent = centred + view.yaw * (centred**2 / 62 - 62 * 0.25) * np.exp(-((centred / 85) ** 2))
    seen = cv2.remap(picture.astype(np.float32), bent + 125, rows, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    zoom = PICTURE_SIDE / SIDE
    matrix = cv2.getRotationMatrix2D((125, 125), view.turn_degrees, view.scale * zoom)
    matrix[:, 2] = matrix[:, 2] + (PICTURE_SIDE / 2 - 125)
    large = cv2.warpAffine(seen, matrix, (PICTURE_SIDE,) * 2, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    sharp = large * 1.6 - cv2.GaussianBlur(large, (0, 0), 3) * 0.6
    slope = 1 + view.slope * np.linspace(-1, 1, PICTURE_SIDE)[None, :, None]
    pixels = np.clip(sharp * view.light * slope, 0, 255).astype(np.uint8)
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "JPEG", quality=86, optimize=True)
    return out.getvalue()


class Maker:
    """Makes candidates and leads them away from everybody else until they resemble nobody."""

    def __init__(self, engine: FaceEngine, sources: Sources, seed: int) -> None:
        self.engine = engine
        self.sources = sources
        self.space = face_space(sources.aligned)
        self.generator = np.random.default_rng(seed)

    def candidate(self, others: NDArray[np.float64]) -> Candidate | None:
        """Somebody farther than APART from all `others`, or None where this beginning leads nowhere."""
        looks = random_looks(self.generator)
        traits = self.lead_away(looks, others)
        if traits is None:
            return None
        return self.take_views(traits, looks, others)

    def lead_away(self, looks: Looks, others: NDArray[np.float64]) -> NDArray[np.float64] | None:
        """Random traits, changed a little whenever that takes the front view farther from all `others`."""
        best = self.random_traits()
        best_distance = self.front_distance(best, looks, others)
        good_way = np.zeros(COMPONENTS)
        for _ in range(STEPS):
            if best_distance > FRONT_APART:
                return best
            way = 0.6 * good_way + (0.8 if good_way.any() else 1.0) * self.random_traits()
            good_way = np.zeros(COMPONENTS)
            for step in (way, -way):
                # This mixture keeps the spread of the traits: as plausible a face as a first sample.
                tried = best * np.sqrt(1 - STRIDE**2) + step * STRIDE
                distance = self.front_distance(tried, looks, others)
                if distance > best_distance:
                    best, best_distance, good_way = tried, distance, step
                    break
        return None

    def front_distance(self, traits: NDArray[np.float64], looks: Looks, others: NDArray[np.float64]) -> float:
        """The front view's distance to the nearest of `others`; 0 where no one face is found."""
        embedding = self.embed(self.picture(traits, looks, VIEW_KINDS[0]))
        return 0.0 if embedding is None else nearest(embedding, others)

    def take_views(self, traits: NDArray[np.float64], looks: Looks, others: NDArray[np.float64]) -> Candidate | None:
        """All views of these traits, or None where one is not found, nears somebody or strays."""
        pictures: list[bytes] = []
        embeddings: list[Embedding] = []
        for view in VIEW_KINDS:
            # A view differs from the front by chance, so a few chances are worth their time.
            for _ in range(TAKES if pictures else 1):
                drift = self.generator.normal(size=COMPONENTS) * VIEW_SPREAD if pictures else 0.0
                picture = self.picture(traits + drift, looks, view)
                embedding = self.embed(picture)
                if embedding is not None and fits(embedding, embeddings, others):
                    pictures.append(picture)
                    embeddings.append(embedding)
                    break
            else:
                return None
        return Candidate(tuple(pictures), np.array(embeddings))

    def random_traits(self) -> NDArray[np.float64]:
        """One number per component, without the extremes that look least like a face."""
        return np.clip(self.generator.normal(size=COMPONENTS), -2, 2) * SPREAD

    def picture(self, traits: NDArray[np.float64], looks: Looks, view: View) -> bytes:
        """The JPEG file of one view."""
        return photograph(paint(sample_face(self.space, traits, looks.hair), looks), view)

    def embed(self, picture: bytes) -> Embedding | None:
        """The picture's embedding as the product finds it, from the very bytes that are written."""
        try:
            return self.engine.find_one(read_image(picture)).embedding
        except FaceRefused:
            return None

    def people(self, count: int, tries: int) -> list[Candidate]:
        """`count` people apart from each other and all sources. Exits where `tries` are not enough."""
        chosen: list[Candidate] = []
        for number in range(1, tries + 1):
            show(f"candidate {number}, {len(chosen)}/{count} people", last=len(chosen) == count)
            if len(chosen) == count:
                return chosen
            others = np.concatenate([self.sources.embeddings, *(somebody.embeddings for somebody in chosen)])
            somebody = self.candidate(others)
            if somebody:
                chosen.append(somebody)
        raise SystemExit(f"only {len(chosen)} people in {tries} candidates: try more with --tries")


def fits(embedding: Embedding, own: Sequence[Embedding], others: NDArray[np.float64]) -> bool:
    """Whether a new view is far from everybody else and near the person's other views."""
    near = all(np.linalg.norm(embedding - view) <= TOGETHER for view in own)
    return near and nearest(embedding, others) > APART


def nearest(embedding: Embedding, others: NDArray[np.float64]) -> float:
    """The distance to the nearest of `others`."""
    return float(np.linalg.norm(others - embedding, axis=1).min())


def widest(embeddings: NDArray[np.float64]) -> float:
    """The largest distance within one person."""
    return float(max(np.linalg.norm(embeddings - one, axis=1).max() for one in embeddings))


def between(somebody: Candidate, other: Candidate) -> float:
    """The smallest distance of any view of one to any view of the other."""
    return min(nearest(one, other.embeddings) for one in somebody.embeddings)


def report(people: Sequence[Candidate], sources: Sources) -> str:
    """What was asked for, and what was reached."""
    pairs = [between(one, two) for index, one in enumerate(people) for two in people[:index]]
    source = min(nearest(view, sources.embeddings) for one in people for view in one.embeddings)
    size_kib = sum(len(picture) for one in people for picture in one.pictures) / 1024
    return (
        f"{len(people)} people, {len(people) * len(VIEW_KINDS)} pictures, {size_kib:.0f} KiB\n"
        f"within a person at most    {max(widest(one.embeddings) for one in people):.3f} (asked: {TOGETHER})\n"
        f"between people at least    {min(pairs, default=9.0):.3f} (asked: {APART})\n"
        f"to a source photo at least {source:.3f} (asked: {APART}; {len(sources.embeddings)} faces)\n"
    )


def write(people: Sequence[Candidate], folder: Path) -> None:
    """p01-1.jpg to p12-4.jpg."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, somebody in enumerate(people, start=1):
        for view, picture in enumerate(somebody.pictures, start=1):
            (folder / f"p{number:02}-{view}.jpg").write_bytes(picture)


def show(text: str, last: bool) -> None:
    """One line of progress that replaces the one before."""
    print(f"\r{text:60}", end="\n" if last else "", file=sys.stderr, flush=True)


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status 0; 1 with a sentence where the folder or the tries do not suffice."""
    parser = argparse.ArgumentParser(
        description="Make pictures of people who do not exist, from principal components of a folder of faces.",
        epilog="example: python tools/make_people.py --faces photos/ --out people/ --seed 7",
    )
    parser.add_argument("--faces", type=Path, required=True, help="folder with one folder per person")
    parser.add_argument("--out", type=Path, required=True, help="where pNN-V.jpg are written")
    parser.add_argument("--seed", type=int, default=7, help="another seed makes other people")
    parser.add_argument("--count", type=int, default=12, help="how many people")
    parser.add_argument("--tries", type=int, default=400, help="how many candidates at most")
    options = parser.parse_args(arguments)
    sources = read_sources(engine := FaceEngine(), options.faces)
    people = Maker(engine, sources, options.seed).people(options.count, options.tries)
    write(people, options.out)
    print(report(people, sources), end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
