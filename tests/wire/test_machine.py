"""What is looked up in a snapshot is that snapshot's own, whichever was looked at before."""

from dataclasses import replace

from vendrive.wire.machine import Plc, Slot, Snapshot

EMPTY = Slot("1A", occupied=False, movement=False, locked_out=False)
TAKEN = replace(EMPTY, occupied=True, tag="TAG-1", movement=True)


def snapshot(*slots: Slot) -> Snapshot:
    return Snapshot(0.0, Plc(), (), slots, ())


def test_each_snapshot_finds_its_own_slots() -> None:
    before, after = snapshot(EMPTY), snapshot(TAKEN)
    for _ in range(2):
        fresh_before, fresh_after = replace(before), replace(after)
        assert (fresh_before.slot("1A"), fresh_before.places) == (EMPTY, {})
        assert (fresh_after.slot("1A"), fresh_after.places) == (TAKEN, {"TAG-1": "1A"})
        assert (fresh_before.slot_index.restless, fresh_after.slot_index.restless) == ((), (TAKEN,))


def test_two_reads_of_the_same_slots_share_what_was_found() -> None:
    first = snapshot(TAKEN)
    second = Snapshot(1.0, Plc(), (), first.slots, ())
    assert first.slot_index is second.slot_index
