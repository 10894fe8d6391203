"""IP addresses and CIDRs in fields: what is refused, and what is taken with a warning.

After ``k8s.io/apimachinery/pkg/util/validation/ip.go`` with ``StrictIPCIDRValidation``, which is on in 1.36: leading
zeros, IPv4 addresses written as IPv6 ones, and CIDRs that name a host are refused, unless the old object has them.
"""

from __future__ import annotations

import ipaddress
from typing import Final, NamedTuple, TypeAlias

from kubewright.apiserver.registry.builtin.field_rules import problems
from kubewright.objects.errors import Cause
from kubewright.objects.field_errors import invalid, show

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address
Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network

_NO_ADDRESS = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"
_NO_CIDR = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"
_STRICT: Final = (
    "must not have leading 0s",
    "must not be an IPv4-mapped IPv6 address",
    "must not have leading 0s in IP or prefix length",
    "must not have an IPv4-mapped IPv6 address",
    "must not have bits set beyond the prefix length",
)
_ZEROS, _MAPPED, _CIDR_ZEROS, _CIDR_MAPPED, _HOST_BITS = _STRICT


class _Written(NamedTuple):
    """An address as it is written: whether its octets have leading zeros."""

    address: Address
    zeros: bool

    @property
    def mapped(self) -> bool:
        return self.address.version == 6 and self.address.ipv4_mapped is not None

    @property
    def canonical(self) -> str:
        mapped = self.address.ipv4_mapped if isinstance(self.address, ipaddress.IPv6Address) else None
        return str(mapped or self.address)


def _read(text: str) -> _Written | None:
    """An address as Kubernetes has always read it: leading zeros of octets do not count."""
    before, colon, last = text.rpartition(":")
    octets = last.split(".")
    if len(octets) > 1 and all(octet.isascii() and octet.isdigit() for octet in octets):
        last = ".".join(str(int(octet)) for octet in octets)
    plain = f"{before}{colon}{last}"
    try:
        return None if "%" in text else _Written(ipaddress.ip_address(plain), plain != text)
    except ValueError:
        return None


def _read_cidr(text: str) -> tuple[_Written, Network] | None:
    """The address and the network that it is in; zeros of the prefix length count as those of the address."""
    start, slash, bits = text.partition("/")
    written = _read(start)
    if written is None or not slash or not (bits.isascii() and bits.isdigit()):
        return None
    if int(bits) > written.address.max_prefixlen:
        return None
    zeros = written.zeros or (len(bits) > 1 and bits.startswith("0"))
    network = ipaddress.ip_network(f"{written.address}/{int(bits)}", strict=False)
    return written._replace(zeros=zeros), network


def is_ip(text: str) -> list[str]:
    """What is wrong with an address."""
    written = _read(text)
    if written is None:
        return [_NO_ADDRESS]
    return [_ZEROS] if written.zeros else [_MAPPED] if written.mapped else []


def is_cidr(text: str) -> list[str]:
    """What is wrong with a CIDR."""
    read = _read_cidr(text)
    if read is None:
        return [_NO_CIDR]
    written, network = read
    if written.zeros:
        return [_CIDR_ZEROS]
    if written.mapped:
        return [_CIDR_MAPPED]
    return [] if written.address == network.network_address else [_HOST_BITS]


def is_strictness(cause: Cause) -> bool:
    """Whether a value is refused that Kubernetes took before 1.36."""
    return cause.message.endswith(_STRICT)


def endpoint_ip(ip: str, field: str) -> list[Cause]:
    """``ValidateEndpointIP``: an address that traffic may be sent to."""
    if found := is_ip(ip):
        return problems(found, ip, field)
    address = ipaddress.ip_address(ip)
    for wrong, text in (
        (address.is_unspecified, f"may not be unspecified ({ip})"),
        (address.is_loopback, "may not be in the loopback range (127.0.0.0/8, ::1/128)"),
        (address.is_link_local, "may not be in the link-local range (169.254.0.0/16, fe80::/10)"),
        (
            address.is_multicast and ip.startswith(("224.0.0.", "ff02")),
            "may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)",
        ),
    ):
        if wrong:
            return [invalid(field, ip, text)]
    return []


def ip_warnings(text: str, field: str) -> list[str]:
    """``GetWarningsForIP``: of an address in a form that is not the usual one."""
    written = _read(text)
    if written is None:
        return []
    if written.zeros or written.mapped:
        return [_non_standard("IP address", text, written.canonical, field)]
    if written.address.version == 6 and written.canonical != text:
        return [_not_canonical("address", text, written.canonical, field)]
    return []


def cidr_warnings(text: str, field: str) -> list[str]:
    """``GetWarningsForCIDR``: of a CIDR in a form that is not the usual one."""
    read = _read_cidr(text)
    if read is None:
        return []
    written, network = read
    found: list[str] = []
    if written.address != network.network_address:
        alone = f"{written.canonical}/{written.address.max_prefixlen}"
        found.append(
            f"{field}: CIDR value {show(text)} is ambiguous in this context "
            f"(should be {show(str(network))} or {show(alone)}?)"
        )
    if written.zeros or written.mapped:
        found.append(_non_standard("CIDR value", text, str(network), field))
    if not found and network.version == 6 and str(network) != text:
        found.append(_not_canonical("CIDR value", text, str(network), field))
    return found


def _non_standard(what: str, text: str, better: str, field: str) -> str:
    return (
        f"{field}: non-standard {what} {show(text)} will be considered invalid in a future Kubernetes release: "
        f"use {show(better)}"
    )


def _not_canonical(what: str, text: str, better: str, field: str) -> str:
    return f"{field}: IPv6 {what} {show(text)} should be in RFC 5952 canonical format ({show(better)})"
