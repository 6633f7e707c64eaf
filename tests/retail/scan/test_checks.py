"""A real shop does not start with a model whose data's terms allow research alone."""

import argparse
from pathlib import Path

import pytest
from django.core.checks import Error, run_checks
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from pytest_django import Settings

import tests.django_ready  # noqa: F401
from vendrive.retail import program
from vendrive.retail import settings as production
from vendrive.retail.scan.checks import CAR_MODEL
from vendrive.vision.card import SHIPPED, read_card


def problems() -> list[str | None]:
    return [problem.id for problem in run_checks(tags=[CAR_MODEL], include_deployment_checks=True)]


def test_a_shop_without_a_model_starts() -> None:
    assert production.VENDRIVE_CAR_MODEL is None
    assert problems() == []


def test_check_deploy_refuses_a_research_model(settings: Settings) -> None:
    assert read_card(SHIPPED).research_only
    settings.VENDRIVE_CAR_MODEL = SHIPPED
    with pytest.raises(SystemCheckError, match="research only"):
        call_command("check", "--deploy", "--tag", CAR_MODEL)
    assert problems() == ["vendrive.E002"]


def test_the_web_program_refuses_to_start_with_one(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    settings.VENDRIVE_CAR_MODEL = SHIPPED
    asked = argparse.Namespace(host="127.0.0.1", port=0, workers=1, threads=1)
    assert program._web(asked, "vendrive.retail.settings") == 2
    said = capsys.readouterr().err
    assert "research only" in said
    assert "vendrive scan train" in said


def test_a_model_that_a_shop_may_use_is_let_through(settings: Settings, tmp_path: Path) -> None:
    card = read_card(SHIPPED).model_copy(update={"research_only": False})
    (tmp_path / "card.json").write_text(card.model_dump_json())
    settings.VENDRIVE_CAR_MODEL = tmp_path
    assert problems() == []


def test_a_folder_without_a_card_is_said(settings: Settings, tmp_path: Path) -> None:
    settings.VENDRIVE_CAR_MODEL = tmp_path
    assert problems() == ["vendrive.E001"]
    assert all(isinstance(one, Error) for one in run_checks(tags=[CAR_MODEL], include_deployment_checks=True))


def test_only_the_demo_allows_research_models() -> None:
    demo = (Path(production.__file__).parents[1] / "demo" / "settings.py").read_text()
    assert production.VENDRIVE_RESEARCH_MODELS is False
    assert "VENDRIVE_RESEARCH_MODELS = True" in demo
