from typing import Any

import pytest

from kubewright.packaging.requirements import ResolutionError, pinned


def report(*found: tuple[str, str, str]) -> dict[str, Any]:
    return {
        "install": [
            {
                "metadata": {"name": name, "version": version},
                "download_info": {"archive_info": {"hashes": {"sha256": digest} if digest else {}}},
            }
            for name, version, digest in found
        ]
    }


def test_a_version_is_pinned_with_the_files_of_all_platforms() -> None:
    amd64 = report(("Msgspec", "0.20.0", "aa"), ("rich", "14.0", "cc"))
    arm64 = report(("Msgspec", "0.20.0", "bb"), ("rich", "14.0", "cc"))
    assert pinned([amd64, arm64]).splitlines()[1:] == [
        "msgspec==0.20.0 \\",
        "    --hash=sha256:aa \\",
        "    --hash=sha256:bb",
        "rich==14.0 \\",
        "    --hash=sha256:cc",
    ]


def test_platforms_must_agree_on_versions() -> None:
    with pytest.raises(ResolutionError, match=r"a would be 1\.0 on one platform and 2\.0 on another"):
        pinned([report(("a", "1.0", "aa")), report(("a", "2.0", "bb"))])


def test_a_file_without_hash_is_refused() -> None:
    with pytest.raises(ResolutionError, match="without hashes"):
        pinned([report(("a", "1.0", ""))])
