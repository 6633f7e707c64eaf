"""Personal data in a row: sealed with AES-GCM, bound to its table, field and row, so that no box fits elsewhere."""

from typing import Generic, TypeVar, overload

from django.db import models

from vendrive.retail.config import keys

V = TypeVar("V", str, bytes)


class _Sealed(Generic[V]):
    """An attribute of a model, kept in the binary column `<name>_box`; empty where nothing is stored.

    The row's primary key must be set before the value, so tables with sealed fields draw their own UUIDs.
    """

    def __set_name__(self, owner: type[models.Model], name: str) -> None:
        self.name = name

    @overload
    def __get__(self, row: None, owner: type[models.Model]) -> "_Sealed[V]": ...
    @overload
    def __get__(self, row: models.Model, owner: type[models.Model]) -> V: ...
    def __get__(self, row: models.Model | None, owner: type[models.Model]) -> "V | _Sealed[V]":
        if row is None:
            return self
        box: bytes | None = getattr(row, f"{self.name}_box")
        return self._read(keys().open(self._place(row), box) if box else b"")

    def __set__(self, row: models.Model, value: V) -> None:
        box = keys().seal(self._place(row), self._write(value)) if value else None
        setattr(row, f"{self.name}_box", box)

    def _place(self, row: models.Model) -> str:
        return f"{row._meta.db_table}.{self.name}.{row.pk}"

    def _read(self, plain: bytes) -> V:
        raise NotImplementedError

    def _write(self, value: V) -> bytes:
        raise NotImplementedError


class Sealed(_Sealed[str]):
    """A sealed text."""

    def _read(self, plain: bytes) -> str:
        return plain.decode()

    def _write(self, value: str) -> bytes:
        return value.encode()


class SealedBytes(_Sealed[bytes]):
    """Sealed bytes: a picture."""

    def _read(self, plain: bytes) -> bytes:
        return plain

    def _write(self, value: bytes) -> bytes:
        return value


def sealed_column() -> "models.BinaryField[bytes | None, bytes | None]":
    """Return the column that belongs to a sealed attribute."""
    return models.BinaryField(null=True, editable=False)
