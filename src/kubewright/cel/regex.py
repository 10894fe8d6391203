"""Regular expressions as Kubernetes has them: RE2, which runs in linear time on any input.

Python's own engine is no stand-in (other syntax, exponential time), so the google-re2 package is asked for by name.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

_SHORT = 256
"""Characters of texts up to which it is remembered whether they match."""


class RegexError(ValueError):
    """A pattern that RE2 does not accept."""


@lru_cache(maxsize=1024)
def compile_pattern(pattern: str) -> Any:
    """The compiled pattern, with the methods of Python's ``re.Pattern``.

    :raises RegexError: it is not a valid RE2 pattern.
    :raises RuntimeError: google-re2 is not installed.
    """
    try:
        import re2
    except ImportError as missing:
        raise RuntimeError(
            "patterns need the google-re2 package: install kubewright[local], or google-re2 itself"
        ) from missing
    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(pattern, options)
    except re2.error as error:
        text = error.args[0] if error.args else error
        raise RegexError(f"error parsing regexp: {text.decode() if isinstance(text, bytes) else text}") from error


def compile_regex(pattern: str) -> Callable[[str], bool]:
    """Whether a text contains a match.

    :raises RegexError: it is not a valid RE2 pattern.
    """
    search = compile_pattern(pattern).search
    return lambda text: _found(search, text) if len(text) <= _SHORT else _searched(search, text)


def _searched(search: Callable[[bytes], object], text: str) -> bool:
    return search(text.encode()) is not None  # In bytes: re2 would count characters for places in a str.


_found = lru_cache(maxsize=4096)(_searched)  # An object is checked at each of its writes, most of it unchanged.
