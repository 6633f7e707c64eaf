"""Values that never change, at little cost: a property that is worked out once, and a copy with some other fields."""

from collections.abc import Callable
from typing import Any, Generic, TypeVar, overload

T = TypeVar("T")


class lazy(Generic[T]):  # noqa: N801 - it reads as a property does
    """functools.cached_property less its lock, which costs more than most of what is kept here. One loop uses it.

    The value lies in the instance's own dictionary under the same name, where Python looks before it asks here.
    """

    def __init__(self, work_out: Callable[[Any], T]) -> None:
        self._work_out = work_out
        self.__doc__ = work_out.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    @overload
    def __get__(self, instance: None, owner: type) -> "lazy[T]": ...
    @overload
    def __get__(self, instance: object, owner: type) -> T: ...
    def __get__(self, instance: object, owner: type) -> "lazy[T] | T":
        if instance is None:
            return self
        value: T = self._work_out(instance)
        instance.__dict__[self._name] = value
        return value


def changed(value: T, **fields: object) -> T:
    """Return a copy of a frozen dataclass with these fields: dataclasses.replace, less its way through every field.

    Nothing is checked or worked out anew, so it is for dataclasses without `__post_init__` and without lazy properties.
    """
    return with_fields(value, fields)


def with_fields(value: T, fields: dict[str, Any]) -> T:
    """Return the same as `changed`, of fields that lie in a dictionary."""
    copy: T = object.__new__(type(value))
    object.__setattr__(copy, "__dict__", vars(value) | fields)
    return copy
