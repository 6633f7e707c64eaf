"""Personal data in a row: sealed with AES-GCM, bound to its table, field and row, so that no box fits elsewhere."""

from typing import overload

from django.db import models

from vendrive.retail.config import keys


class Sealed:
    """A text attribute of a model, kept in the binary column `<name>_box`; empty where nothing is stored.

    The row's primary key must be set before the value, so tables with sealed fields draw their own UUIDs.
    """

    def __set_name__(self, owner: type[models.Model], name: str) -> None:
        self.name = name

    @overload
    def __get__(self, row: None, owner: type[models.Model]) -> "Sealed": ...
    @overload
    def __get__(self, row: models.Model, owner: type[models.Model]) -> str: ...
    def __get__(self, row: models.Model | None, owner: type[models.Model]) -> "str | Sealed":
        if row is None:
            return self
        box: bytes | None = getattr(row, f"{self.name}_box")
        return keys().open(self._place(row), box).decode() if box else ""

    def __set__(self, row: models.Model, value: str) -> None:
        box = keys().seal(self._place(row), value.encode()) if value else None
        setattr(row, f"{self.name}_box", box)

    def _place(self, row: models.Model) -> str:
        return f"{row._meta.db_table}.{self.name}.{row.pk}"


def sealed_column() -> "models.BinaryField[bytes | None, bytes | None]":
    """Return the column that belongs to a `Sealed` attribute."""
    return models.BinaryField(null=True, editable=False)
