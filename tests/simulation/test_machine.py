"""The reads that the machine in memory leaves out would show nothing."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from vendrive.passes.signing import ORDER_PURPOSE, sign_text
from vendrive.simulation.machine import grid_s, next_grid_s
from vendrive.simulation.retail import Retail
from vendrive.simulation.run import plan_of, quick, run_seed
from vendrive.simulation.world import Plan
from vendrive.station import orders
from vendrive.wire.orders import Stock

QUIET = Plan(3, hours=0.4)
FAULTY = replace(
    QUIET,
    hours=0.6,
    cars=2,
    faults=frozenset({"walk_in", "sensor_stuck", "sensor_flapping", "plc_restart", "pet", "drive_fails"}),
)


# The line is cut, and with it the heartbeat: a machine that was held goes on though no sensor changed.
CUT = replace(QUIET, hours=0.5, cars=3, faults=frozenset({"message_lost", "machine_line_cut"}))


@pytest.mark.parametrize(
    "plan",
    [QUIET, FAULTY, replace(FAULTY, seed=4, layout="carvana34"), CUT],
    ids=["quiet", "faulty", "bays", "cut"],
)
def test_leaving_reads_out_changes_nothing(plan: Plan) -> None:
    """Journal with its times, orders to the PLC with their answers, all acts and faults: the same hash."""
    skipping, reading = run_seed(plan), run_seed(replace(plan, skips=False))
    assert skipping.tally.hand_overs > 0
    assert bool(skipping.tally.injected) == bool(plan.faults)
    assert skipping.digest == reading.digest


def test_what_turns_over_at_a_moment_of_the_grid_is_read_then() -> None:
    assert grid_s(1542.0) == grid_s(1541.9) == pytest.approx(1542.0)
    assert next_grid_s(1542.0) == pytest.approx(1542.2)


def test_signatures_are_judged_as_if_they_were_reckoned_through() -> None:
    key, other = (Ed25519PrivateKey.from_private_bytes(bytes([n]) * 32) for n in (1, 2))
    made = Retail("tower", key, lambda: datetime(2026, 3, 27, tzinfo=UTC))
    with quick():
        made.order(Stock(vehicles=()))
        genuine, public, is_signed = made.orders[0], key.public_key(), vars(orders)["is_signed"]
        assert is_signed(public, ORDER_PURPOSE, genuine.payload, genuine.signature)
        assert not is_signed(public, "pass", genuine.payload, genuine.signature)
        assert not is_signed(public, ORDER_PURPOSE, genuine.payload + " ", genuine.signature)
        forged = sign_text(other, ORDER_PURPOSE, genuine.payload)
        assert not is_signed(public, ORDER_PURPOSE, genuine.payload, forged)


def test_another_seed_is_another_run() -> None:
    assert run_seed(QUIET).digest != run_seed(replace(QUIET, seed=4)).digest
    assert plan_of(1) == plan_of(1)
