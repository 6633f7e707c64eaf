"""What must be true of the car model before a real shop may start: at `check --deploy` and at each start."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register

from vendrive.retail.scan.car_model import model_folder
from vendrive.vision.card import ModelMissing, read_card

CAR_MODEL = "car_model"
HINT = (
    "Train a model on photos that you may use (`vendrive scan train`, docs/scan.md) and name its folder in "
    "VENDRIVE_CAR_MODEL, or unset it: the shop then runs without the scan."
)


@register(CAR_MODEL, deploy=True)
def check_car_model(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[CheckMessage]:
    """Refuse a car model that cannot be read, or whose data's terms allow research and the demo alone."""
    folder = model_folder()
    if folder is None:
        return []
    try:
        card = read_card(folder)
    except ModelMissing as error:
        return [Error(str(error), hint=HINT, id="vendrive.E001")]
    if card.research_only and not settings.VENDRIVE_RESEARCH_MODELS:
        said = f"the car model {card.name} in {folder} is for research only: {card.terms}"
        return [Error(said, hint=HINT, id="vendrive.E002")]
    return []
