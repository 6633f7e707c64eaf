"""The machine in memory keeps the contract that OPC UA keeps; and the reads that it leaves out would show nothing."""

from dataclasses import replace

import pytest

from tests.simulation.memory_bench import run_in_memory
from vendrive.simulation.run import plan_of, run_seed
from vendrive.simulation.world import Plan
from vendrive.station.adapters.bench import Rule, name_of
from vendrive.station.adapters.contract import RULES

QUIET = Plan(3, hours=0.4)
FAULTY = replace(
    QUIET,
    hours=0.6,
    cars=2,
    faults=frozenset({"walk_in", "sensor_stuck", "sensor_flapping", "plc_restart", "pet", "drive_fails"}),
)


@pytest.mark.parametrize("rule", RULES, ids=name_of)
def test_the_machine_in_memory_keeps_the_contract(rule: Rule) -> None:
    run_in_memory(rule)


@pytest.mark.parametrize(
    "plan", [QUIET, FAULTY, replace(FAULTY, seed=4, layout="carvana34")], ids=["quiet", "faulty", "bays"]
)
def test_leaving_reads_out_changes_nothing(plan: Plan) -> None:
    """Journal with its times, orders to the PLC with their answers, all acts and faults: the same hash."""
    skipping, reading = run_seed(plan), run_seed(replace(plan, skips=False))
    assert skipping.tally.hand_overs > 0
    assert bool(skipping.tally.injected) == bool(plan.faults)
    assert skipping.digest == reading.digest


def test_another_seed_is_another_run() -> None:
    assert run_seed(QUIET).digest != run_seed(replace(QUIET, seed=4)).digest
    assert plan_of(1) == plan_of(1)
