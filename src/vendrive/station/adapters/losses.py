"""The contract, second part: restarts, lost requests and answers, closing, waiting and cancelling."""

import asyncio
from collections.abc import Awaitable, Callable

from vendrive.station.adapters.bench import (
    LOST_WITHIN_S,
    PATIENCE_S,
    SLOW_S,
    Bench,
    Driving,
    Network,
    connected,
    effects,
    in_control,
    lost,
)
from vendrive.station.machine import Machine, MachineLost
from vendrive.wire.machine import Command, Operation


async def shows_a_restarted_controller(bench: Bench) -> None:
    """After a restart the epoch of the controller differs, and nobody is in control: old commands are refused."""
    async with in_control(bench) as driving:
        await driving.move(await driving.away())
        await driving.finished()
        before = await driving.machine.read()
        await bench.restart_plc()
    async with connected(bench) as machine:
        again = Driving(bench, machine, driving.epoch, driving.seq, driving.count)
        epoch = before.plc.plc_epoch
        after = await again.until(lambda seen: seen.plc.plc_epoch != epoch, "a restart can be seen", beats=False)
        assert after.plc.control_epoch == 0
        await again.beat()
        storey = str(await again.away())
        await again.refuses(again.command(after, Operation.move_lift, lift=again.lift, storey=storey))


async def says_that_nothing_arrived(bench: Bench) -> None:
    """Where the network is cut, every verb is a MachineLost, and the machine knows nothing of it."""
    async with in_control(bench) as driving:
        storey = await driving.away()
        snapshot = await driving.machine.read()
        command = driving.command(snapshot, Operation.move_lift, lift=driving.lift, storey=str(storey))
        async with lost(bench, Network.cut):
            await driving.machine.execute(command)
        async with connected(bench) as again:
            seen = await again.read()
            assert effects(seen) == effects(snapshot), "what was never sent has happened"
        async with lost(bench, Network.cut):
            await bench.machine().connect()


async def leaves_a_lost_answer_to_be_read(bench: Bench) -> None:
    """An answer that is lost is a MachineLost, not a yes or a no; the next read says that the command ran, once."""
    async with in_control(bench) as driving:
        storey = await driving.away()
        snapshot = await driving.machine.read()
        command = driving.command(snapshot, Operation.move_lift, lift=driving.lift, storey=str(storey))
        async with lost(bench, Network.mute):
            await driving.machine.execute(command)
    async with connected(bench) as machine:
        again = Driving(bench, machine, driving.epoch, command.seq, driving.count)
        assert (await machine.read()).plc.ack_seq == command.seq, "the bench's mute network loses requests"
        ended = await again.finished()
        assert (ended.lift(again.lift).done_seq, ended.lift(again.lift).storey) == (command.seq, storey)
        again.seq = command.seq - 1
        await again.refuses(again.command(ended, Operation.move_lift, lift=again.lift, storey=str(await again.away())))


async def reads_nothing_old_when_lost(bench: Bench) -> None:
    """Where no answer comes, a read is a MachineLost and no earlier snapshot."""
    async with connected(bench) as machine:
        await machine.read()
        async with lost(bench, Network.mute):
            await machine.read()


async def says_nothing_without_a_connection(bench: Bench) -> None:
    """Before `connect` and after `close` every verb is a MachineLost."""
    closed = bench.machine()
    await closed.connect()
    await closed.close()
    command = Command(1, 1, Operation.move_lift, (("lift", bench.layout.lifts[0].name), ("storey", "1")), 1)
    for machine in (bench.machine(), closed):
        verbs: tuple[Callable[[], Awaitable[object]], ...] = (
            machine.read,
            lambda asked=machine: asked.beat(1),  # type: ignore[misc]
            lambda asked=machine: asked.take_control(1),  # type: ignore[misc]
            lambda asked=machine: asked.execute(command),  # type: ignore[misc]
            lambda asked=machine: asked.stop("nobody hears this"),  # type: ignore[misc]
            machine.call_help,
            machine.end_help,
        )
        for verb in verbs:
            await _is_lost(verb)
    async with connected(bench) as machine:
        assert not (await machine.read()).plc.emergency_stop, "a verb without a connection had an effect"


async def _is_lost(verb: Callable[[], Awaitable[object]]) -> None:
    try:
        await verb()
    except MachineLost:
        return
    raise AssertionError(f"{verb} worked without a connection")


async def closes_quietly(bench: Bench) -> None:
    """`close` never raises: before connecting, twice, and with the network cut; and it does not take long."""
    await _close(bench, bench.machine())
    machine = bench.machine()
    await machine.connect()
    await _close(bench, machine)
    await _close(bench, machine)
    cut = bench.machine()
    await cut.connect()
    await bench.network(Network.cut)
    await _close(bench, cut)
    await bench.network(Network.whole)


async def _close(bench: Bench, machine: Machine) -> None:
    began_s = bench.now_s()
    try:
        await machine.close()
    except Exception as error:
        raise AssertionError(f"close raised {error!r}") from error
    assert bench.now_s() - began_s < LOST_WITHIN_S, "close waits for a machine that is gone"


async def returns_from_waiting(bench: Bench) -> None:
    """`wait` ends in its time, also when nothing happens and nobody is connected."""
    async with connected(bench) as machine:
        for seconds in (0.0, 0.2):
            began_s = bench.now_s()
            await machine.wait(seconds)
            assert bench.now_s() - began_s < seconds + 1.0, "a wait without an end"


async def can_be_cancelled(bench: Bench) -> None:
    """A verb that is cancelled ends at once; the connection can be closed, and the next one reads what came of it."""
    async with in_control(bench) as driving:
        snapshot, storey = await driving.machine.read(), await driving.away()
        command = driving.command(snapshot, Operation.move_lift, lift=driving.lift, storey=str(storey))
        for verb in (driving.machine.read, lambda: driving.machine.execute(command)):
            await bench.network(Network.slow)
            await _cancelled(bench, verb)
            await bench.network(Network.whole)
    async with connected(bench) as machine:
        again = Driving(bench, machine, driving.epoch, command.seq, driving.count)
        ended = await again.finished()
        assert ended.plc.ack_seq in (snapshot.plc.ack_seq, command.seq)
        if ended.plc.ack_seq == command.seq:
            assert ended.lift(again.lift).storey == storey


async def _cancelled(bench: Bench, verb: Callable[[], Awaitable[object]]) -> None:
    task = asyncio.ensure_future(verb())
    await asyncio.wait([task], timeout=SLOW_S / 4)
    began_s = bench.now_s()
    task.cancel()
    await asyncio.wait([task], timeout=PATIENCE_S)
    assert task.cancelled(), "a cancelled verb went on"
    assert bench.now_s() - began_s < SLOW_S / 2, "a cancelled verb took its time"
