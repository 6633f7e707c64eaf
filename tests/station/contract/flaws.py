"""Adapters that each do one thing wrong, as real ones have done: every rule of the contract is there to catch one."""

import asyncio
import threading
from dataclasses import replace

from tests.station.contract.vendor import VendorBench
from vendrive.station.machine import Accepted, Answer, Machine, MachineLost, NotAccepted
from vendrive.wire.machine import HEARTBEAT_PERIOD_S, Command, PlcState, Snapshot


class Adapter:
    """Passes everything on to a good adapter. `kept` outlives connections, as a global variable would."""

    kept: Snapshot | None = None

    def __init__(self, good: Machine, bench: VendorBench) -> None:
        self.good = good
        self.bench = bench

    async def connect(self) -> None:
        await self.good.connect()

    async def close(self) -> None:
        await self.good.close()

    async def read(self) -> Snapshot:
        return await self.good.read()

    async def wait(self, seconds: float) -> None:
        await self.good.wait(seconds)

    async def beat(self, count: int) -> None:
        await self.good.beat(count)

    async def take_control(self, control_epoch: int) -> Answer:
        return await self.good.take_control(control_epoch)

    async def execute(self, command: Command) -> Answer:
        return await self.good.execute(command)

    async def stop(self, reason: str) -> None:
        await self.good.stop(reason)

    async def call_help(self) -> None:
        await self.good.call_help()

    async def end_help(self) -> None:
        await self.good.end_help()


class NamesTheMachineItself(Adapter):
    async def read(self) -> Snapshot:
        seen = await self.good.read()
        return replace(seen, plc=replace(seen.plc, layout="as configured"))


class LeavesASlotOut(Adapter):
    async def read(self) -> Snapshot:
        seen = await self.good.read()
        return replace(seen, slots=seen.slots[:-1])


class GivesTextForNumbers(Adapter):
    async def read(self) -> Snapshot:
        seen = await self.good.read()
        lift = replace(seen.lifts[0], position_mm=str(seen.lifts[0].position_mm))  # type: ignore[arg-type]
        return replace(seen, lifts=(lift,))


class DatesByTheEnd(Adapter):
    async def read(self) -> Snapshot:
        return replace(await self.good.read(), read_at_s=self.bench.now_s())


class ShowsTheOneBefore(Adapter):
    async def read(self) -> Snapshot:
        self.kept, before = await self.good.read(), self.kept
        return before or self.kept


class MeasuresInCentimetres(Adapter):
    async def read(self) -> Snapshot:
        seen = await self.good.read()
        lift = replace(seen.lifts[0], position_mm=seen.lifts[0].position_mm / 10)
        return replace(seen, lifts=(lift,))


class BeatsByItself(Adapter):
    beats = 0

    async def beat(self, count: int) -> None:
        self.beats = max(self.beats + 1, count)
        await self.good.beat(self.beats)


class TakesControlForEveryCommand(Adapter):
    async def execute(self, command: Command) -> Answer:
        epoch = (await self.good.read()).plc.control_epoch + 1
        await self.good.take_control(epoch)
        return await self.good.execute(replace(command, control_epoch=epoch))


class TakesAnyEpoch(Adapter):
    async def take_control(self, control_epoch: int) -> Answer:
        current = (await self.good.read()).plc.control_epoch
        return await self.good.take_control(max(control_epoch, current + 1))


class NumbersByItself(Adapter):
    async def execute(self, command: Command) -> Answer:
        seq = (await self.good.read()).plc.ack_seq + 1
        return await self.good.execute(replace(command, seq=seq))


class GivesLateCommandsTime(Adapter):
    async def execute(self, command: Command) -> Answer:
        clock_ms = (await self.good.read()).plc.clock_ms
        return await self.good.execute(replace(command, valid_until_ms=clock_ms + 1000))


class SaysYesToNonsense(Adapter):
    async def execute(self, command: Command) -> Answer:
        answer = await self.good.execute(command)
        unreadable = isinstance(answer, NotAccepted) and ("there is no" in answer.reason or "needs" in answer.reason)
        return Accepted() if unreadable else answer


class Queues(Adapter):
    async def execute(self, command: Command) -> Answer:
        while (await self.good.read()).lifts[0].busy and dict(command.arguments).get("lift"):
            await self.good.wait(0.1)
        clock_ms = (await self.good.read()).plc.clock_ms
        return await self.good.execute(replace(command, valid_until_ms=clock_ms + 1000))


class DoesOneThingAtATime(Adapter):
    async def execute(self, command: Command) -> Answer:
        if (await self.good.read()).plc.state == PlcState.execute:
            return NotAccepted("the machine is executing")
        return await self.good.execute(command)


class StopsWhenItIsDone(Adapter):
    async def stop(self, reason: str) -> None:
        while (await self.good.read()).lifts[0].busy:
            await self.good.wait(0.1)
        await self.good.stop(reason)


class StopsOnlyWhatMoves(Adapter):
    async def stop(self, reason: str) -> None:
        if (await self.good.read()).plc.state == PlcState.execute:
            await self.good.stop(reason)


class ResetsWithControl(Adapter):
    async def take_control(self, control_epoch: int) -> Answer:
        self.bench.controller.reset()
        return await self.good.take_control(control_epoch)


class EndsNoHelp(Adapter):
    async def end_help(self) -> None:
        await self.good.read()


class HidesARestart(Adapter):
    async def read(self) -> Snapshot:
        seen = await self.good.read()
        return replace(seen, plc=replace(seen.plc, plc_epoch=1))


class SaysNoWhenLost(Adapter):
    async def execute(self, command: Command) -> Answer:
        try:
            return await self.good.execute(command)
        except MachineLost:
            return NotAccepted("no answer")


class SaysYesWhenLost(Adapter):
    async def execute(self, command: Command) -> Answer:
        try:
            return await self.good.execute(command)
        except MachineLost:
            return Accepted()


class ShowsWhatItKept(Adapter):
    async def read(self) -> Snapshot:
        try:
            self.kept = await self.good.read()
        except MachineLost:
            if self.kept is None:
                raise
        assert self.kept is not None
        return self.kept


class ConnectsByItself(Adapter):
    async def stop(self, reason: str) -> None:
        try:
            await self.good.stop(reason)
        except MachineLost:
            await self.good.connect()
            await self.good.stop(reason)


class ClosesOnce(Adapter):
    closed = False

    async def close(self) -> None:
        if self.closed:
            raise OSError("closed already")
        self.closed = True
        await self.good.close()


class WaitsForNews(Adapter):
    async def wait(self, seconds: float) -> None:
        await self.good.wait(60)


class FinishesWhatItBegan(Adapter):
    async def execute(self, command: Command) -> Answer:
        return await asyncio.shield(self.good.execute(command))

    async def read(self) -> Snapshot:
        reading = asyncio.ensure_future(self.good.read())
        while not reading.done():
            try:
                await asyncio.wait([reading])
            except asyncio.CancelledError:
                continue
        return reading.result()


class BeatsFromAThread(Adapter):
    async def execute(self, command: Command) -> Answer:
        threading.Timer(20 * HEARTBEAT_PERIOD_S, lambda: None).start()
        return await self.good.execute(command)
