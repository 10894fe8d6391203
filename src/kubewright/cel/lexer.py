"""Text to tokens, by the lexical grammar of the CEL language definition.

Literals leave here decoded: numbers within their range, strings and bytes with their escapes replaced.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from kubewright.cel.errors import CompileError, Issue
from kubewright.cel.values import INT_MAX, UINT_MAX, Uint


class Token(NamedTuple):
    """``kind`` is ident, literal, end, or the operator or punctuation itself."""

    kind: str
    text: str
    offset: int
    value: Any = None


_TOKEN = re.compile(
    r"""
      (?P<space>(?:[\ \t\r\n\f]+|//[^\n]*)+)
    | (?P<float>\d+\.\d+(?:[eE][+-]?\d+)?|\d+[eE][+-]?\d+|\.\d+(?:[eE][+-]?\d+)?)
    | (?P<uint>(?:0x[0-9a-fA-F]+|\d+)[uU])
    | (?P<int>0x[0-9a-fA-F]+|\d+)
    | (?P<string>(?:[rR][bB]?|[bB][rR]?)?(?:\"\"\"|'''|"|'))
    | (?P<ident>[A-Za-z_][A-Za-z0-9_]*)
    | (?P<op>&&|\|\||[<>=!]=|[-+*/%<>!?:.,()\[\]{}])
    """,
    re.VERBOSE,
)
_RESERVED = frozenset((
    "as", "break", "const", "continue", "else", "for", "function", "if", "import", "let", "loop", "package",
    "namespace", "return", "var", "void", "while",
))  # fmt: skip
_ESCAPES = {
    "a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "\\": "\\", "?": "?", '"': '"',
    "'": "'", "`": "`",
}  # fmt: skip
_ESCAPE = re.compile(
    r"\\(?:([abfnrtv\\?\"'`])|[xX]([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-3][0-7]{2}))|\\(.?)",
    re.DOTALL,
)
_WORDS = {"true": True, "false": False, "null": None}


def tokenize(source: str) -> list[Token]:
    """The tokens of an expression, with an ``end`` token last.

    :raises CompileError: a character or literal is not CEL.
    """
    tokens: list[Token] = []
    position = 0
    while position < len(source):
        match = _TOKEN.match(source, position)
        if match is None:
            raise _error(source, position, f"Syntax error: token recognition error at: '{source[position]}'")
        kind, text = match.lastgroup or "", match.group()
        end = match.end()
        match kind:
            case "float":
                tokens.append(Token("literal", text, position, float(text)))
            case "int":
                # The sign is an operator, so the magnitude of the smallest int must pass here.
                value = int(text, 0) if text.startswith("0x") else int(text)
                if value > INT_MAX + 1:
                    raise _error(source, position, "invalid int literal")
                tokens.append(Token("literal", text, position, value))
            case "uint":
                value = int(text[:-1], 0) if text.startswith("0x") else int(text[:-1])
                if value > UINT_MAX:
                    raise _error(source, position, "invalid uint literal")
                tokens.append(Token("literal", text, position, Uint(value)))
            case "string":
                literal, end = _string(source, position, text)
                tokens.append(Token("literal", source[position:end], position, literal))
            case "ident" if text in _WORDS:
                tokens.append(Token("literal", text, position, _WORDS[text]))
            case "ident":
                tokens.append(Token("in" if text == "in" else "ident", text, position))
            case "op":
                tokens.append(Token(text, text, position))
        position = end
    tokens.append(Token("end", "<EOF>", len(source)))
    return tokens


def is_reserved(name: str) -> bool:
    return name in _RESERVED


def _string(source: str, start: int, opening: str) -> tuple[str | bytes, int]:
    """The literal that starts at ``start``, and where it ends."""
    prefix = opening.rstrip("\"'").lower()
    quote = opening[len(prefix) :]
    raw = "r" in prefix
    begin = position = start + len(opening)
    while not source.startswith(quote, position):
        if position >= len(source) or (len(quote) == 1 and source[position] in "\r\n"):
            raise _error(source, start, f"Syntax error: token recognition error at: '{source[start:position]}'")
        position += 1 if raw or source[position] != "\\" else 2
    body = source[begin:position]
    as_bytes = "b" in prefix
    if raw:
        return (body.encode() if as_bytes else body), position + len(quote)
    return _unescape(source, begin, body, as_bytes), position + len(quote)


def _unescape(source: str, offset: int, body: str, as_bytes: bool) -> str | bytes:
    parts: list[bytes] = []
    last = 0
    for match in _ESCAPE.finditer(body):
        parts.append(body[last : match.start()].encode())
        last = match.end()
        simple, hexadecimal, short, long, octal, unknown = match.groups()
        if unknown is not None:
            raise _error(source, offset + match.start(), "Syntax error: invalid escape sequence")
        if simple:
            parts.append(_ESCAPES[simple].encode())
            continue
        code = int(hexadecimal or short or long or octal, 8 if octal else 16)
        if as_bytes and (hexadecimal or octal):
            parts.append(bytes((code,)))
        elif code > 0x10FFFF or 0xD800 <= code < 0xE000:
            raise _error(source, offset + match.start(), "Syntax error: invalid unicode code point")
        else:
            parts.append(chr(code).encode())
    parts.append(body[last:].encode())
    joined = b"".join(parts)
    return joined if as_bytes else joined.decode()


def _error(source: str, offset: int, message: str) -> CompileError:
    return CompileError(source, [Issue(offset, message)])
