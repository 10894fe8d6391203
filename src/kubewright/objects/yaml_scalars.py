"""What a plain YAML scalar stands for, as go-yaml's second version reads it: kubectl and API servers read with that.

It is neither YAML 1.1 nor 1.2: ``y`` is true, ``1e3`` and ``08`` are numbers, and ``22:30`` is text.
"""

from __future__ import annotations

import math
import re
from typing import Any, Final

_KNOWN: Final[dict[str, Any]] = {
    **dict.fromkeys(("y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"), True),
    **dict.fromkeys(("n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"), False),
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
}
_INTEGER: Final = re.compile(r"[-+]?(?:0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO]?[0-7]+|0|[1-9][0-9]*)")
_FLOAT: Final = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_NOT_FINITE: Final = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_INTEGERS: Final = range(-(1 << 63), 1 << 64)
_LONGEST: Final = 67  # -0b and 64 digits
_WRITTEN_OUT: Final = 1e21
"""Floats below it are written without an exponent by Go's JSON encoder, and so are read as integers."""


def is_text(plain: str) -> bool:
    """Whether text needs no quotes to be read as text again."""
    return plain not in _KNOWN and not _NOT_FINITE.fullmatch(plain) and type(plain_value(plain)) is str


def plain_value(text: str) -> Any:
    """A number, a truth value, None or the text itself.

    :raises ValueError: JSON has no such value.
    """
    if text in _KNOWN:
        return _KNOWN[text]
    if _NOT_FINITE.fullmatch(text):
        raise ValueError(f"json: unsupported value: {text}")
    digits = text.replace("_", "") if text[0] in "+-0123456789" else text
    if len(digits) <= _LONGEST and _INTEGER.fullmatch(digits) and (number := _integer(digits)) in _INTEGERS:
        return number
    if _FLOAT.fullmatch(digits) and math.isfinite(real := float(digits)):
        return int(real) if real.is_integer() and abs(real) < _WRITTEN_OUT else real
    return text


def _integer(digits: str) -> int:
    octal = digits.lstrip("+-").startswith("0") and digits.lstrip("+-").isdecimal()
    return int(digits, 8 if octal else 0)
