"""The webhook part of an operator's process, as one runnable of the manager.

It gets its certificates, serves, registers itself with the API server, and then keeps looking whether a certificate is
due or the registration was overwritten, until it is told to stop.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from kubewright.objects.errors import APIError
from kubewright.transport.protocol import TransportError
from kubewright.webhook.certificate_store import CertificateStore
from kubewright.webhook.certificates import Certificates
from kubewright.webhook.registration import Registration
from kubewright.webhook.server import WebhookServer

logger = logging.getLogger("kubewright.webhook")


class Webhooks:
    """Serves webhooks and keeps their certificates and registration current.

    :param hosts: the names that the API server knows the server by.
    :param registration: None where somebody else registers the webhooks and injects the authority.
    :param interval: seconds between two looks at certificates and registration.
    """

    def __init__(
        self,
        server: WebhookServer,
        store: CertificateStore,
        hosts: Sequence[str],
        registration: Registration | None = None,
        *,
        interval: float = 60.0,
    ) -> None:
        self.server = server
        self.store = store
        self.hosts = hosts
        self.registration = registration
        self.interval = interval
        self._serving: Certificates | None = None

    async def run(self, stop: asyncio.Event, ready: Callable[[], None]) -> None:
        """Serve until ``stop`` is set.

        :raises OSError: the address or the certificates cannot be had.
        :raises APIError: the API server refused to register the webhooks.
        """
        certificates = await self._renew()
        await self.server.start()
        logger.info("webhooks: serving on port %d", self.server.port)
        try:
            await self._register(certificates)
            ready()
            while not await _set_within(stop, self.interval):
                await self._look()
        finally:
            if self.registration is not None:
                await self.registration.unregister()
            await self.server.stop()

    async def check(self) -> str | None:
        """Why the webhooks are not ready, or None: for the manager's readiness endpoint."""
        return await self.server.check()

    async def _look(self) -> None:
        try:
            await self._register(await self._renew())
        except (APIError, TransportError, OSError) as error:
            logger.warning("cannot renew certificates or registration of the webhooks, trying again: %s", error)

    async def _renew(self) -> Certificates:
        metrics = self.server.app.metrics
        metrics.certificate_reads += 1
        try:
            certificates = await self.store.current(self.hosts, datetime.now(UTC))
        except Exception:
            metrics.certificate_errors += 1
            raise
        served = self._serving
        if served is None or (served.certificate, served.key) != (certificates.certificate, certificates.key):
            self.server.load_certificate(certificates.certificate, certificates.key)
            logger.info("loaded a %s certificate for %s", "new" if served else "webhook", ", ".join(self.hosts))
        self._serving = certificates
        return certificates

    async def _register(self, certificates: Certificates) -> None:
        if self.registration is not None:
            await self.registration.register(certificates.ca_bundle)


async def _set_within(event: asyncio.Event, seconds: float) -> bool:
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(event.wait(), seconds)
    return event.is_set()
