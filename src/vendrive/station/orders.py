"""Orders from retail: checked, stored with their journal entries in one transaction, and acted on once."""

import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta

from pydantic import ValidationError

from vendrive.clock import Clock
from vendrive.passes.signing import ORDER_PURPOSE, is_signed
from vendrive.station.database import Database
from vendrive.station.keys import RetailKeys
from vendrive.station.record import Record
from vendrive.station.store import Store
from vendrive.wire.alarms import AlarmName
from vendrive.wire.errors import Refused
from vendrive.wire.journal import FaceWiped, OrderStored, PassHeld, ReturnExpected, ReturnReleased
from vendrive.wire.orders import (
    Cancel,
    ExpectReturn,
    HandOver,
    OperatorAction,
    OperatorRequest,
    Order,
    ReleaseReturn,
    SignedOrder,
    Stock,
    WipeFace,
)
from vendrive.wire.station_auth import TOLERANCE_S

log = logging.getLogger(__name__)
Operator = Callable[[OperatorRequest], Awaitable[None]]


class OrderRejected(Exception):
    """An order is not genuine, not for this tower or out of turn; the cursor stays before it."""


class Orders:
    """The station's end of the numbered orders."""

    def __init__(
        self,
        tower_id: str,
        database: Database,
        store: Store,
        record: Record,
        retail_keys: RetailKeys,
        operator: Operator,
        clock: Clock,
    ) -> None:
        self._tower_id = tower_id
        self._database = database
        self._store = store
        self._record = record
        self._retail_keys = retail_keys
        self._operator = operator
        self._clock = clock
        # Whether somebody is being served at a bay for a drive; the yard knows.
        self.is_served: Callable[[str], bool] = lambda drive_id: False

    async def take_page(self, page: Sequence[SignedOrder]) -> None:
        """Store orders in turn up to the first that cannot be trusted: an alarm until retail sends a right page."""
        for signed in page:
            try:
                await self.take(signed)
            except OrderRejected as error:
                self._record.alarm(AlarmName.orders_rejected, "station", str(error))
                raise
        self._record.end_alarm(AlarmName.orders_rejected, "station", "retail")

    async def take(self, signed: SignedOrder) -> None:
        """Store one order; OrderRejected where it cannot be trusted. One that was stored before has no effect."""
        order = self._read(signed)
        if order.number <= self._store.cursor:
            return
        if order.number != self._store.cursor + 1:
            raise OrderRejected(f"order {order.number} came after {self._store.cursor}")
        request = order.body if isinstance(order.body, OperatorRequest) else None
        if request is not None and request.action == OperatorAction.emergency_stop:
            # Before it is stored: a stop that arrived twice does no harm, one that got lost does.
            await self._obey(request)
            if order.number <= self._store.cursor:
                return  # taken meanwhile
        with self._database.transaction():
            self._record.write(OrderStored(number=order.number, order_kind=order.body.kind))
            self._apply(order)
            self._store.move_cursor(order.number)
            self._store.note_told(order.issued_at)
        if request is not None and request.action != OperatorAction.emergency_stop:
            # After it is stored: a step that is asked for twice does harm, one that got lost is asked for again.
            await self._obey(request)
        if isinstance(order.body, WipeFace):
            self._database.forget_old_pages()

    def _read(self, signed: SignedOrder) -> Order:
        keys = self._retail_keys().values()
        if not any(is_signed(key, ORDER_PURPOSE, signed.payload, signed.signature) for key in keys):
            raise OrderRejected("an order is not signed by a pinned key of retail")
        try:
            order = Order.model_validate_json(signed.payload)
        except ValidationError as error:
            raise OrderRejected(f"an order cannot be read: {error.error_count()} faults") from error
        if order.tower_id != self._tower_id:
            raise OrderRejected(f"order {order.number} is for {order.tower_id}")
        return order

    def _apply(self, order: Order) -> None:
        match order.body:
            case HandOver() as body:
                # Once a car has left, its person brings that one back, whatever it was exchanged for meanwhile.
                if body.drive_id not in self._record.facts.used and self._store.hold(body):
                    self._record.write(PassHeld(drive_id=body.drive_id, revision=body.revision))
            case Cancel(drive_id=drive, revision=revision):
                self._store.cancel(drive, revision)
            case ExpectReturn() | ReleaseReturn() as body:
                self._change_return(body)
            case WipeFace(person_id=person):
                self._store.wipe_checks(person)
                self._record.write(FaceWiped(person_id=person))
            case Stock(vehicles=vehicles):
                for vehicle in vehicles:
                    self._store.know_vehicle(vehicle)
            case OperatorRequest():
                pass

    def _change_return(self, body: ExpectReturn | ReleaseReturn) -> None:
        ids = {"drive_id": body.drive_id, "revision": body.revision}
        if isinstance(body, ExpectReturn):
            if self._store.expect(body):
                self._record.write(ReturnExpected(vehicle_id=body.vehicle.vehicle_id, **ids))
        # A return that has begun goes on: retail learns where the car is, and keeps the place until then.
        elif not self.is_served(body.drive_id) and self._store.release(body.drive_id, body.revision):
            self._record.write(ReturnReleased(**ids))

    async def _obey(self, request: OperatorRequest) -> None:
        # Clocks that retail lets differ must not make a stop void: it is better obeyed late than not.
        if self._clock.now() >= request.expires_at + timedelta(seconds=TOLERANCE_S):
            log.warning("%s by %s: too late, it was good until %s", request.action, request.staff, request.expires_at)
            return
        try:
            await self._operator(request)
        except Refused as refusal:
            log.warning("%s by %s: %s", request.action, request.staff, refusal.code)
