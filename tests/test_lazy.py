"""A lazy property is worked out once for each instance."""

from dataclasses import dataclass

from vendrive.lazy import lazy


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
