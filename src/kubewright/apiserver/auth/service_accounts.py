"""Tokens of service accounts: JSON Web Tokens that the server signs and checks with its own key.

An account (and the object that a token is bound to) goes in, a token comes out; a token goes in, the user it stands for
comes out, if its account still exists.  Claims and checks are those of kube-apiserver (pkg/serviceaccount).
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

from kubewright.apiserver.registry.strategy import Object, Reader
from kubewright.apiserver.request import UserInfo

PREFIX: Final = "system:serviceaccount:"
GROUP: Final = "system:serviceaccounts"
DEFAULT_ISSUER: Final = "https://kubernetes.default.svc"

CREDENTIAL_ID: Final = "authentication.kubernetes.io/credential-id"
_BINDABLE: Final = {"pod": ("", "pods"), "secret": ("", "secrets"), "node": ("", "nodes")}
_P256_BYTES: Final = 32

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


class InvalidToken(Exception):
    """A token that no longer, or never, stood for anybody."""


class Bound(NamedTuple):
    """The object whose life a token shares: ``kind`` is pod, secret or node."""

    kind: str
    name: str
    uid: str


def user_name(namespace: str, name: str) -> str:
    return f"{PREFIX}{namespace}:{name}"


def groups_of(namespace: str) -> tuple[str, str]:
    """The groups that every account of a namespace is in."""
    return GROUP, f"{GROUP}:{namespace}"


def split_user_name(user: str) -> tuple[str, str] | None:
    """Namespace and name of the account that a user name stands for; None where it is another user's."""
    if not user.startswith(PREFIX):
        return None
    namespace, colon, name = user[len(PREFIX) :].partition(":")
    return (namespace, name) if colon and namespace and name and ":" not in name else None


class ServiceAccountTokens:
    """Issues and checks tokens with one key.

    :param key: an EC P-256 key (ES256) or an RSA key (RS256).
    :param issuer: the ``iss`` claim, and the audience of tokens that ask for none.
    """

    def __init__(self, key: PrivateKey, issuer: str = DEFAULT_ISSUER) -> None:
        self._key = key
        self._public = key.public_key()
        self.issuer = issuer
        der = self._public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
        self._algorithm = "ES256" if isinstance(key, ec.EllipticCurvePrivateKey) else "RS256"
        self._key_id = _encoded(hashlib.sha256(der).digest())
        self._header = _encoded(msgspec.json.encode({"alg": self._algorithm, "kid": self._key_id}))
        self._verified: dict[str, dict[str, Any]] = {}

    @classmethod
    def generate(cls) -> ServiceAccountTokens:
        return cls(ec.generate_private_key(ec.SECP256R1()))

    @classmethod
    def from_pem(cls, pem: bytes) -> ServiceAccountTokens:
        """:raises ValueError: the PEM holds no EC P-256 or RSA private key."""
        key = serialization.load_pem_private_key(pem, None)
        if isinstance(key, rsa.RSAPrivateKey):
            return cls(key)
        if isinstance(key, ec.EllipticCurvePrivateKey) and isinstance(key.curve, ec.SECP256R1):
            return cls(key)
        raise ValueError("service account tokens are signed with an EC P-256 or an RSA key")

    def to_pem(self) -> bytes:
        return self._key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )

    def configuration(self) -> dict[str, Any]:
        """What OpenID Connect clients learn at ``/.well-known/openid-configuration``."""
        return {
            "issuer": self.issuer,
            "jwks_uri": f"{self.issuer}/openid/v1/jwks",
            "response_types_supported": ["id_token"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": [self._algorithm],
        }

    def key_set(self) -> dict[str, Any]:
        """The public key as a JSON Web Key Set (RFC 7517), by which others check tokens."""
        key: dict[str, Any] = {"use": "sig", "kid": self._key_id, "alg": self._algorithm}
        if isinstance(self._public, rsa.RSAPublicKey):
            modulus = self._public.public_numbers()
            key |= {"kty": "RSA", "n": _number(modulus.n), "e": _number(modulus.e)}
        else:
            point = self._public.public_numbers()
            key |= {"kty": "EC", "crv": "P-256", "x": _number(point.x, 32), "y": _number(point.y, 32)}
        return {"keys": [key]}

    # --- issuing ----------------------------------------------------------------------------------------------------

    def issue(
        self,
        account: Object,
        *,
        audiences: Sequence[str],
        issued: int,
        expires: int,
        token_id: str,
        bound: Bound | None = None,
    ) -> str:
        """A token for a ServiceAccount object; times are seconds since the epoch."""
        metadata = account["metadata"]
        private: dict[str, Any] = {"namespace": metadata["namespace"]}
        if bound is not None:
            private[bound.kind] = {"name": bound.name, "uid": bound.uid}
        private["serviceaccount"] = {"name": metadata["name"], "uid": metadata["uid"]}
        claims = {
            "aud": list(audiences),
            "exp": expires,
            "iat": issued,
            "iss": self.issuer,
            "jti": token_id,
            "kubernetes.io": private,
            "nbf": issued,
            "sub": user_name(metadata["namespace"], metadata["name"]),
        }
        signed = f"{self._header}.{_encoded(msgspec.json.encode(claims))}"
        return f"{signed}.{_encoded(self._sign(signed.encode()))}"

    def _sign(self, data: bytes) -> bytes:
        if isinstance(self._key, rsa.RSAPrivateKey):
            return self._key.sign(data, padding.PKCS1v15(), hashes.SHA256())
        r, s = decode_dss_signature(self._key.sign(data, ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(_P256_BYTES, "big") + s.to_bytes(_P256_BYTES, "big")

    # --- checking ---------------------------------------------------------------------------------------------------

    def issued(self, token: str) -> bool:
        """Whether a token claims to be one of this issuer's."""
        try:
            claims = msgspec.json.decode(_decoded(token.split(".")[1]))
        except (ValueError, IndexError):
            return False
        return isinstance(claims, dict) and claims.get("iss") == self.issuer and token.count(".") == 2

    def authenticate(self, token: str, reader: Reader, *, now: float, audiences: Sequence[str] = ()) -> UserInfo:
        """The user that a token stands for.

        :param audiences: accept a token for any of these; the server's own audience if none are given.
        :raises InvalidToken: the signature, the time, the audience, or the life of what it is bound to forbids it.
        """
        claims = self._claims(token)
        if not claims.get("nbf", 0) <= now + 1 or now > claims["exp"]:
            raise InvalidToken("service account token has expired")
        if not set(claims["aud"]) & set(audiences or (self.issuer,)):
            raise InvalidToken(f"token audiences {claims['aud']} is invalid for the target audiences")
        return self._user(claims, reader)

    def audiences(self, token: str) -> list[str]:
        """The audiences of a token that has been authenticated."""
        return list(self._claims(token)["aud"])

    def _claims(self, token: str) -> dict[str, Any]:
        claims = self._verified.get(token)
        if claims is not None:
            return claims
        signed, _, signature = token.rpartition(".")
        header, _, payload = signed.partition(".")
        if header != self._header:
            raise InvalidToken("the token was signed with another key")
        try:
            self._verify(_decoded(signature), signed.encode())
            claims = msgspec.json.decode(_decoded(payload), type=dict[str, Any])
        except (InvalidSignature, ValueError) as error:
            raise InvalidToken("the token's signature is not valid") from error
        if len(self._verified) > 10_000:
            self._verified.clear()  # Checking a signature again costs a tenth of a millisecond.
        self._verified[token] = claims
        return claims

    def _verify(self, signature: bytes, data: bytes) -> None:
        if isinstance(self._public, rsa.RSAPublicKey):
            self._public.verify(signature, data, padding.PKCS1v15(), hashes.SHA256())
            return
        r, s = (int.from_bytes(half, "big") for half in (signature[:_P256_BYTES], signature[_P256_BYTES:]))
        self._public.verify(encode_dss_signature(r, s), data, ec.ECDSA(hashes.SHA256()))

    def _user(self, claims: Mapping[str, Any], reader: Reader) -> UserInfo:
        private = claims["kubernetes.io"]
        namespace, account = private["namespace"], private["serviceaccount"]
        _require_alive(reader, "", "serviceaccounts", namespace, account)
        extra: dict[str, list[str]] = {CREDENTIAL_ID: [f"JTI={claims['jti']}"]}
        for kind, (group, resource) in _BINDABLE.items():
            if bound := private.get(kind):
                _require_alive(reader, group, resource, "" if kind == "node" else namespace, bound)
                if kind != "secret":
                    extra[f"authentication.kubernetes.io/{kind}-name"] = [bound["name"]]
                    extra[f"authentication.kubernetes.io/{kind}-uid"] = [bound["uid"]]
        return UserInfo(user_name(namespace, account["name"]), groups_of(namespace), account["uid"], extra)


def _require_alive(reader: Reader, group: str, resource: str, namespace: str, claimed: Mapping[str, str]) -> None:
    found = reader.view(group, resource, namespace, claimed["name"])
    if found is None or found["metadata"]["uid"] != claimed["uid"]:
        raise InvalidToken(f"{resource} {claimed['name']!r} is gone")


def _number(value: int, size: int = 0) -> str:
    """A number of a key, big-endian, in at least ``size`` bytes."""
    return _encoded(value.to_bytes(size or (value.bit_length() + 7) // 8, "big"))


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
