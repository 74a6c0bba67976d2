"""Which IP addresses belong to the public Internet: a table of our own.

``ipaddress.is_global`` is not used: depending on the Python release it lets through wrapped addresses (NAT64,
6to4, IPv4-compatible), multicast, site-local ones and the clouds' own service addresses. The table follows
the IANA special-purpose registries (RFC 6890) and adds what clouds answer on inside a machine.
"""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

#: All of IPv6's global unicast space. Outside it lie ::1, ::127.0.0.1, ::ffff:0:0/96 (mapped), 64:ff9b::/96
#: and 64:ff9b:1::/48 (NAT64), 100::/64, 5f00::/16, fc00::/7 (with fd00:ec2::254), fe80::/10, fec0::/10 and
#: ff00::/8.
GLOBAL_UNICAST = IPv6Network("2000::/3")

_NOT_PUBLIC = (
    "0.0.0.0/8",  # this network
    "10.0.0.0/8",  # private
    "100.64.0.0/10",  # shared by carriers (CGNAT); Alibaba's metadata at 100.100.100.200
    "127.0.0.0/8",  # loopback
    "168.63.129.16/32",  # Azure's wire server
    "169.254.0.0/16",  # link-local; most clouds' metadata at 169.254.169.254
    "172.16.0.0/12",  # private
    "192.0.0.0/24",  # protocol assignments; Oracle's metadata at 192.0.0.192
    "192.0.2.0/24",  # documentation
    "192.31.196.0/24",  # AS112
    "192.52.193.0/24",  # automatic multicast tunnelling
    "192.88.99.0/24",  # 6to4 relays, withdrawn
    "192.168.0.0/16",  # private
    "192.175.48.0/24",  # AS112
    "198.18.0.0/15",  # benchmarking
    "198.51.100.0/24",  # documentation
    "203.0.113.0/24",  # documentation
    "224.0.0.0/4",  # multicast
    "240.0.0.0/4",  # reserved, and broadcast
    "2001::/23",  # protocol assignments: Teredo, benchmarking, ORCHID
    "2001:db8::/32",  # documentation
    "2002::/16",  # 6to4, which wraps an IPv4 address
    "2620:4f:8000::/48",  # AS112
    "3ffe::/16",  # the 6bone, withdrawn
    "3fff::/20",  # documentation
)
NOT_PUBLIC: tuple[Network, ...] = tuple(ip_network(text) for text in _NOT_PUBLIC)


def is_public(address: Address) -> bool:
    """Whether anyone on the Internet could mean this address; the answer is the same on every Python."""
    if isinstance(address, IPv6Address) and (address.scope_id or address not in GLOBAL_UNICAST):
        return False
    return not is_within(address, NOT_PUBLIC)


def is_within(address: Address, networks: tuple[Network, ...]) -> bool:
    """Whether the address lies in one of the networks; a network of the other IP version never matches."""
    return any(address in network for network in networks)
