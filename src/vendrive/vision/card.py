"""The card of a trained model: what it is, what it was trained on, who may use it."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

CARD = "card.json"
SHIPPED = Path(__file__).parent / "car_model"


class ModelMissing(RuntimeError):
    """There is no usable model in the folder; the message says what to do."""


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class EncoderFile(_Frozen):
    """Which file and output hold the vectors, and the side of the square that the car is scaled to."""

    file: str
    output: str
    side_px: int
    dimensions: int


class PaintFile(_Frozen):
    """Which file names the paint by the pixels around a car, and the side of the square that these are scaled to."""

    file: str
    side_px: int


class Thresholds(_Frozen):
    """`car`: likelihood from which a photo shows a car. `known`: cosine below which none of a catalogue is meant."""

    car: float
    known: float


class ModelCard(_Frozen):
    """`research_only`: the data's terms allow research and the demo, not a shop. `name` changes with every training:
    vectors of two names do not compare. Without `paint` the small net of `vision.paint` names the paint alone."""

    name: str
    research_only: bool
    encoder: EncoderFile
    paint: PaintFile | None = None
    thresholds: Thresholds
    data: str
    terms: str
    figures: dict[str, float]
    limits: list[str]


def read_card(folder: Path = SHIPPED) -> ModelCard:
    """Read the card of the model in `folder`, without loading the model. Raises `ModelMissing`."""
    try:
        return ModelCard.model_validate_json((folder / CARD).read_bytes())
    except FileNotFoundError as error:
        raise ModelMissing(f"{folder} holds no {CARD}: train one with `vendrive scan train --out {folder}`") from error
    except ValidationError as error:
        raise ModelMissing(f"{folder / CARD} is no model card: {error}") from error
