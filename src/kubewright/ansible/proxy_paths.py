"""What the proxy serves beside the API server's own paths; named here so that plays need not import the proxy."""

from __future__ import annotations

from typing import Final

KINDS: Final = "/kubewright/kinds"
"""``?apiVersion=&kind=``: where a kind is served."""

METRICS: Final = "/kubewright/metrics"
"""Takes the changes that ``osdk_metric`` makes."""
