"""What may stand in a profile: phone numbers, documents, licences. Pure, but for the libraries' tables."""

import re
from dataclasses import dataclass, field
from datetime import date

import phonenumbers
from stdnum.cn import ric
from stdnum.exceptions import ValidationError

from vendrive.retail.customers.models import DocumentKind
from vendrive.wire.errors import ErrorCode, Refused

HOME_REGION = "CN"
NAME_LENGTH = 80
# The classes of GA 801-2019 that a car driver can name, and B of most other countries.
LICENCE_CLASSES = ("A1", "A2", "A3", "B1", "B2", "C1", "C2", "C5", "B", "BE")
_PASSPORT = re.compile(r"[A-Z0-9]{6,12}")


@dataclass(frozen=True)
class Introduction:
    """What a person typed, as typed. `birth_date` is needed with a passport only."""

    name: str = field(repr=False)
    document_kind: str
    document: str = field(repr=False)
    licence_class: str
    licence_expiry: date
    birth_date: date | None = None


def read_phone(typed: str) -> str:
    """Return the number in E.164; raise Refused (phone_invalid). Without a country code it is Chinese."""
    try:
        number = phonenumbers.parse(typed, HOME_REGION)
    except phonenumbers.NumberParseException as error:
        raise Refused(ErrorCode.phone_invalid) from error
    if not phonenumbers.is_valid_number(number):
        raise Refused(ErrorCode.phone_invalid)
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def check_introduction(typed: Introduction, today: date) -> Introduction:
    """Return `typed` in its compact form, with the birth date; raise Refused with the first thing that is wrong."""
    name = " ".join(typed.name.split())
    if not 0 < len(name) <= NAME_LENGTH:
        raise Refused(ErrorCode.name_missing)
    document, birth_date = read_document(typed.document_kind, typed.document, typed.birth_date)
    if birth_date >= today:
        raise Refused(ErrorCode.too_young)
    licence_class = typed.licence_class.strip().upper()
    if licence_class not in LICENCE_CLASSES:
        raise Refused(ErrorCode.licence_class_not_allowed, licence_class=licence_class)
    if typed.licence_expiry < today:
        raise Refused(ErrorCode.licence_expired, expiry=typed.licence_expiry)
    return Introduction(name, typed.document_kind, document, licence_class, typed.licence_expiry, birth_date)


def read_document(kind: str, typed: str, birth_date: date | None) -> tuple[str, date]:
    """Return the compact number and the birth date; raise Refused (identity_number_invalid, passport_invalid)."""
    if kind == DocumentKind.identity_card:
        try:
            number = str(ric.validate(typed))
            return number, ric.get_birth_date(number)
        except ValidationError as error:
            raise Refused(ErrorCode.identity_number_invalid) from error
    number = re.sub(r"[\s-]", "", typed).upper()
    if kind != DocumentKind.passport or not _PASSPORT.fullmatch(number) or birth_date is None:
        raise Refused(ErrorCode.passport_invalid)
    return number, birth_date


def age_on(birth_date: date, day: date) -> int:
    """Return whole years lived on `day`."""
    return day.year - birth_date.year - ((day.month, day.day) < (birth_date.month, birth_date.day))
