"""Who is asking?  Headers and the peer's certificate go in, a user comes out.

A client certificate is looked at first, then a bearer token; a request with neither is anonymous's, one with a token
that nobody knows is refused.  Semantics: k8s.io/apiserver/pkg/authentication.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import NameOID

from kubewright.apiserver.auth.service_accounts import CREDENTIAL_ID, InvalidToken, ServiceAccountTokens
from kubewright.apiserver.auth.static_tokens import StaticTokens
from kubewright.apiserver.registry.strategy import Reader
from kubewright.apiserver.request import ANONYMOUS, UserInfo
from kubewright.objects.errors import Unauthorized

AUTHENTICATED: Final = "system:authenticated"

Headers = Sequence[tuple[bytes, bytes]]
"""As ASGI gives them: names in lower case."""


class Authentication:
    """The authenticators of the server.

    :param tokens: users by static token.
    :param service_accounts: checks service account tokens.
    :param anonymous: whether requests without credentials are let in, as ``system:anonymous``.
    """

    def __init__(
        self,
        tokens: StaticTokens | None = None,
        service_accounts: ServiceAccountTokens | None = None,
        *,
        anonymous: bool = True,
    ) -> None:
        self._tokens = {token: with_authenticated(user) for token, user in (tokens or {}).items()}
        self.service_accounts = service_accounts
        self._anonymous = anonymous

    def authenticate(
        self, headers: Headers, reader: Reader, *, now: float, peer_certificate: bytes | None = None
    ) -> UserInfo:
        """The user of a request.

        :param reader: the logical cluster's objects, among them the service accounts.
        :param now: seconds since the epoch.
        :param peer_certificate: the client's certificate in DER, already verified by TLS against the client CA.
        :raises Unauthorized: the credentials are not known or no longer valid.
        """
        if peer_certificate is not None and (user := user_of_certificate(peer_certificate)) is not None:
            return user
        token = bearer_token(headers)
        if token:
            return self.authenticate_token(token, reader, now=now)
        if self._anonymous:
            return ANONYMOUS
        raise Unauthorized("Unauthorized")

    def plausible(self, headers: Headers, peer_certificate: bytes | None) -> bool:
        """Whether there are credentials that could be somebody's, before any cluster has been asked."""
        if peer_certificate is not None:
            return True
        token = bearer_token(headers)
        accounts = self.service_accounts
        return token in self._tokens or (accounts is not None and accounts.issued(token))

    def authenticate_token(self, token: str, reader: Reader, *, now: float, audiences: Sequence[str] = ()) -> UserInfo:
        """The user whose token it is.

        :param audiences: those that the token must be meant for (one suffices); the server itself if none are given.
        :raises Unauthorized: the token is not known or no longer valid.
        """
        accounts = self.service_accounts
        user = self._tokens.get(token)
        if user is not None and (not audiences or (accounts is not None and accounts.issuer in audiences)):
            return user
        if accounts is not None and accounts.issued(token):
            try:
                return with_authenticated(accounts.authenticate(token, reader, now=now, audiences=audiences))
            except InvalidToken as error:
                raise Unauthorized("Unauthorized") from error
        raise Unauthorized("Unauthorized")


def bearer_token(headers: Headers) -> str:
    """The token of the Authorization header; empty where there is none."""
    for name, value in headers:
        if name == b"authorization":
            scheme, _, token = value.decode("latin-1").strip().partition(" ")
            return token.strip() if scheme.lower() == "bearer" else ""
    return ""


def with_authenticated(user: UserInfo) -> UserInfo:
    """The user as a member of ``system:authenticated``, as everyone with credentials is."""
    if AUTHENTICATED in user.groups:
        return user
    return UserInfo(user.name, (*user.groups, AUTHENTICATED), user.uid, user.extra)


@lru_cache(maxsize=256)
def user_of_certificate(der: bytes) -> UserInfo | None:
    """Whom a client certificate names: common name the user, organizations the groups; None without a common name."""
    certificate = x509.load_der_x509_certificate(der)
    subject = certificate.subject
    names = subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    if not names:
        return None
    groups = tuple(str(attribute.value) for attribute in subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME))
    credential = f"X509SHA256={certificate.fingerprint(hashes.SHA256()).hex()}"
    return with_authenticated(UserInfo(str(names[0].value), groups, "", {CREDENTIAL_ID: [credential]}))
