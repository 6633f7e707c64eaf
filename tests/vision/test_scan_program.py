"""`vendrive scan`: its words, and what it refuses."""

import importlib.util
import sys
from pathlib import Path

import pytest

from tests.vision.drawn_cars import write_collection
from vendrive.vision import __main__ as program
from vendrive.vision.training.plot import course_svg
from vendrive.vision.training.split import read_labels

ROOT = Path(__file__).parents[2]


def run(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    monkeypatch.setattr(sys, "argv", ["vendrive scan", *words])
    return program.main()


def test_help_shows_an_example(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        run(monkeypatch, "train", "--help")
    assert "vendrive scan train --photos photos --start" in capsys.readouterr().out


def test_training_without_its_libraries_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert run(monkeypatch, "train", "--photos", "a", "--start", "b", "--out", "c") == 2
    assert 'pip install "vendrive[train]"' in capsys.readouterr().err


def test_a_sheet_of_photos_is_never_written_into_the_repository(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    if not (ROOT / ".git").exists():
        pytest.skip("not a checkout")
    sheet = ROOT / "docs" / "failures.jpg"
    photos = write_collection(tmp_path / "photos")
    assert run(monkeypatch, "failures", "--photos", str(photos), "--out", str(sheet)) == 2
    assert "lies in a repository" in capsys.readouterr().err
    assert not sheet.exists()


def test_labels_without_a_heading_are_refused(tmp_path: Path) -> None:
    (tmp_path / "labels.csv").write_text("photo,car\n1.jpg,Ford Edge\n")
    with pytest.raises(ValueError, match="heading with file and name"):
        read_labels(tmp_path)


def test_a_course_is_drawn_with_its_scale() -> None:
    drawn = course_svg("loss <a>", [[(0.0, 4.0), (2.5, 1.0)]])
    assert "&lt;a&gt;" in drawn
    assert "2.5 min" in drawn
    assert drawn.count("<polyline") == 1
