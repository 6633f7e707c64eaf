"""A property that is worked out once, the first time that it is read, for values that never change."""

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
