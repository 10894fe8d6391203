"""What a project declares about its operator, so that the checks of the higher levels have something to play.

``config/scorecard/backup.yaml`` and ``restore.yaml`` hold the objects that are applied for a backup of the samples, and
for bringing them back; ``config/prometheus`` the alert rules.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import yaml

Raw = dict[str, Any]


class Declared(NamedTuple):
    """What there is, as plain objects."""

    backup: list[Raw] = []
    restore: list[Raw] = []
    alerts: list[Raw] = []


def read_declared(root: Path) -> Declared:
    """What the project in ``root`` declares.

    :raises ValueError: a file is no YAML.
    """
    scorecard = root / "config/scorecard"
    rules = sorted((root / "config/prometheus").glob("*.yaml"))
    return Declared(
        backup=_read([scorecard / "backup.yaml"]),
        restore=_read([scorecard / "restore.yaml"]),
        alerts=_read(rules),
    )


def _read(paths: list[Path]) -> list[Raw]:
    found: list[Raw] = []
    for path in paths:
        if not path.is_file():
            continue
        try:
            found += [one for one in yaml.safe_load_all(path.read_text(encoding="utf-8")) if isinstance(one, dict)]
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            raise ValueError(f"{path} is no YAML: {error}") from error
    return found
