"""What a training is asked to do, as its command says it; needs no training library."""

import argparse
from dataclasses import dataclass
from pathlib import Path

TRAIN_EXAMPLE = """examples:
  vendrive scan train --photos photos --start mobilenet_v2_imagenet.npz --out car_model
  vendrive scan train --photos export/references --feedback export/feedback --start FILE --out car_model \\
      --terms "our own photos" --for-shops

PHOTOS holds a labels.csv (file, name: "Ford Edge SUV 2012") and the files. Stop at any time with Ctrl-C: the same
command goes on from the last checkpoint in OUT; other photos or feedback want another OUT.
About two hours on two cores, a quarter of an hour on a GPU.
Needs more libraries than the programs do: pip install "vendrive[train]"."""


@dataclass(frozen=True)
class Asked:
    """`minutes` 0 leaves the recipe's own; `feedback` are photos that customers let us keep, with what they picked."""

    photos: Path
    start: Path
    out: Path
    feedback: Path | None
    faces: Path | None
    minutes: float
    epochs: int
    side_px: int
    members: int
    gate_steps: int
    name: str
    terms: str
    for_shops: bool


def add_options(made: argparse.ArgumentParser) -> None:
    """Add the options of `vendrive scan train`."""
    made.add_argument("--photos", type=Path, required=True, help="folder with labels.csv and the photos")
    made.add_argument("--start", type=Path, required=True, help="MobileNetV2 1.0 weights of ImageNet, .npz")
    made.add_argument("--out", type=Path, required=True, help="folder of the model: checkpoints, plot, card, file")
    made.add_argument("--feedback", type=Path, help="folder that export_photos wrote: customers' photos and picks")
    made.add_argument("--faces", type=Path, help="folder of photos of faces, which are no cars")
    made.add_argument("--minutes", type=float, default=0, help="of training for each encoder (100; 6 on a GPU)")
    made.add_argument("--epochs", type=int, default=0, help="or so many times all photos, whichever ends first")
    made.add_argument("--side", type=int, default=0, dest="side_px", help="px of the square trained with (192; 256)")
    made.add_argument("--members", type=int, choices=(1, 2), default=0, help="encoders side by side (1; 2 on a GPU)")
    made.add_argument("--gate-steps", type=int, default=400, help="steps of training of car or not")
    made.add_argument(
        "--name",
        default="",
        help="name of the model; letters of its file are added, as vectors of two trainings do not compare",
    )
    made.add_argument("--terms", default="unknown: nobody said on what terms the photos are", help="for the card")
    made.add_argument("--for-shops", action="store_true", help="the photos' terms allow a shop: not research_only")


def asked_of(arguments: argparse.Namespace) -> Asked:
    """Read what the options say."""
    names = Asked.__dataclass_fields__
    return Asked(**{name: value for name, value in vars(arguments).items() if name in names})
