"""The contract of `station.machine.Machine`: rules that run against a machine on a test bench, whatever is behind it.

A rule is a coroutine over a Bench; it raises AssertionError where the adapter, or the machine behind it, breaks it. A
rule begins by reading where the machine stands, so that one machine can serve all rules, one after the other.
"""

import threading
from dataclasses import fields

from vendrive.station.adapters import losses
from vendrive.station.adapters.bench import (
    LOOK_AGAIN_S,
    Bench,
    Driving,
    Network,
    Rule,
    connected,
    in_control,
)
from vendrive.station.machine import Accepted, NotAccepted
from vendrive.wire.machine import (
    HOLD_AFTER_SILENCE_S,
    Command,
    Door,
    Mode,
    Operation,
    Part,
    PlcState,
    Result,
    Snapshot,
)

WRONG_READ_AT_S = 0.3
STOP_WITHIN_S = 1.0


async def says_which_machine_it_is(bench: Bench) -> None:
    """Tower and layout are the machine's own words."""
    async with connected(bench) as machine:
        plc = (await machine.read()).plc
        assert (plc.tower_id, plc.layout) == (bench.tower_id, bench.layout.name)
        assert plc.plc_epoch > 0


async def reads_everything_with_its_type(bench: Bench) -> None:
    """Every part of the layout is there, in its order, each value of its field's type."""
    async with connected(bench) as machine:
        snapshot = await machine.read()
        layout = bench.layout
        assert [part.name for part in snapshot.lifts] == [plan.name for plan in layout.lifts]
        assert [part.name for part in snapshot.slots] == [plan.name for plan in layout.slots]
        assert [part.name for part in snapshot.bays] == [plan.name for plan in layout.bays]
        parts: list[Part] = [snapshot.plc, *snapshot.lifts, *snapshot.slots, *snapshot.bays]
        for part in parts:
            _typed(part)


def _typed(part: Part) -> None:
    for field in fields(part):
        value, wanted = getattr(part, field.name), type(field.default)
        kind = str if issubclass(wanted, str) else wanted
        assert type(value) is kind or (kind is str and isinstance(value, str)), f"{field.name}: {value!r}"


async def dates_a_read_by_its_beginning(bench: Bench) -> None:
    """A value is never taken for younger than it is, however late its answer comes; a later read is dated later."""
    async with connected(bench) as machine:
        await machine.read()
        await machine.wait(2 * WRONG_READ_AT_S)
        await bench.network(Network.slow)
        began_s = bench.now_s()
        snapshot = await machine.read()
        ended_s = bench.now_s()
        await bench.network(Network.whole)
        assert ended_s - began_s >= WRONG_READ_AT_S, "the bench's slow network is not slow"
        assert snapshot.read_at_s < began_s + WRONG_READ_AT_S, "dated by its end"
        assert snapshot.read_at_s > began_s - WRONG_READ_AT_S, "an older snapshot is shown again"


async def shows_what_changes(bench: Bench) -> None:
    """A read shows a move, its end and its result; the lift stands where it was sent, at a height in millimetres."""
    async with in_control(bench) as driving:
        storey = await driving.away()
        await driving.move(storey)
        under_way = (await driving.machine.read()).lift(driving.lift)
        assert (under_way.busy, under_way.seq, under_way.target) == (True, driving.seq, storey)
        lift = (await driving.finished()).lift(driving.lift)
        assert (lift.storey, lift.done_seq, lift.result) == (storey, driving.seq, Result.done)
        assert abs(lift.position_mm - bench.layout.level_mm(storey)) < 50


async def counts_only_a_changed_beat_as_life(bench: Bench) -> None:
    """A station that sends one beat again and again is as silent as one that sends none: nothing new begins."""
    async with in_control(bench) as driving:
        silent_s = bench.now_s()
        while bench.now_s() - silent_s < 2 * HOLD_AFTER_SILENCE_S:
            await driving.machine.beat(driving.count)
            snapshot = await driving.machine.read()
            if snapshot.plc.state == PlcState.held:
                break
            await driving.machine.wait(LOOK_AGAIN_S)
        assert snapshot.plc.state == PlcState.held, "an old beat counts as life"
        storey = str(await driving.away())
        command = driving.command(snapshot, Operation.move_lift, lift=driving.lift, storey=storey)
        await driving.refuses(command)
        await driving.until(lambda seen: seen.plc.state == PlcState.idle, "a new beat is a sign of life")


async def fences_older_control_epochs(bench: Bench) -> None:
    """Whoever took control last has it: an older epoch takes no control, and none of its commands runs."""
    async with in_control(bench) as old, connected(bench) as newer:
        assert await newer.take_control(old.epoch + 1) == Accepted()
        for epoch in (old.epoch + 1, old.epoch, 0):
            assert isinstance(await newer.take_control(epoch), NotAccepted), f"epoch {epoch} took control"
        await old.beat()
        snapshot = await old.machine.read()
        assert snapshot.plc.control_epoch == old.epoch + 1
        storey = str(await old.away())
        await old.refuses(old.command(snapshot, Operation.move_lift, lift=old.lift, storey=storey))
        old.epoch += 1
        await old.move(int(storey))
        await old.finished()


async def refuses_a_command_of_a_later_epoch(bench: Bench) -> None:
    """An epoch that never took control commands nothing."""
    async with in_control(bench) as driving:
        driving.epoch += 1
        storey = str(await driving.away())
        command = driving.command(await driving.machine.read(), Operation.move_lift, lift=driving.lift, storey=storey)
        await driving.refuses(command)


async def runs_a_number_once(bench: Bench) -> None:
    """A number that ran, and every lower one, is refused: sent twice it moves once."""
    async with in_control(bench) as driving:
        first = await driving.away()
        await driving.move(first)
        await driving.finished()
        for number in (driving.seq, driving.seq - 1):
            await driving.beat()
            driving.seq, seq = number - 1, driving.seq
            storey = str(await driving.away())
            command = driving.command(
                await driving.machine.read(), Operation.move_lift, lift=driving.lift, storey=storey
            )
            await driving.refuses(command)
            driving.seq = seq
        assert (await driving.machine.read()).lift(driving.lift).storey == first


async def refuses_a_late_command(bench: Bench) -> None:
    """A command that comes after its time, by the machine's own counter, surprises nobody."""
    async with in_control(bench) as driving:
        storey = str(await driving.away())
        snapshot = await driving.until(lambda seen: seen.plc.clock_ms > 0, "the counter runs")
        for late_ms in (1, 60_000):
            valid_until_ms = snapshot.plc.clock_ms - late_ms
            named = (("lift", driving.lift), ("storey", storey))
            await driving.beat()
            await driving.refuses(Command(driving.epoch, driving.seq + 1, Operation.move_lift, named, valid_until_ms))


async def refuses_what_it_does_not_know(bench: Bench) -> None:
    """A command that names no part of this machine, or lacks an argument, is refused."""
    async with in_control(bench) as driving:
        for named in ({"lift": "L99", "storey": "1"}, {"lift": driving.lift, "storey": "99"}, {"lift": driving.lift}):
            await driving.beat()
            await driving.refuses(driving.command(await driving.machine.read(), Operation.move_lift, **named))


async def refuses_a_busy_part(bench: Bench) -> None:
    """A part that works takes no other command, and none waits for its turn."""
    async with in_control(bench) as driving:
        storey = await driving.away()
        await driving.move(storey)
        snapshot = await driving.machine.read()
        assert (snapshot.plc.state, snapshot.lift(driving.lift).busy) == (PlcState.execute, True)
        for other in (storey, storey + 1):
            await driving.refuses(driving.command(snapshot, Operation.move_lift, lift=driving.lift, storey=str(other)))
        assert (await driving.finished()).lift(driving.lift).storey == storey


async def runs_two_parts_side_by_side(bench: Bench) -> None:
    """A lift and a bay work at the same time, each with its own number and its own end."""
    async with in_control(bench) as driving:
        closed = (await driving.machine.read()).bay(driving.bay).street_door == Door.closed
        operation = Operation.open_street_door if closed else Operation.close_street_door
        await driving.move(await driving.away())
        lift_seq = driving.seq
        assert await driving.order(operation, bay=driving.bay) == Accepted()
        snapshot = await driving.machine.read()
        both = (snapshot.lift(driving.lift), snapshot.bay(driving.bay))
        assert [(part.busy, part.seq) for part in both] == [(True, lift_seq), (True, lift_seq + 1)]
        ended = await driving.finished()
        channels = (ended.lift(driving.lift), ended.bay(driving.bay))
        assert [(part.done_seq, part.result) for part in channels] == [
            (lift_seq, Result.done),
            (lift_seq + 1, Result.done),
        ]
        assert ended.bay(driving.bay).street_door == (Door.open if closed else Door.closed)


async def stops_a_move(bench: Bench) -> None:
    """A stop ends what runs, as failed, wherever it is; anybody trusted may stop, in control or not."""
    async with in_control(bench) as driving, connected(bench) as other:
        await driving.move(await driving.away())
        began_s = bench.now_s()
        await other.stop("the contract's test")
        assert bench.now_s() - began_s < STOP_WITHIN_S, "a stop took its time"
        stopped = await _stopped(driving)
        assert stopped.plc.stop_reason == "the contract's test"
        lift = stopped.lift(driving.lift)
        assert (lift.busy, lift.done_seq, lift.result) == (False, driving.seq, Result.failed)
        await driving.machine.wait(0.5)
        assert abs((await driving.machine.read()).lift(driving.lift).position_mm - lift.position_mm) < 5
        await _only_the_reset_ends_it(driving)


async def stops_in_every_state(bench: Bench) -> None:
    """Idle, held, stopped by the key, and stopped already: a stop is taken and stays."""
    for reach in (_idle, _held, _stopped_by_key, _stopped_already):
        async with in_control(bench) as driving:
            await reach(driving)
            await driving.machine.stop("the contract's test")
            await _stopped(driving)
            await bench.turn_key(Mode.automatic)
            await _only_the_reset_ends_it(driving)


async def _idle(driving: Driving) -> None:
    await driving.until(lambda seen: seen.plc.state == PlcState.idle, "it is idle")


async def _held(driving: Driving) -> None:
    await driving.until(lambda seen: seen.plc.state == PlcState.held, "it is held", beats=False)


async def _stopped_by_key(driving: Driving) -> None:
    await driving.bench.turn_key(Mode.stopped)
    await driving.until(lambda seen: seen.plc.state == PlcState.stopped, "the key has stopped it")


async def _stopped_already(driving: Driving) -> None:
    await driving.machine.stop("before")
    await _stopped(driving)


async def _stopped(driving: Driving) -> Snapshot:
    return await driving.until(
        lambda seen: seen.plc.emergency_stop and seen.plc.state == PlcState.aborted, "the stop shows", beats=False
    )


async def _only_the_reset_ends_it(driving: Driving) -> None:
    """Try everything that a station can do; then the reset at the tower works."""
    machine, bench = driving.machine, driving.bench
    driving.epoch += 1
    await machine.take_control(driving.epoch)
    await driving.beat()
    await machine.call_help()
    await machine.end_help()
    snapshot = await machine.read()
    await driving.refuses(driving.command(snapshot, Operation.open_street_door, bay=driving.bay))
    async with connected(bench) as again:
        plc = (await again.read()).plc
    assert (plc.emergency_stop, plc.state) == (True, PlcState.aborted), "a station ended a stop"
    await bench.reset()
    await driving.until(lambda seen: not seen.plc.emergency_stop, "the reset ends the stop")


async def calls_help_and_ends_it(bench: Bench) -> None:
    """A call for help shows until somebody has taken care of it; both may be said twice."""
    async with connected(bench) as machine:
        for called in (True, False):
            for _ in range(2):
                await (machine.call_help() if called else machine.end_help())
                assert (await machine.read()).plc.help_called is called


async def starts_no_thread(bench: Bench) -> None:
    """Reading and driving happen in the station's loop: no thread of an adapter's own sends anything."""
    async with in_control(bench) as driving:
        before = set(threading.enumerate())
        await driving.move(await driving.away())
        await driving.finished()
        assert set(threading.enumerate()) <= before, "the adapter drives from a thread"


RULES: tuple[Rule, ...] = (
    says_which_machine_it_is,
    reads_everything_with_its_type,
    dates_a_read_by_its_beginning,
    shows_what_changes,
    counts_only_a_changed_beat_as_life,
    fences_older_control_epochs,
    refuses_a_command_of_a_later_epoch,
    runs_a_number_once,
    refuses_a_late_command,
    refuses_what_it_does_not_know,
    refuses_a_busy_part,
    runs_two_parts_side_by_side,
    stops_a_move,
    stops_in_every_state,
    calls_help_and_ends_it,
    losses.shows_a_restarted_controller,
    losses.says_that_nothing_arrived,
    losses.leaves_a_lost_answer_to_be_read,
    losses.reads_nothing_old_when_lost,
    losses.says_nothing_without_a_connection,
    losses.closes_quietly,
    losses.returns_from_waiting,
    losses.can_be_cancelled,
    starts_no_thread,
)
