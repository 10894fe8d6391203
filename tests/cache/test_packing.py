from __future__ import annotations

import hashlib
import os
import sys

import msgspec
from hypothesis import given
from hypothesis import strategies as st
from tests.cache.objects import pod

from kubewright.cache.packing import PLAIN, Packer, Zstd


def similar(number: int, kind: str = "web") -> bytes:
    labels = {f"{kind}/{name}": f"value-{number}" for name in "abcdefghij"}
    return msgspec.json.encode(pod(f"{kind}-{number}", number, labels=labels, spec={"nodeName": f"node-{number}"}))


def test_a_small_store_is_left_as_it_is() -> None:
    packer = Packer()
    for number in range(100):
        assert packer.pack(similar(number)) == similar(number)
    assert packer.packing is PLAIN


def test_objects_of_one_kind_shrink_once_there_are_many() -> None:
    packer = Packer()
    for number in range(2000):
        packing, packed = packer.packing, packer.pack(similar(number))
        assert packing.unpack(packed) == similar(number)
    assert len(packed) < len(similar(number)) / 4


def test_a_new_dictionary_is_made_when_objects_change() -> None:
    packer = Packer()
    for number in range(2000):
        packer.pack(similar(number))
    first = packer.packing
    changed = "".join(hashlib.sha512(str(part).encode()).hexdigest() for part in range(8))
    for number in range(4000):
        packed = packer.pack(similar(number) + changed.encode())
    assert packer.packing is not first
    assert len(packed) < len(changed) / 4


def test_no_samples_are_held_while_the_packing_does_well() -> None:
    packer = Packer()
    for number in range(2000):
        packer.pack(similar(number))
    raw = similar(2000)
    before = sys.getrefcount(raw)
    packer.pack(raw)
    assert sys.getrefcount(raw) == before


def test_compression_can_be_off_and_gives_up_on_noise() -> None:
    off, noisy = Packer(compress=False), Packer()
    for number in range(2000):
        off.pack(similar(number))
        noisy.pack(os.urandom(500))
    assert off.packing is PLAIN
    assert len(noisy.pack(b"x" * 500)) <= 500


@given(st.binary())
def test_whatever_is_packed_comes_out_again(raw: bytes) -> None:
    packing = Zstd([similar(number) for number in range(50)])
    assert packing.unpack(packing.pack(raw)) == raw
