"""Which addresses calls may go to: public ones, or those inside by the operator's explicit word. Pure.

The tables are written out (IANA's special-purpose registries, RFC 6890), because what Python's `ipaddress` calls global
differs from one version to the next and counts multicast, site-local and relayed addresses among them.
"""

import ipaddress
from typing import Literal

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Kind = Literal["public", "inside", "nowhere"]

#: This machine and private networks: for hosts that the operator marked `loopback = true`.
_INSIDE = ("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "::1/128", "fc00::/7")
#: For nobody. Link-local addresses and the single ones hand out a cloud machine's own credentials.
_NOWHERE = (
    "0.0.0.0/8", "169.254.0.0/16", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15",
    "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
    "2001::/23", "2001:db8::/32", "3fff::/20",
    "168.63.129.16/32", "100.100.100.200/32", "fd00:ec2::/32", "fd20:ce::254/128",
)  # fmt: skip
_GLOBAL_UNICAST = ipaddress.IPv6Network("2000::/3")
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")

_inside = tuple(ipaddress.ip_network(text) for text in _INSIDE)
_nowhere = tuple(ipaddress.ip_network(text) for text in _NOWHERE)


def kind_of(address: Address) -> Kind:
    """Tell what an address is. One that carries an IPv4 address (mapped, 6to4, NAT64) is public only if that one is."""
    if isinstance(address, ipaddress.IPv6Address):
        if address.scope_id is not None:
            return "nowhere"
        if (carried := _carried(address)) is not None:
            return "public" if kind_of(carried) == "public" else "nowhere"
    if any(address in network for network in _nowhere):
        return "nowhere"
    if any(address in network for network in _inside):
        return "inside"
    return "public" if address.version == 4 or address in _GLOBAL_UNICAST else "nowhere"


def _carried(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.ipv4_mapped or address.sixtofour
