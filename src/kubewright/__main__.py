"""``kubewright``, and ``python -m kubewright``.

All commands are in `kubewright.cli`.  The API server starts so often, in every test that wants a process of its own,
that a plain call of it does without the library that reads command lines: that costs 80 ms and 9 MB, as much as half
of the server itself.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence


def main() -> None:
    """Run the command that the process was called with."""
    if sys.argv[1:2] == ["apiserver"] and "_KUBEWRIGHT_COMPLETE" not in os.environ and _served(sys.argv[2:]):
        return
    from kubewright.cli import main

    main()


def _served(flags: Sequence[str]) -> bool:
    """Run the API server; False where the flags, or the lack of a package, need more explanation than is at hand."""
    try:
        import msgspec

        from kubewright.apiserver.process import CannotServe, Settings, serve
    except ModuleNotFoundError:
        return False
    names, values = flags[::2], flags[1::2]
    if len(names) != len(values) or not all(name.startswith("--") for name in names):
        return False
    try:
        given = {name[2:]: value for name, value in zip(names, values, strict=True)}
        settings = msgspec.convert(given, Settings, strict=False)
    except msgspec.ValidationError:
        return False
    if bool(settings.etcd_certfile) != bool(settings.etcd_keyfile):
        return False
    try:
        serve(settings)
    except CannotServe as error:
        sys.exit(f"error: {error}")
    return True


if __name__ == "__main__":
    main()
