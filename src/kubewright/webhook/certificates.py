"""What a webhook server's certificates are, and how long they live; `rotation.py` makes them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

import msgspec


class Policy(msgspec.Struct, frozen=True):
    """How long certificates live."""

    authority_lifetime: timedelta = timedelta(days=5 * 365)
    authority_renewal: timedelta = timedelta(days=365)
    """A new authority is added when the newest has no more than this left; longer than a serving certificate lives."""

    serving_lifetime: timedelta = timedelta(days=90)
    serving_renewal: timedelta = timedelta(days=30)
    """The serving certificate is replaced when it has no more than this left."""

    trust_delay: timedelta = timedelta(hours=1)
    """How long a further authority is trusted before it signs: time for its bundle to reach every API server."""


class Certificates(msgspec.Struct, frozen=True):
    """All that a webhook server needs, in PEM, under the names that it is stored by.

    ``ca.crt`` holds every trusted authority, newest first, ``ca.key`` their keys in the same order.
    """

    ca_bundle: bytes
    ca_keys: bytes
    certificate: bytes
    key: bytes

    def to_data(self) -> dict[str, bytes]:
        """As files, or as the data of a Secret of type ``kubernetes.io/tls``."""
        return {"ca.crt": self.ca_bundle, "ca.key": self.ca_keys, "tls.crt": self.certificate, "tls.key": self.key}

    @classmethod
    def from_data(cls, data: Mapping[str, bytes]) -> Certificates | None:
        """What was stored; None when something is missing."""
        try:
            return cls(data["ca.crt"], data["ca.key"], data["tls.crt"], data["tls.key"])
        except KeyError:
            return None
