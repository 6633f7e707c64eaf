"""The published instances: their reader refuses what is wrong, and the generator makes them again."""

import json
from pathlib import Path

import pytest

from vendrive.planning.bounds import throughput
from vendrive.planning.generate import SETS, generate, main
from vendrive.planning.instances import (
    FORMAT,
    InstanceError,
    Kind,
    format_instance,
    load_instance,
    load_instances,
    parse_instance,
)
from vendrive.planning.prove import load_optima

PUBLISHED = Path(__file__).parents[2] / "benchmarks/tower"
SMALL: dict[str, object] = {
    "format": FORMAT,
    "name": "small",
    "layout": "nanjing3",
    "lift_storey": 1,
    "take_s": 75,
    "drive_in_s": 110,
    "free": ["2A", "2B"],
    "jobs": [
        {"name": "J1", "kind": "retrieve", "wanted_s": 10, "booked": True, "slot": "3A"},
        {"name": "J2", "kind": "store", "wanted_s": 20, "booked": False},
    ],
}


def job(**changes: object) -> dict[str, object]:
    return {"name": "J1", "kind": "retrieve", "wanted_s": 10, "booked": True, "slot": "3A"} | changes


def test_an_instance_is_read_as_it_is_written() -> None:
    instance = parse_instance(json.dumps(SMALL), "small.json")
    assert parse_instance(format_instance(instance), "small.json") == instance
    assert [one.kind for one in instance.jobs] == [Kind.retrieve, Kind.store]
    assert [one.known_s for one in instance.jobs] == [0, 20]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"format": "other"}, "format: must be 'vendrive-tower-instance-1'"),
        ({"colour": 1}, "colour: is not a key here"),
        ({"layout": "atlantis"}, "layout: there is no layout 'atlantis'"),
        ({"layout": "autostadt400"}, "layout: autostadt400 has 2 lifts"),
        ({"lift_storey": 9}, "lift_storey: L1 reaches storeys 1 to 3"),
        ({"lift_storey": 1.5}, "lift_storey: must be a whole number"),
        ({"take_s": -1}, "take_s: must be a number from 0"),
        ({"free": "2A"}, "free: must be a list"),
        ({"free": ["9A", "2A"]}, "free: nanjing3 has no slot '9A'"),
        ({"free": ["2A", "2A"]}, "free: no slot may be named twice"),
        ({"free": ["3A", "2A"]}, "free: no slot may be named twice"),
        ({"free": []}, "free: 1 returns need as many free slots"),
        ({"jobs": []}, "jobs: must be one or more"),
        ({"jobs": [job(), job()]}, "jobs: must be one or more, each with a name of its own"),
        ({"jobs": [job(kind="fly")]}, "jobs[0].kind: must be one of retrieve, store"),
        ({"jobs": [job(booked=1)]}, "jobs[0].booked: must be true or false"),
        ({"jobs": [job(slot="")]}, "jobs[0].slot: is for a car that is wanted"),
        ({"jobs": [job(kind="store")]}, "jobs[0].slot: is for a car that is wanted"),
        ({"jobs": [job(wanted_s=None)]}, "jobs[0].wanted_s: must be a number from 0"),
        ({"jobs": [job(slot="9A")]}, "jobs: nanjing3 has no slot '9A'"),
        ({"jobs": [{"name": "J1"}]}, "jobs[0].kind: is missing"),
        ({"jobs": ["J1"]}, "jobs[0].(all of it): must be an object"),
        ({"layout": "singapore60", "free": ["2A"], "jobs": [job(slot="2B")]}, "only one may take part"),
    ],
)
def test_a_wrong_file_is_refused_with_its_place_and_reason(changes: dict[str, object], told: str) -> None:
    with pytest.raises(InstanceError) as refused:
        parse_instance(json.dumps(SMALL | changes), "small.json")
    assert str(refused.value).startswith("small.json: ")
    assert told in str(refused.value)


def test_a_file_that_is_no_json_or_has_another_name_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InstanceError, match="whole file"):
        parse_instance("{", "small.json")
    path = tmp_path / "large.json"
    path.write_text(json.dumps(SMALL))
    with pytest.raises(InstanceError, match=r"large.json: name: must be 'large' like its file"):
        load_instance(path)
    with pytest.raises(InstanceError, match="holds no instance"):
        load_instances(tmp_path / "nowhere")


def test_the_published_files_are_what_the_generator_makes(tmp_path: Path) -> None:
    assert main([str(tmp_path)]) == 0
    published = {one.name: one.read_text() for one in PUBLISHED.glob("*/*-*.json")}
    made = {one.name: one.read_text() for one in tmp_path.glob("*/*.json")}
    assert made == published
    assert len(published) == sum(count for count, _, _ in SETS.values()) == 200


def test_published_instances_are_as_they_are_described() -> None:
    optima = {name: one for (name, goal), one in load_optima(PUBLISHED).items() if goal == "makespan"}
    for instance in generate():
        assert 12 <= len(instance.jobs) <= 20
        assert {one.kind for one in instance.jobs} == set(Kind)
        assert max(one.wanted_s for one in instance.jobs) <= optima[instance.name].bound_s / 3
    booked = [one.booked for instance in generate() for one in instance.jobs]
    assert 0.55 < sum(booked) / len(booked) < 0.65
    assert {throughput(instance.layout).binds for instance in generate()} == {"bays", "lifts"}
