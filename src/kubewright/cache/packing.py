"""How objects lie in memory: as they came, or compressed with a dictionary made from objects of the same kind.

Objects of one kind repeat each other, so that a dictionary trained on a few hundred of them shrinks each to a tenth or
less, at about two microseconds each way.  `Packer` makes one when a store has become big enough, and a new one when the
objects have changed so much that it pays; bytes go in and come out unchanged.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import zstandard

_SAMPLES = 200
_SAMPLE_SIZE = 8 * 1024
_DICTIONARY_SIZE = 8 * 1024
_PARAMETERS = zstandard.ZstdCompressionParameters.from_level(
    1, source_size=2 * _SAMPLE_SIZE, dict_size=_DICTIONARY_SIZE, write_checksum=False, write_dict_id=False
)
"""Tables of 50 KB: made for objects of unknown size they would be three times as big, and find no more."""

_COUNTERS = 16
"""As a power of two: where training counts what the samples have in common; its default of 20 needs 7 MB for that."""

_WORTHWHILE = 256 * 1024
"""Bytes that are packed before the packing is looked at: a smaller store is left as it is."""

_WORSE = 2.0
"""A new dictionary is due when fresh objects shrink this many times less than those it was trained on."""


class Packing(Protocol):
    """One way to keep bytes; objects remember which one theirs is."""

    def pack(self, raw: bytes) -> bytes: ...

    def unpack(self, packed: bytes) -> bytes: ...


class Plain:
    """Bytes as they are."""

    def pack(self, raw: bytes) -> bytes:
        return raw

    def unpack(self, packed: bytes) -> bytes:
        return packed


PLAIN = Plain()


class Zstd:
    """Bytes compressed with a dictionary trained on samples."""

    def __init__(self, samples: Sequence[bytes]) -> None:
        dictionary = zstandard.train_dictionary(_DICTIONARY_SIZE, list(samples), d=6, f=_COUNTERS)
        dictionary.precompute_compress(compression_params=_PARAMETERS)
        self._compressor = zstandard.ZstdCompressor(compression_params=_PARAMETERS, dict_data=dictionary)
        self._decompressor = zstandard.ZstdDecompressor(dict_data=dictionary)

    def pack(self, raw: bytes) -> bytes:
        # Copied: the compressor returns a big block that was shrunk, and the hole behind it is never filled.
        return bytes(memoryview(self._compressor.compress(raw)))

    def unpack(self, packed: bytes) -> bytes:
        return self._decompressor.decompress(packed)


class Packer:
    """Packs the objects of one store as well as it can.

    :param compress: False leaves everything as it is.
    """

    def __init__(self, *, compress: bool = True) -> None:
        self.packing: Packing = PLAIN
        self._compress = compress
        self._expected = 0.0
        self._sampling = True
        self._samples: list[bytes] = []
        self._raw = 0
        self._packed = 0

    @property
    def undecided(self) -> bool:
        """Whether it is yet to be seen how the objects are packed best."""
        return self._compress and self.packing is PLAIN

    def pack(self, raw: bytes) -> bytes:
        packed = self.packing.pack(raw)
        if self._compress:
            self._raw += len(raw)
            self._packed += len(packed)
            if self._sampling and len(self._samples) < _SAMPLES:
                self._samples.append(raw[:_SAMPLE_SIZE])
            if self._raw >= _WORTHWHILE:
                self._look()
        return packed

    def _look(self) -> None:
        """Make a dictionary of the samples; without any, see whether the present packing does badly and take some.

        Samples are as big as the rest of a small store, so they are not kept in case of need.
        """
        if self._sampling:
            self._train()
        self._sampling = not self._sampling and self._packed > self._raw * self._expected * _WORSE
        self._samples.clear()
        self._raw = self._packed = 0

    def _train(self) -> None:
        try:
            self.packing = packing = Zstd(self._samples)
            sizes = [(len(packing.pack(raw)), len(raw)) for raw in self._samples]
            self._expected = sum(size for size, _ in sizes) / sum(size for _, size in sizes)
        except zstandard.ZstdError:  # nothing in common
            self._compress = False
