"""Names as Kubernetes writes them and as Ansible does: ``serviceAccountName`` and ``service_account_name``.

A custom resource's keys come in, the names of variables that a role knows go out.  The rules are the Ansible operator's
(``internal/ansible/paramconv``), odd ones included: roles were written against them.
"""

from __future__ import annotations

import re
from typing import Any

_NUMBERS = re.compile(r"([a-zA-Z])(\d+)([a-zA-Z]\d+)", re.ASCII)
_ACRONYMS = ("HTTP", "URL", "IP")
_DELIMITERS = " _-"


def to_snake(name: str) -> str:
    """``sizeK8sBuckets`` becomes ``size_k8s_buckets``, ``egressIPs`` ``egress_ips``, ``Name`` ``_name``."""
    text = _NUMBERS.sub(r"\1 \2 \3", name).strip(" ")
    if not text:
        return name
    prefix = "_" if _is_upper(text[0]) else ""
    words = _words(text if text.upper() == text else _isolate_acronyms(text))
    joined = "_".join(words)
    return joined if words[0].upper() in _ACRONYMS else prefix + joined


def to_camel(name: str) -> str:
    """``app_test`` becomes ``appTest``, ``_app`` ``App``, ``base_url`` ``baseURL``."""
    text = _NUMBERS.sub(r"\1 \2 \3", name).strip(" ")
    first, *rest = re.split(f"[{_DELIMITERS}]", text)
    acronyms = {acronym.lower(): acronym for acronym in _ACRONYMS}
    return acronyms.get(first, first) + "".join(acronyms.get(word) or _title(word) for word in rest)


def snake_keys(value: Any) -> Any:
    """The same value with the keys of all its dictionaries in snake case; other values are left as they are."""
    if isinstance(value, dict):
        return {to_snake(key): snake_keys(item) for key, item in value.items()}
    if isinstance(value, list):
        return [snake_keys(item) for item in value]
    return value


def _words(text: str) -> list[str]:
    """Split at delimiters and where the case of letters turns; an acronym is one word (``JSONData``)."""
    words, word = [], ""
    for position, letter in enumerate(text):
        following = text[position + 1 : position + 2]
        turns = (_is_upper(letter) and _is_lower(following)) or (_is_lower(letter) and _is_upper(following))
        if word and turns:
            if _is_upper(letter):
                words.append(word)
                word = letter
            else:
                words.append(word + letter)
                word = ""
        elif letter in _DELIMITERS:
            words.append(word)
            word = ""
        else:
            word += letter
    return [one.lower() for one in (*words, word)]


def _isolate_acronyms(text: str) -> str:
    """Put delimiters around the first of each acronym; one in the plural takes its ``s`` along."""
    for acronym in _ACRONYMS:
        start = text.find(acronym)
        if start < 0:
            continue
        end = start + len(acronym)
        word, rest = acronym, text[end:]
        if rest.startswith("s"):
            word, rest = acronym + "S", rest[1:]
        before = f"{text[:start]}_" if start or not rest else ""
        text = f"{before}{word}_{rest}" if rest else f"{before}{word}"
    return text


def _title(word: str) -> str:
    """The first letter large, wherever it stands (``8sk`` becomes ``8Sk``), the others small."""
    lower = word.lower()
    first = next((position for position, letter in enumerate(lower) if letter.isalpha()), 0)
    return lower[:first] + lower[first : first + 1].upper() + lower[first + 1 :]


def _is_upper(letter: str) -> bool:
    return "A" <= letter <= "Z"


def _is_lower(letter: str) -> bool:
    return "a" <= letter <= "z"
