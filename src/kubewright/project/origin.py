"""Where the running kubewright was installed from, so that a project made with it can install the same one.

From an index nothing needs to be said.  From a folder, a wheel or a repository, pip has noted the place (PEP 610).
"""

from __future__ import annotations

import json
from importlib.metadata import distribution
from urllib.parse import unquote, urlsplit

SOURCE = ".kubewright/source"
"""The file in a project that keeps the origin on this machine; git ignores its folder."""


def origin() -> str:
    """pip's arguments for installing it once more; empty for a release from an index."""
    noted = distribution("kubewright").read_text("direct_url.json")
    return requirement(json.loads(noted)) if noted else ""


def requirement(direct_url: dict[str, object]) -> str:
    """What pip takes for a ``direct_url.json``.

    >>> requirement({"url": "file:///src/kubewright", "dir_info": {"editable": True}})
    '--editable /src/kubewright'
    """
    url = str(direct_url["url"])
    match direct_url:
        case {"dir_info": {"editable": True}}:
            return f"--editable {_path(url)}"
        case {"vcs_info": {"vcs": str(vcs), "commit_id": str(commit)}}:
            return f"kubewright@{vcs}+{url}@{commit}"
    return _path(url) if url.startswith("file:") else f"kubewright@{url}"


def _path(url: str) -> str:
    return unquote(urlsplit(url).path)
