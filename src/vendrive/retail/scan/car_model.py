"""Which model recognises cars here, read without loading it."""

from pathlib import Path

from django.conf import settings

from vendrive.vision.card import ModelCard, ModelMissing, read_card


def model_folder() -> Path | None:
    """Return the folder of the car model, None where the scan is not set up."""
    return settings.VENDRIVE_CAR_MODEL


def model_card() -> ModelCard | None:
    """Return the card of the car model, None where there is none that can be read."""
    folder = model_folder()
    try:
        return read_card(folder) if folder else None
    except ModelMissing:
        return None
