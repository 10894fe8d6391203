from typing import Any

import pytest

from kubewright.project.origin import requirement


@pytest.mark.parametrize(
    ("noted", "arguments"),
    [
        ({"url": "file:///src/kubewright", "dir_info": {"editable": True}}, "--editable /src/kubewright"),
        ({"url": "file:///src/kubewright", "dir_info": {}}, "/src/kubewright"),
        ({"url": "file:///wheels/kubewright-0.1.0-py3-none-any.whl", "archive_info": {}},
         "/wheels/kubewright-0.1.0-py3-none-any.whl"),
        ({"url": "https://example.com/k.git", "vcs_info": {"vcs": "git", "commit_id": "abc"}},
         "kubewright@git+https://example.com/k.git@abc"),
        ({"url": "https://example.com/k.whl", "archive_info": {}}, "kubewright@https://example.com/k.whl"),
    ],
)  # fmt: skip
def test_pip_installs_the_same_once_more(noted: dict[str, Any], arguments: str) -> None:
    assert requirement(noted) == arguments
