"""The program that measures: rows, exit statuses, and nothing but rows on standard output."""

import json
import sys

import pytest

from vendrive.bench import __main__ as program
from vendrive.bench.figures import Figure, Target
from vendrive.bench.progress import Bar


def run(monkeypatch: pytest.MonkeyPatch, figures: list[Figure] | Exception, *options: str) -> int:
    def measure(quick: bool, bar: Bar) -> list[Figure]:
        bar.show(0.5, "half")
        if isinstance(figures, Exception):
            raise figures
        return figures

    monkeypatch.setitem(program.BENCHES, "faults", measure)
    monkeypatch.setattr(sys, "argv", ["vendrive bench", "faults", *options])
    return program.main()


GOOD = Figure("pickup_wait_p95_s", 21.4, Target("<=", 30), 12000)
BAD = Figure("fault_violations", 1, Target("==", 0), 10, "seed 7")


def test_json_is_one_list_of_rows(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(monkeypatch, [GOOD], "--json") == 0
    assert json.loads(capsys.readouterr().out) == [
        {
            "figure": "pickup_wait_p95_s",
            "value": 21.4,
            "target": "<= 30",
            "ok": True,
            "bound": None,
            "n": 12000,
            "note": "",
        }
    ]


def test_a_figure_that_is_not_as_it_is_to_be_is_status_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, [GOOD, BAD]) == 1
    assert "FAIL fault_violations" in capsys.readouterr().out


def test_what_cannot_be_measured_is_status_2(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, RuntimeError("no disk"), "--json") == 2
    assert capsys.readouterr().out == ""
