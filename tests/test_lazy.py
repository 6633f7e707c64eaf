"""A lazy property is worked out once for each instance; a changed copy is what dataclasses.replace makes."""

from dataclasses import dataclass, replace

from vendrive.lazy import changed, lazy
from vendrive.wire.machine import Lift


@dataclass(frozen=True)
class Square:
    side: int

    @lazy
    def area(self) -> list[int]:
        """Side by side."""
        return [self.side * self.side]


def test_it_is_worked_out_once_for_each_instance() -> None:
    two, three = Square(2), Square(3)
    assert (two.area, three.area) == ([4], [9])
    assert two.area is two.area


def test_it_is_no_part_of_what_makes_two_values_equal() -> None:
    looked_at, fresh = Square(2), Square(2)
    assert looked_at.area == [4]
    assert looked_at == fresh
    assert Square.area.__doc__ == "Side by side."


def test_a_changed_copy_is_the_one_that_replace_makes() -> None:
    lift = Lift(name="L1", storey=2)
    moved = changed(lift, storey=-1, moving=True)
    assert moved == replace(lift, storey=-1, moving=True)
    assert hash(moved) == hash(replace(lift, storey=-1, moving=True))
    assert lift.storey == 2
