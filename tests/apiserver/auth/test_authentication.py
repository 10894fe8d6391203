"""Who is asking: tokens, certificates, service accounts, impersonation."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID
from tests.apiserver.auth.cluster import Cluster, Object, rule

from kubewright.apiserver.auth import RBAC, AlwaysAllow, Authentication, ServiceAccountTokens, impersonated
from kubewright.apiserver.auth.service_accounts import Bound
from kubewright.apiserver.auth.static_tokens import parse_tokens
from kubewright.apiserver.request import ANONYMOUS, UserInfo
from kubewright.objects.errors import BadRequest, Forbidden, Unauthorized

NOW = 1_900_000_000
Header = tuple[bytes, bytes]


def bearer(token: str) -> list[Header]:
    return [(b"accept", b"*/*"), (b"authorization", f"Bearer {token}".encode())]


@pytest.fixture
def cluster() -> Cluster:
    return Cluster()


@pytest.fixture(scope="module")
def accounts() -> ServiceAccountTokens:
    return ServiceAccountTokens.generate()


@pytest.fixture
def authentication(accounts: ServiceAccountTokens) -> Authentication:
    tokens = parse_tokens(['secret,admin,u-1,"system:masters,devs"', "other,jane,u-2"], "tokens.csv")
    return Authentication(tokens, accounts)


def issue(accounts: ServiceAccountTokens, account: Object, bound: Bound | None = None) -> str:
    audiences = [accounts.issuer]
    return accounts.issue(account, audiences=audiences, issued=NOW, expires=NOW + 600, token_id="id-1", bound=bound)


def test_static_tokens_name_users(authentication: Authentication, cluster: Cluster) -> None:
    user = authentication.authenticate(bearer("secret"), cluster, now=NOW)
    assert user == UserInfo("admin", ("system:masters", "devs", "system:authenticated"), "u-1")
    assert authentication.authenticate(bearer("other"), cluster, now=NOW).name == "jane"


def test_unknown_tokens_are_refused_and_none_is_anonymous(authentication: Authentication, cluster: Cluster) -> None:
    for token in ("garbage", "a.b.c", "e30.e30.e30"):
        with pytest.raises(Unauthorized, match=r"^Unauthorized$"):
            authentication.authenticate(bearer(token), cluster, now=NOW)
    assert authentication.authenticate([], cluster, now=NOW) is ANONYMOUS
    assert authentication.authenticate([(b"authorization", b"Basic eDp5")], cluster, now=NOW) is ANONYMOUS
    with pytest.raises(Unauthorized):
        Authentication(anonymous=False).authenticate([], cluster, now=NOW)


@pytest.mark.parametrize("line", ["token,user", ",user,uid"])
def test_a_malformed_token_file_names_the_line(line: str) -> None:
    with pytest.raises(ValueError, match=r"tokens\.csv, line 2: "):
        parse_tokens(["t,u,1", line], "tokens.csv")


def test_certificates_name_user_and_groups(authentication: Authentication, cluster: Cluster) -> None:
    attributes = [(NameOID.COMMON_NAME, "jane"), (NameOID.ORGANIZATION_NAME, "devs")]
    name = x509.Name([x509.NameAttribute(oid, value) for oid, value in attributes])
    key = ec.generate_private_key(ec.SECP256R1())
    start = datetime(2030, 1, 1, tzinfo=UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(1).not_valid_before(start).not_valid_after(start + timedelta(days=1))
    der = builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)
    user = authentication.authenticate([], cluster, now=NOW, peer_certificate=der)
    assert (user.name, user.groups) == ("jane", ("devs", "system:authenticated"))


def test_service_account_tokens_name_the_account(
    authentication: Authentication, accounts: ServiceAccountTokens, cluster: Cluster
) -> None:
    account = cluster.add("serviceaccounts", "sa", "shop")
    user = authentication.authenticate(bearer(issue(accounts, account)), cluster, now=NOW)
    assert user == UserInfo(
        "system:serviceaccount:shop:sa",
        ("system:serviceaccounts", "system:serviceaccounts:shop", "system:authenticated"),
        "uid-of-sa",
        {"authentication.kubernetes.io/credential-id": ["JTI=id-1"]},
    )


def test_tokens_die_with_time_account_and_what_they_are_bound_to(
    authentication: Authentication, accounts: ServiceAccountTokens, cluster: Cluster
) -> None:
    account = cluster.add("serviceaccounts", "sa", "shop")
    cluster.add("pods", "p", "shop")
    token = issue(accounts, account, Bound("pod", "p", "uid-of-p"))
    user = authentication.authenticate(bearer(token), cluster, now=NOW)
    assert user.extra["authentication.kubernetes.io/pod-name"] == ["p"]
    with pytest.raises(Unauthorized):
        authentication.authenticate(bearer(token), cluster, now=NOW + 601)
    for gone in (("pods", "shop", "p"), ("serviceaccounts", "shop", "sa")):
        kept = cluster.objects.pop(gone)
        with pytest.raises(Unauthorized):
            authentication.authenticate(bearer(token), cluster, now=NOW)
        cluster.objects[gone] = kept


def test_tokens_of_another_key_or_audience_or_altered_are_refused(
    authentication: Authentication, accounts: ServiceAccountTokens, cluster: Cluster
) -> None:
    account = cluster.add("serviceaccounts", "sa", "shop")
    token = issue(accounts, account)
    head, payload, signature = token.split(".")
    for bad in (issue(ServiceAccountTokens.generate(), account), f"{head}.{payload}.{signature[::-1]}"):
        with pytest.raises(Unauthorized):
            authentication.authenticate(bearer(bad), cluster, now=NOW)
    with pytest.raises(Unauthorized):
        authentication.authenticate_token(token, cluster, now=NOW, audiences=["other"])
    with pytest.raises(Unauthorized):
        authentication.authenticate_token("secret", cluster, now=NOW, audiences=["other"])


def test_the_signing_key_survives_a_restart(accounts: ServiceAccountTokens, cluster: Cluster) -> None:
    token = issue(accounts, cluster.add("serviceaccounts", "sa", "shop"))
    again = ServiceAccountTokens.from_pem(accounts.to_pem())
    assert again.authenticate(token, cluster, now=NOW).name == "system:serviceaccount:shop:sa"
    rs256 = ServiceAccountTokens(rsa.generate_private_key(65537, 2048))
    token = issue(rs256, cluster.add("serviceaccounts", "sa", "shop"))
    assert rs256.authenticate(token, cluster, now=NOW).uid == "uid-of-sa"


# --- impersonation --------------------------------------------------------------------------------------------------

ADMIN = UserInfo("admin", ("system:masters",))


def act_as(user: UserInfo, *headers: tuple[str, str], cluster: Cluster | None = None) -> UserInfo:
    raw = [(f"impersonate-{name}".encode(), value.encode()) for name, value in headers]
    return impersonated(user, raw, RBAC(cluster, cluster.version) if cluster else AlwaysAllow(), "/api")


def test_without_headers_everybody_is_himself() -> None:
    assert act_as(ADMIN) is ADMIN


def test_a_user_is_impersonated_with_groups_uid_and_extra() -> None:
    headers = (("user", "jane"), ("group", "a"), ("group", "b"), ("uid", "u-1"), ("extra-scopes", "x"))
    assert act_as(ADMIN, *headers) == UserInfo("jane", ("a", "b", "system:authenticated"), "u-1", {"scopes": ["x"]})


def test_groups_are_implied_for_service_accounts_and_anonymous() -> None:
    account = act_as(ADMIN, ("user", "system:serviceaccount:shop:sa"))
    assert account.groups == ("system:serviceaccounts", "system:serviceaccounts:shop", "system:authenticated")
    assert act_as(ADMIN, ("user", "system:anonymous")).groups == ("system:unauthenticated",)


def test_groups_without_a_user_are_a_bad_request() -> None:
    with pytest.raises(BadRequest):
        act_as(ADMIN, ("group", "x"))


def test_each_part_must_be_allowed(cluster: Cluster) -> None:
    jane = UserInfo("jane")
    with pytest.raises(Forbidden, match='users "bob" is forbidden: User "jane" cannot impersonate resource "users"'):
        act_as(jane, ("user", "bob"), cluster=cluster)
    cluster.role("r", rule("impersonate", "users serviceaccounts"))
    cluster.bind("r", "User:jane")
    assert act_as(jane, ("user", "bob"), cluster=cluster).name == "bob"
    assert act_as(jane, ("user", "system:serviceaccount:n:s"), cluster=cluster).name == "system:serviceaccount:n:s"
    for part in (("group", "g"), ("uid", "1"), ("extra-k", "v")):
        with pytest.raises(Forbidden):
            act_as(jane, ("user", "bob"), part, cluster=cluster)
