"""``python -m bench [NAME...] [--runs N] [--objects N] [--write FILE]``: measure, and report as Markdown.

Every test runs against the embedded API server.  Peers from PyPI run in the same turn, in an environment of their own
(``make bench`` makes it); controller-runtime and kube-apiserver are not run but quoted from an earlier measurement.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from bench import tests
from bench.harness import PEERS, machine, progress


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(tests.ALL)}; all by default")
    parser.add_argument("--runs", type=int, default=3, help="samples of each contestant")
    parser.add_argument("--objects", type=int, default=10_000, help="custom resources in T1, T2 and T7")
    parser.add_argument("--write", type=Path, metavar="FILE", help="write the report here instead of printing it")
    options = parser.parse_args()
    if unknown := set(options.names) - set(tests.ALL):
        parser.error(f"there is no {', '.join(sorted(unknown))}; there are {', '.join(tests.ALL)}")
    if not PEERS.exists():
        sys.exit("the peers are not installed: run `make bench`")
    sections = [HEAD.format(date=datetime.now(UTC).date(), machine=machine(), runs=options.runs)]
    for name in options.names or tests.ALL:
        progress(name)
        sections.append(tests.ALL[name](tests.Plan(options.runs, options.objects)))
        if options.write:  # After each test, so that a run that is interrupted leaves what it found.
            options.write.write_text(report(sections))
    if not options.write:
        print(report(sections), end="")


def report(sections: Sequence[str]) -> str:
    return "\n\n".join(sections) + "\n"


HEAD = """# Benchmarks

Made on {date} by `make bench` on {machine}; {runs} run(s) of each contestant, in turn.
A load average near or above the number of cores means that others worked beside it: then CPU times rise, too, by up to
twice, and only the ratios within a table hold.

**CPU seconds are the figures to compare**: user and system time of the measured process, read from the kernel.  Wall
times depend on what else the machine does.  Cells are medians with the range.  All contestants work against the
embedded API server, behind TLS.  Rows in *italics* were not run here: they were recorded on 2026-11-22 on a machine of
2 cores against kube-apiserver 1.36, with controller-runtime 0.24.1 and Go 1.27."""

if __name__ == "__main__":
    main()
