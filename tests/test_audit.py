"""The audit chain shows any change, and where."""

import pytest

from vendrive.audit import GENESIS, BrokenChain, Link, seal, verify_chain


def chain(*payloads: bytes) -> list[Link]:
    head, links = GENESIS, []
    for seq, payload in enumerate(payloads, start=1):
        head = seal(head, seq, payload)
        links.append(Link(seq, payload, head))
    return links


def test_an_untouched_chain_verifies_to_its_last_digest() -> None:
    links = chain(b"a", b"b", b"c")
    assert verify_chain(links) == links[-1].digest


def test_a_tail_verifies_from_the_head_before_it() -> None:
    links = chain(b"a", b"b", b"c")
    assert verify_chain(links[1:], links[0].digest, after=1) == links[-1].digest


@pytest.mark.parametrize("row", [1, 2, 3])
def test_a_changed_row_is_named(row: int) -> None:
    links = chain(b"a", b"b", b"c")
    changed = links[row - 1]
    links[row - 1] = Link(changed.seq, b"x", changed.digest)
    with pytest.raises(BrokenChain) as caught:
        verify_chain(links)
    assert caught.value.seq == row


def test_a_removed_row_is_named() -> None:
    links = chain(b"a", b"b", b"c")
    del links[1]
    with pytest.raises(BrokenChain) as caught:
        verify_chain(links)
    assert caught.value.seq == 2


def test_swapped_rows_are_found() -> None:
    links = chain(b"a", b"b", b"c")
    links[1], links[2] = links[2], links[1]
    with pytest.raises(BrokenChain):
        verify_chain(links)


def test_a_changed_row_with_a_digest_made_anew_breaks_the_next() -> None:
    links = chain(b"a", b"b", b"c")
    links[1] = Link(2, b"x", seal(links[0].digest, 2, b"x"))
    with pytest.raises(BrokenChain) as caught:
        verify_chain(links)
    assert caught.value.seq == 3
