"""IP addresses and CIDRs, read as strictly as Kubernetes reads them: no zones, no IPv4 in IPv6, no leading zeros."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from typing import NamedTuple

from kubewright.cel.errors import EvaluationError
from kubewright.cel.functions import Overload, member
from kubewright.cel.types import BOOL, INT, STRING, opaque

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class Cidr(NamedTuple):
    """An address and how many of its leading bits name the network."""

    address: Address
    bits: int

    @property
    def network(self) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
        return ipaddress.ip_network((self.address, self.bits), strict=False)

    def __str__(self) -> str:
        return f"{self.address}/{self.bits}"


class Ip(NamedTuple):
    """An address as a value of its own."""

    address: Address

    def __str__(self) -> str:
        return str(self.address)


IP = opaque("net.IP", Ip)
CIDR = opaque("net.CIDR", Cidr)


def _parse_address(text: str) -> Address:
    if "%" in text:
        raise ValueError(f'IP address "{text}" with zone value is not allowed')
    address = ipaddress.ip_address(text)
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        raise ValueError(f'IPv4-mapped IPv6 address "{text}" is not allowed')
    return address


def _parse_ip(text: str) -> Ip:
    try:
        return Ip(_parse_address(text))
    except ValueError as error:
        raise EvaluationError(f"IP Address {text!r} parse error during conversion from string: {error}") from error


def _parse_cidr(text: str) -> Cidr:
    address, slash, bits = text.partition("/")
    try:
        if not slash or not bits.isdecimal() or (len(bits) > 1 and bits[0] == "0"):
            raise ValueError("no '/' with a prefix length")
        cidr = Cidr(_parse_address(address), int(bits))
        if cidr.bits > cidr.address.max_prefixlen:
            raise ValueError("prefix length out of range")
    except ValueError as error:
        raise EvaluationError(f"network address parse error during conversion from string: {error}") from error
    return cidr


def _parses(parse: Callable[[str], object], text: str) -> bool:
    try:
        parse(text)
    except EvaluationError:
        return False
    return True


def _contains_ip(cidr: Cidr, ip: Ip) -> bool:
    return ip.address.version == cidr.address.version and ip.address in cidr.network


def _contains_cidr(cidr: Cidr, other: Cidr) -> bool:
    return other.bits >= cidr.bits and _contains_ip(cidr, Ip(other.network.network_address))


def _masked(cidr: Cidr) -> Cidr:
    return Cidr(cidr.network.network_address, cidr.bits)


def _is_link_local_multicast(ip: Ip) -> bool:
    if isinstance(ip.address, ipaddress.IPv4Address):
        return ip.address in ipaddress.ip_network("224.0.0.0/24")
    return ip.address.packed[0] == 0xFF and ip.address.packed[1] & 0x0F == 0x02


def _is_global_unicast(ip: Ip) -> bool:
    one = ip.address
    return not (
        one.is_unspecified or one.is_loopback or one.is_multicast or one.is_link_local or str(one) == "255.255.255.255"
    )


OVERLOADS: list[Overload] = [
    Overload("ip", [STRING], IP, _parse_ip),
    Overload("isIP", [STRING], BOOL, lambda text: _parses(_parse_ip, text)),
    Overload("ip.isCanonical", [STRING], BOOL, lambda text: str(_parse_ip(text)) == text),
    Overload("string", [IP], STRING, str),
    member("family", [IP], INT, lambda ip: ip.address.version),
    member("isUnspecified", [IP], BOOL, lambda ip: ip.address.is_unspecified),
    member("isLoopback", [IP], BOOL, lambda ip: ip.address.is_loopback),
    member("isLinkLocalMulticast", [IP], BOOL, _is_link_local_multicast),
    member("isLinkLocalUnicast", [IP], BOOL, lambda ip: ip.address.is_link_local),
    member("isGlobalUnicast", [IP], BOOL, _is_global_unicast),
    Overload("cidr", [STRING], CIDR, _parse_cidr),
    Overload("isCIDR", [STRING], BOOL, lambda text: _parses(_parse_cidr, text)),
    Overload("string", [CIDR], STRING, str),
    member("containsIP", [CIDR, IP], BOOL, _contains_ip),
    member("containsIP", [CIDR, STRING], BOOL, lambda cidr, text: _contains_ip(cidr, _parse_ip(text))),
    member("containsCIDR", [CIDR, CIDR], BOOL, _contains_cidr),
    member("containsCIDR", [CIDR, STRING], BOOL, lambda cidr, text: _contains_cidr(cidr, _parse_cidr(text))),
    member("ip", [CIDR], IP, lambda cidr: Ip(cidr.address)),
    member("masked", [CIDR], CIDR, _masked),
    member("prefixLength", [CIDR], INT, lambda cidr: cidr.bits),
]
