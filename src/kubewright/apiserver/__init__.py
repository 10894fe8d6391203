"""The embedded Kubernetes API server: HTTP requests in, through the write pipeline, into storage and out to watchers.

`server.py` assembles it; `hosting.py` serves it over TLS.
"""

from importlib.util import find_spec

if find_spec("kubernetes_validate") is None:
    raise ModuleNotFoundError(
        "the embedded API server needs the extra `local`: pip install 'kubewright[local]'", name="kubernetes_validate"
    )
