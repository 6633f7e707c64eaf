"""Codes of everything that can be refused. Sentences for people are in the message catalogue, `error.<code>`."""

from enum import StrEnum


class ErrorCode(StrEnum):
    """What went wrong, in one word that programs compare and the message catalogue explains."""

    # Signing in
    phone_invalid = "phone_invalid"
    code_wrong = "code_wrong"
    code_expired = "code_expired"
    too_many_tries = "too_many_tries"
    sign_in_needed = "sign_in_needed"
    not_allowed = "not_allowed"
    # Introducing yourself
    name_missing = "name_missing"
    identity_number_invalid = "identity_number_invalid"
    passport_invalid = "passport_invalid"
    identity_taken = "identity_taken"
    licence_class_not_allowed = "licence_class_not_allowed"
    licence_expired = "licence_expired"
    too_young = "too_young"
    consent_missing = "consent_missing"
    picture_unreadable = "picture_unreadable"
    no_face = "no_face"
    two_faces = "two_faces"
    face_too_small = "face_too_small"
    too_dark = "too_dark"
    pin_too_simple = "pin_too_simple"
    identity_not_proved = "identity_not_proved"
    identity_unknown = "identity_unknown"
    profile_incomplete = "profile_incomplete"
    verification_missing = "verification_missing"
    # Eligibility and booking
    not_member = "not_member"
    credit_too_low = "credit_too_low"
    credit_unknown = "credit_unknown"
    drives_used_up = "drives_used_up"
    model_already_driven = "model_already_driven"
    pickup_in_past = "pickup_in_past"
    pickup_too_far = "pickup_too_far"
    pickup_outside_hours = "pickup_outside_hours"
    pickup_time_taken = "pickup_time_taken"
    return_not_storable = "return_not_storable"
    vehicle_taken = "vehicle_taken"
    person_busy = "person_busy"
    busy_try_again = "busy_try_again"
    drive_not_found = "drive_not_found"
    drive_not_open = "drive_not_open"
    # At the kiosk
    pass_unreadable = "pass_unreadable"
    pass_not_genuine = "pass_not_genuine"
    pass_wrong_tower = "pass_wrong_tower"
    pass_too_early = "pass_too_early"
    pass_expired = "pass_expired"
    pass_used = "pass_used"
    pass_unknown = "pass_unknown"
    pass_cancelled = "pass_cancelled"
    face_mismatch = "face_mismatch"
    face_locked = "face_locked"
    pin_wrong = "pin_wrong"
    pin_locked = "pin_locked"
    nothing_lent = "nothing_lent"
    car_missing = "car_missing"
    car_other = "car_other"
    car_unreadable = "car_unreadable"
    car_too_long = "car_too_long"
    car_too_wide = "car_too_wide"
    car_too_high = "car_too_high"
    car_too_heavy = "car_too_heavy"
    car_not_in_place = "car_not_in_place"
    engine_running = "engine_running"
    key_missing = "key_missing"
    person_inside = "person_inside"
    person_in_bay = "person_in_bay"
    not_declared = "not_declared"
    no_room = "no_room"
    kiosk_busy = "kiosk_busy"
    # The machine
    machine_unknown = "machine_unknown"
    machine_stopped = "machine_stopped"
    machine_busy = "machine_busy"
    machine_refused = "machine_refused"
    machine_contradiction = "machine_contradiction"
    bay_occupied = "bay_occupied"
    not_a_simulator = "not_a_simulator"
    # Buying
    not_for_sale = "not_for_sale"
    payment_declined = "payment_declined"
    payment_unknown = "payment_unknown"
    # Between programs
    request_invalid = "request_invalid"
    idempotency_key_missing = "idempotency_key_missing"
    idempotency_in_flight = "idempotency_in_flight"
    idempotency_mismatch = "idempotency_mismatch"
    signature_invalid = "signature_invalid"
    request_replayed = "request_replayed"
    unexpected = "unexpected"


class Refused(Exception):
    """Something was asked for and refused, with no effect; `details` fill the sentence for the person."""

    def __init__(self, code: ErrorCode, **details: object) -> None:
        super().__init__(f"{code.value} {details}" if details else code.value)
        self.code = code
        self.details = details
