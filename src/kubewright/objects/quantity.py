"""Resource quantities: exact amounts with a decimal or binary suffix, such as ``100m``, ``1.5Gi`` or ``3e6``.

Parsing, rounding (up, to a billionth) and the canonical text are those of ``k8s.io/apimachinery/pkg/api/resource``, so
a quantity written here is the one that the API server would write.
"""

from __future__ import annotations

import re
from fractions import Fraction
from functools import lru_cache, total_ordering
from typing import Final, Self

from kubewright.objects.in_models import InModels

NANO: Final = 10**9
MAX: Final = (2**63 - 1) * NANO

_PARTS = re.compile(r"([+-]?)([0-9]*)(?:\.([0-9]*))?(.*)\Z", re.DOTALL)
_WRONG_SHAPE = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
_DECIMAL = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_BINARY = {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50, "Ei": 60}
_DECIMAL_SUFFIX = {exponent: suffix for suffix, exponent in _DECIMAL.items()}
_BINARY_SUFFIX = {exponent: suffix for suffix, exponent in _BINARY.items()}
_EXPONENT = re.compile(r"[eE]([+-]?[0-9]+)\Z")


@total_ordering
class Quantity(InModels):
    """An exact amount that remembers whether it is written with decimal, binary or exponent suffixes.

    ``Quantity("1.5Gi")``, ``Quantity(3)``; it adds, subtracts, compares and scales exactly, and ``str()`` gives the
    canonical text.  Equality is numeric: ``Quantity("1000m") == Quantity("1")``.

    :raises ValueError: the text is no quantity; worded as Kubernetes words it.
    """

    __slots__ = ("_format", "_nano")
    _nano: int
    _format: str

    def __init__(self, value: str | int | float | Quantity) -> None:
        if isinstance(value, Quantity):
            self._nano, self._format = value._nano, value._format
        else:
            self._nano, self._format = _parse(value if isinstance(value, str) else repr(value))

    @classmethod
    def from_plain(cls, value: object) -> Self:
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise ValueError(f"a quantity is a string or a number, not {type(value).__name__}")
        return cls(value)

    def to_plain(self) -> str:
        return str(self)

    @classmethod
    def _of(cls, nano: int, form: str) -> Self:
        made = cls.__new__(cls)
        made._nano, made._format = nano, form
        return made

    @property
    def value(self) -> int:
        """The whole units, rounded up, as Kubernetes' ``Quantity.Value()``."""
        return -(-self._nano // NANO)

    @property
    def milli_value(self) -> int:
        """Thousandths of a unit, rounded up."""
        return -(-self._nano * 1000 // NANO)

    @property
    def exact(self) -> Fraction:
        return Fraction(self._nano, NANO)

    def __str__(self) -> str:
        nano, form = self._nano, self._format
        if not nano:
            return "0"
        if form == "binary":
            if abs(nano) >= 1024 * NANO and nano % NANO == 0:
                return _with_suffix(nano // NANO, 1024)
            form = "decimal"
        number, exponent = nano, -9
        while number % 1000 == 0 and (exponent < 18 or form == "exponent"):
            number, exponent = number // 1000, exponent + 3
        if form == "exponent":
            return f"{number}e{exponent}" if exponent else str(number)
        return f"{number}{_DECIMAL_SUFFIX[exponent]}"

    def __repr__(self) -> str:
        return f"Quantity({str(self)!r})"

    def __hash__(self) -> int:
        return hash(self._nano)

    def __eq__(self, other: object) -> bool:
        return self._nano == other._nano if isinstance(other, Quantity) else NotImplemented

    def __lt__(self, other: Quantity) -> bool:
        return self._nano < other._nano

    def __bool__(self) -> bool:
        return self._nano != 0

    def __add__(self, other: Quantity) -> Self:
        """The sum, in the format of the first operand, or of the second where the first is zero."""
        return self._of(self._nano + other._nano, self._format if self._nano else other._format)

    def __sub__(self, other: Quantity) -> Self:
        return self._of(self._nano - other._nano, self._format if self._nano else other._format)

    def __mul__(self, factor: int) -> Self:
        return self._of(self._nano * factor, self._format)

    __rmul__ = __mul__

    def __neg__(self) -> Self:
        return self._of(-self._nano, self._format)


@lru_cache(maxsize=4096)  # a cluster uses few different quantities, over and over
def _parse(text: str) -> tuple[int, str]:
    found = _PARTS.match(text)
    assert found is not None  # every part may be empty
    sign, whole, fraction, suffix = found.groups(default="")
    if not whole and not fraction:
        raise ValueError(_WRONG_SHAPE)
    form, times, divided_by = _suffix(suffix)
    amount = int(whole + fraction) * times * NANO
    nano = min(-(-amount // (divided_by * 10 ** len(fraction))), MAX)
    return (-nano if sign == "-" else nano), form


def _suffix(suffix: str) -> tuple[str, int, int]:
    """The format that a suffix stands for, and its factor as a fraction."""
    if suffix in _BINARY:
        return "binary", 1 << _BINARY[suffix], 1
    form, exponent = "decimal", _DECIMAL.get(suffix)
    if exponent is None:
        found = _EXPONENT.match(suffix)
        if found is None:
            known = re.match(r"[eEinumkKMGTP]*[-+]?[0-9]*\Z", suffix)
            raise ValueError("unable to parse quantity's suffix" if known else _WRONG_SHAPE)
        # Beyond these bounds every amount is the smallest or the largest anyway.
        form, exponent = "exponent", max(-100, min(100, int(found[1])))
    return form, 10 ** max(exponent, 0), 10 ** max(-exponent, 0)


def _with_suffix(number: int, base: int) -> str:
    exponent = 0
    while number % base == 0 and exponent < 60:
        number, exponent = number // base, exponent + 10
    return f"{number}{_BINARY_SUFFIX[exponent] if exponent else ''}"
