"""Replays the conformance corpus against ``kubewright apiserver`` and compares with what passed before.

``python tools/conformance_ratchet.py DIR [--update] [-k PATTERN]``: DIR is the corpus.  It fails when a case listed in
``tests/conformance_passing.txt`` fails, and fails again by itself: a few recordings pin ages in seconds, which a busy
machine exceeds.  ``--update`` adds the cases that pass for the first time.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PASSING = ROOT / "tests" / "conformance_passing.txt"

TOKENS = 'admin-token,conformance-admin,u1,"system:masters"\nother-token,limited-user,u2\n'


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--update", action="store_true", help="add newly passing cases to the list")
    parser.add_argument("-k", default="", help="only cases whose area/name matches this pattern")
    parser.add_argument("-v", action="store_true", help="show the differences of failing cases")
    parser.add_argument("--jobs", default="4")
    parser.add_argument("--etcd-servers", default="", help="let the server keep its objects there")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        store = ["--etcd-servers", arguments.etcd_servers] if arguments.etcd_servers else []
        passed, failed, output = replay(arguments.corpus, Path(scratch), arguments.k, arguments.jobs, store)
    listed = set(PASSING.read_text().split()) if PASSING.exists() else set()
    if fallen := listed & failed:
        print(f"failed among others, so replayed alone: {', '.join(sorted(fallen))}")
        pattern = f"^({'|'.join(map(re.escape, sorted(fallen)))})$"
        with tempfile.TemporaryDirectory() as scratch:
            risen, _, again = replay(arguments.corpus, Path(scratch), pattern, "1", store)
        passed, failed, output = passed | risen, failed - risen, output + again
    if arguments.v or listed & failed:
        print(output)
    report(passed, failed)
    broken = sorted(listed & failed)
    for name in broken:
        print(f"FAILS AGAIN  {name}")
    if arguments.update:
        PASSING.write_text("".join(f"{name}\n" for name in sorted(listed | passed)))
    elif new := sorted(passed - listed):
        print(f"{len(new)} cases pass for the first time: run with --update to keep them")
    return 1 if broken else 0


def replay(corpus: Path, scratch: Path, pattern: str, jobs: str, store: list[str]) -> tuple[set[str], set[str], str]:
    """Run the corpus against a server of its own; gives the names that passed and failed, and the output."""
    tokens = scratch / "tokens.csv"
    tokens.write_text(TOKENS)
    binary = Path(sys.executable).parent / "kubewright"
    serve = [str(binary), "apiserver", "--secure-port", "0", "--data-dir", str(scratch / "data"), *store]
    server = subprocess.Popen([*serve, "--token-auth-file", str(tokens)], stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        word, _, url = server.stdout.readline().strip().partition(" ")
        if word != "ready":
            raise SystemExit("kubewright apiserver did not become ready")
        results = scratch / "report.json"
        client = [sys.executable, str(corpus / "replay.py"), "--server", url, "--insecure", "--jobs", jobs]
        client += ["--token", "admin-token", "--token-user2", "other-token", "--report", str(results)]
        client += ["-k", pattern] if pattern else []
        done = subprocess.run(client, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        if not results.exists():
            raise SystemExit(done.stdout)
        outcomes = _outcomes(json.loads(results.read_text()))
    finally:
        server.terminate()
        server.wait(timeout=20)
    return {name for name, ok in outcomes.items() if ok}, {name for name, ok in outcomes.items() if not ok}, done.stdout


def _outcomes(document: dict[str, list[dict[str, str]]]) -> dict[str, bool]:
    """Whether each case passed, from the replayer's report."""
    return {case["name"]: case["result"] == "passed" for case in document["cases"] if case["result"] != "skipped"}


def report(passed: set[str], failed: set[str]) -> None:
    good, all_ = Counter(name.split("/")[0] for name in passed), Counter(name.split("/")[0] for name in passed | failed)
    for area in sorted(all_):
        print(f"{area:<16} {good[area]:>4} of {all_[area]}")
    print(f"{len(passed)} passed, {len(failed)} failed")


if __name__ == "__main__":
    sys.exit(main())
