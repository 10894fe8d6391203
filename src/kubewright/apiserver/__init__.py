"""The embedded Kubernetes API server: HTTP requests in, through the write pipeline, into storage and out to watchers.

`server.py` assembles it; `hosting.py` serves it over TLS.
"""
