"""What a person typed, and which field a refusal belongs to."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from django.http import QueryDict

from vendrive.retail.customers.documents import Introduction
from vendrive.retail.customers.queries import Profile
from vendrive.wire.errors import ErrorCode, Refused

FIELD_OF: Mapping[ErrorCode, str] = {
    ErrorCode.phone_invalid: "phone",
    ErrorCode.code_wrong: "code",
    ErrorCode.code_expired: "code",
    ErrorCode.name_missing: "name",
    ErrorCode.identity_number_invalid: "document",
    ErrorCode.passport_invalid: "document",
    ErrorCode.identity_taken: "document",
    ErrorCode.too_young: "birth_date",
    ErrorCode.licence_class_not_allowed: "licence_class",
    ErrorCode.licence_expired: "licence_expiry",
    ErrorCode.consent_missing: "consent",
    ErrorCode.pin_too_simple: "pin",
}


@dataclass(frozen=True)
class Problem:
    """A refusal as a page shows it: at its field, or above the form."""

    refused: Refused | None = None

    def at(self, name: str) -> str | None:
        """Return the code that belongs to a field, or None."""
        return self.code if self.code and FIELD_OF.get(ErrorCode(self.code)) == name else None

    def above(self, *names: str) -> str | None:
        """Return the code that belongs to none of the form's fields `names`, or None."""
        return self.code if self.code and FIELD_OF.get(ErrorCode(self.code)) not in names else None

    @property
    def code(self) -> str | None:
        """Return the refusal's code, or None."""
        return self.refused.code.value if self.refused else None


@dataclass(frozen=True)
class IntroductionForm:
    """The fields of the introduction as text, to be shown again as they were typed."""

    name: str = field(default="", repr=False)
    document_kind: str = "identity_card"
    document: str = field(default="", repr=False)
    birth_date: str = field(default="", repr=False)
    licence_class: str = "C1"
    licence_expiry: str = ""

    @classmethod
    def typed(cls, data: QueryDict) -> "IntroductionForm":
        """Return what was sent."""
        return cls(**{name: data.get(name, "") for name in cls.__dataclass_fields__})

    @classmethod
    def known(cls, profile: Profile | None) -> "IntroductionForm":
        """Return what is known; the document is never shown again."""
        if profile is None:
            return cls()
        return cls(
            name=profile.name,
            document_kind=profile.document_kind,
            licence_class=profile.licence_class,
            licence_expiry=profile.licence_expiry.isoformat(),
        )

    def read(self) -> Introduction:
        """Return the introduction; raise Refused where a date is none."""
        return Introduction(
            name=self.name,
            document_kind=self.document_kind,
            document=self.document,
            licence_class=self.licence_class,
            licence_expiry=_date(self.licence_expiry, ErrorCode.licence_expired),
            birth_date=_date(self.birth_date, ErrorCode.passport_invalid) if self._needs_birth_date else None,
        )

    @property
    def _needs_birth_date(self) -> bool:
        # An identity number holds the birth date, and what a person typed in vain is not looked at.
        return self.document_kind == "passport"


def read_number(text: str | None, limit: float) -> float | None:
    """Return a coordinate within plus or minus `limit` degrees, or None."""
    try:
        number = float(text or "")
    except ValueError:
        return None
    return number if -limit <= number <= limit else None


def read_day(text: str | None) -> date | None:
    """Return a date in ISO format, or None."""
    try:
        return date.fromisoformat(text or "")
    except ValueError:
        return None


def _date(text: str, code: ErrorCode) -> date:
    found = read_day(text)
    if found is None:
        raise Refused(code)
    return found
