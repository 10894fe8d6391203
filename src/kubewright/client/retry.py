"""Whether a failed request is tried again, and when: the rules of client-go's ``rest/with_retry.go``.

A pure decision: the attempt's outcome goes in, the seconds to wait come out.
"""

from __future__ import annotations

from collections.abc import Mapping

from kubewright.transport.protocol import ConnectError, Response, TransportError

MAX_RETRIES = 10
"""How often one request is repeated."""


def retry_delay(
    method: str, outcome: Response | TransportError, *, retries: int, limit: int = MAX_RETRIES
) -> float | None:
    """Seconds after which to repeat a request, or None to let its outcome stand.

    A 429 or 5xx is repeated when the server says so with ``Retry-After``.  A broken connection is repeated for GET
    only, as the server may have acted on anything else; no connection at all is never repeated here, so that callers
    learn of it at once.

    :param retries: how often it has been repeated already.
    """
    if retries >= limit:
        return None
    if isinstance(outcome, TransportError):
        repeatable = method == "GET" and not isinstance(outcome, ConnectError | TimeoutError)
        return 0.1 * (retries + 1) if repeatable else None
    if outcome.status == 429 or outcome.status >= 500:
        return retry_after(outcome.headers)
    return None


def retry_after(headers: Mapping[str, str]) -> float | None:
    """The seconds that a ``Retry-After`` header asks for; a date is no number and does not count, as in client-go."""
    text = headers.get("retry-after", "")
    return float(text) if text.isdigit() else None
