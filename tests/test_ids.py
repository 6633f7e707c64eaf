"""Codes can be read aloud and typed."""

from vendrive.ids import CODE_ALPHABET, digits, read_code, short_code


def test_a_code_is_read_back_however_it_is_typed() -> None:
    assert read_code(" 7k-o1 li ") == "7K0111"


def test_every_code_survives_its_own_reading() -> None:
    for _ in range(100):
        code = short_code()
        assert read_code(code.lower()) == code
        assert len(code) == 8
        assert set(code) <= set(CODE_ALPHABET)


def test_digits_are_digits() -> None:
    assert all(len(code) == 6 and code.isdigit() for code in (digits(6) for _ in range(20)))
