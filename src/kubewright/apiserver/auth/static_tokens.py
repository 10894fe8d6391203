"""Bearer tokens from a file: ``--token-auth-file``, lines of ``token,user,uid[,"group1,group2"]``."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from pathlib import Path

from kubewright.apiserver.request import UserInfo


def read_token_file(path: Path) -> dict[str, UserInfo]:
    """The users by token.

    :raises OSError: the file cannot be read.
    :raises ValueError: a line is malformed; the message names it.
    """
    with path.open(newline="") as file:
        return parse_tokens(file, str(path))


def parse_tokens(lines: Iterable[str], source: str) -> dict[str, UserInfo]:
    """The users by token, from the lines of a token file; ``source`` is named in errors.

    :raises ValueError: a line is malformed.
    """
    users: dict[str, UserInfo] = {}
    for number, record in enumerate(csv.reader(lines, skipinitialspace=True), start=1):
        if not record:
            continue
        if len(record) < 3:
            raise ValueError(f"{source}, line {number}: expected token,user,uid[,groups], found {len(record)} columns")
        token, name, uid = record[:3]
        if not token:
            raise ValueError(f"{source}, line {number}: the token is empty")
        groups = tuple(group.strip() for group in record[3].split(",") if group.strip()) if len(record) > 3 else ()
        users[token] = UserInfo(name, groups, uid)
    return users


StaticTokens = Mapping[str, UserInfo]
