"""Whose pass this is, whether it counts here and now, and whether its holder stands before the kiosk."""

import asyncio
from collections import deque

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from vendrive.clock import Clock
from vendrive.ids import read_code
from vendrive.passes.claims import PREFIX, PassClaims, check_window, read_pass
from vendrive.passes.pins import TRIES, is_pin
from vendrive.passes.sealing import NotSealedForThis, open_sealed
from vendrive.station.database import Database
from vendrive.station.faces import Faces
from vendrive.station.facts import Facts
from vendrive.station.keys import RetailKeys
from vendrive.station.line import Line
from vendrive.station.store import Lending, Store
from vendrive.wire.errors import ErrorCode, Refused
from vendrive.wire.orders import FaceCheck, PinCheck

# With one stranger in a thousand taken for the holder, this many pictures leave a stolen pass at most 1.6 %.
FACE_TRIES = 16
UNKNOWN_CODES = 5
UNKNOWN_CODES_WINDOW_S = 60.0


class Admission:
    """Reads passes and verifies people; moves nothing, journals nothing."""

    def __init__(
        self,
        tower_id: str,
        database: Database,
        store: Store,
        sealing: X25519PrivateKey,
        retail_keys: RetailKeys,
        faces: Faces,
        line: Line,
        clock: Clock,
    ) -> None:
        self._tower_id = tower_id
        self._database = database
        self._store = store
        self._sealing = sealing
        self._retail_keys = retail_keys
        self._faces = faces
        self._line = line
        self._clock = clock
        self._unknown_codes: deque[float] = deque()

    def read(self, text: str) -> tuple[Lending, PassClaims]:
        """Return the drive of a QR text or typed code, and what its pass says: maybe of another tower.

        An order says that a car comes back here, not the pass, which is the same text all the time.
        Refuses pass_unreadable, pass_not_genuine, pass_wrong_tower, pass_unknown, too_many_tries.
        """
        if text.strip().startswith(f"{PREFIX}/"):
            return self._read_signed(text)
        return self._read_code(text)

    def check_collect(self, lending: Lending, claims: PassClaims, facts: Facts) -> None:
        """Refuse where nothing may be collected with this pass now."""
        self._check_tower(claims)
        if lending.drive_id in facts.used:
            raise Refused(ErrorCode.pass_used)
        if self._store.is_cancelled(lending):
            raise Refused(ErrorCode.pass_cancelled)
        # Whose car stands ready may have it; a cancellation of any other drive may not have come through.
        if self._line.is_cut_off and lending.drive_id not in facts.presented:
            raise Refused(ErrorCode.cut_off_too_long)
        # A calendar that was set back does not bring a pass to life again: retail's newest signed order is a floor.
        told_at = self._store.told_at
        now = self._clock.now()
        check_window(claims, self._tower_id, max(now, told_at) if told_at else now)

    def check_unchanged(self, lending: Lending) -> None:
        """Refuse where an order came while its person was being verified: a cancellation, or a newer revision."""
        if self._store.is_cancelled(lending):
            raise Refused(ErrorCode.pass_cancelled)
        newest = self._store.lending(lending.drive_id)
        if newest is None or newest.revision != lending.revision:
            raise Refused(ErrorCode.busy_try_again)

    def method(self, lending: Lending) -> str:
        """Return how this person is verified: face or pin. Refuses verification_missing, pin_locked, face_locked."""
        check = self._store.check(lending.drive_id)
        if check is None or (check.method == "face" and check.engine != self._faces.engine):
            raise Refused(ErrorCode.verification_missing)
        if check.method == "pin" and self._store.tries(lending.drive_id) >= TRIES:
            raise Refused(ErrorCode.pin_locked)
        if check.method == "face" and self._store.tries(lending.drive_id) >= FACE_TRIES:
            raise Refused(ErrorCode.face_locked)
        return check.method

    async def verify_face(self, lending: Lending, picture: bytes) -> float:
        """Return the distance of the rightful person.

        Refuses face_mismatch, face_locked after too many of them for this revision of the drive, and what `Faces` does.
        """
        check = self._store.check(lending.drive_id)
        if not isinstance(check, FaceCheck):
            raise Refused(ErrorCode.verification_missing)
        if self._store.tries(lending.drive_id) >= FACE_TRIES:
            raise Refused(ErrorCode.face_locked)
        try:
            template = open_sealed(self._sealing, check.sealed_template, f"{lending.person_id}/{self._tower_id}")
        except NotSealedForThis:
            raise Refused(ErrorCode.verification_missing) from None
        distance = await self._faces.distance(picture, template)
        if not distance <= check.threshold:
            with self._database.transaction():
                tries = self._store.count_try(lending.drive_id)
            raise Refused(ErrorCode.face_locked if tries >= FACE_TRIES else ErrorCode.face_mismatch)
        with self._database.transaction():
            self._store.forget_tries(lending.drive_id)
        return distance

    async def verify_pin(self, lending: Lending, typed: str) -> None:
        """Refuse pin_wrong, and pin_locked after three wrong ones in the life of this drive."""
        check = self._store.check(lending.drive_id)
        if not isinstance(check, PinCheck):
            raise Refused(ErrorCode.verification_missing)
        if self._store.tries(lending.drive_id) >= TRIES:
            raise Refused(ErrorCode.pin_locked)
        # Counted before it is compared: a power cut in between gives nobody another try.
        with self._database.transaction():
            tries = self._store.count_try(lending.drive_id)
        if not await asyncio.to_thread(is_pin, check, typed):
            raise Refused(ErrorCode.pin_locked) if tries >= TRIES else Refused(ErrorCode.pin_wrong, left=TRIES - tries)
        with self._database.transaction():
            self._store.forget_tries(lending.drive_id)

    def _read_signed(self, text: str) -> tuple[Lending, PassClaims]:
        claims = read_pass(text, self._retail_keys())
        lending = self._store.lending(claims.drive_id)
        if lending is None or (lending.pass_id, lending.person_id) != (claims.pass_id, claims.person_id):
            self._check_tower(claims)
            raise Refused(ErrorCode.pass_unknown)
        return lending, claims

    def _check_tower(self, claims: PassClaims) -> None:
        if claims.tower_id != self._tower_id:
            raise Refused(ErrorCode.pass_wrong_tower, tower=claims.tower_id)

    def _read_code(self, text: str) -> tuple[Lending, PassClaims]:
        self._slow_down()
        code = read_code(text)
        lending = self._store.by_short_code(code) if code else None
        if lending is None:
            self._unknown_codes.append(self._clock.monotonic())
            raise Refused(ErrorCode.pass_unknown)
        return lending, _claims_of(lending, self._tower_id)

    def _slow_down(self) -> None:
        horizon = self._clock.monotonic() - UNKNOWN_CODES_WINDOW_S
        while self._unknown_codes and self._unknown_codes[0] < horizon:
            self._unknown_codes.popleft()
        if len(self._unknown_codes) >= UNKNOWN_CODES:
            raise Refused(ErrorCode.too_many_tries)


def _claims_of(lending: Lending, tower_id: str) -> PassClaims:
    """Return what the pass behind a short code says: the signed order told this station."""
    return PassClaims(
        lending.pass_id, lending.drive_id, lending.person_id, tower_id, lending.not_before, lending.not_after
    )
