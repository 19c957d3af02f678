"""Two hosts that reach each other only through what joins the ports between them.

    client                      middle                     server
      c0 10.78.0.1 ---- wan0 ---- ? ---- lan0 ---- s0 10.78.0.2
      c1 10.78.1.1 ---- wan1 ---- ? ---- lan1 ---- s1 10.78.1.2

`?` is mptap, a bridge of the kernel, or nothing yet. As a cable, c0 and s0 are the two ends of one veth, and there is no middle.
"""

import json
import os

from netns import run_in

LINKS = (0, 1)
PORTS = tuple(f"{side}{link}" for link in LINKS for side in ("wan", "lan"))
PAIRS = tuple((f"wan{link}", f"lan{link}") for link in LINKS)
# A veth leaves checksums and segmentation to its other end's card, which is none.
OFFLOADS = ("tx", "off", "tso", "off", "gso", "off", "gro", "off")


def address_of(side, link=0):
    """A host's address on a link."""
    return f"10.78.{link}.{1 if side == 'client' else 2}"


class Between:
    """The topology above. Leaving the context removes it, wherever building it stopped."""

    _made = 0

    def __init__(self, cable=False):
        Between._made += 1
        tag = f"{os.getpid()}-{Between._made}"
        self.client, self.middle, self.server = (f"mptap-{tag}-{name}" for name in ("client", "middle", "server"))
        self.cable = cable

    def __enter__(self):
        try:
            self._build()
        except (OSError, RuntimeError):
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for namespace in (self.client, self.middle, self.server):
            if os.path.exists(f"/run/netns/{namespace}"):
                run_in(None, "ip", "netns", "delete", namespace)

    def _build(self):
        for namespace in (self.client, self.middle, self.server):
            run_in(None, "ip", "netns", "add", namespace)
            run_in(namespace, "ip", "link", "set", "lo", "up")
            # No kernel says anything by itself: what a port carries is what a test sends.
            for name in ("all", "default"):
                run_in(namespace, "sysctl", "-qw", f"net.ipv6.conf.{name}.disable_ipv6=1", f"net.ipv4.conf.{name}.rp_filter=0")
        for link in LINKS:
            if self.cable:
                self._veth(self.client, f"c{link}", self.server, f"s{link}")
            else:
                self._veth(self.client, f"c{link}", self.middle, f"wan{link}")
                self._veth(self.middle, f"lan{link}", self.server, f"s{link}")
            for namespace, device, side in ((self.client, f"c{link}", "client"), (self.server, f"s{link}", "server")):
                run_in(namespace, "ip", "address", "add", f"{address_of(side, link)}/24", "dev", device)
        self._speak_mptcp()

    def _veth(self, namespace, device, other_namespace, other):
        run_in(namespace, "ip", "link", "add", device, "type", "veth", "peer", "name", other, "netns", other_namespace)
        for where, end in ((namespace, device), (other_namespace, other)):
            run_in(where, "ethtool", "-K", end, *OFFLOADS)
            run_in(where, "ip", "link", "set", end, "up")

    def _speak_mptcp(self):
        """The server advertises its second address; the client joins it: two subflows, each on a link of its own."""
        for namespace in (self.client, self.server):
            # With the small buffer that Linux begins with, data of one path may fill it while what is missing waits in the other
            # path's: Linux 6.18 then stands still, with every segment acknowledged.
            run_in(namespace, "sysctl", "-qw", "net.mptcp.enabled=1", "net.ipv4.tcp_rmem=4096 16777216 33554432")
            run_in(namespace, "ip", "mptcp", "limits", "set", "subflows", "2", "add_addr_accepted", "2")
        run_in(self.server, "ip", "mptcp", "endpoint", "add", address_of("server", 1), "dev", "s1", "signal")

    def set_mtu(self, namespace, device, mtu):
        """Changes a device's MTU."""
        run_in(namespace, "ip", "link", "set", device, "mtu", str(mtu))

    def set_port(self, port, state):
        """Takes a port in the middle `up` or `down`."""
        run_in(self.middle, "ip", "link", "set", port, state)

    def bridge(self):
        """Joins the ports of each pair by a bridge of the kernel's, in place of mptap."""
        for link in LINKS:
            # No spanning tree, no snooping: what would make it say or hold back something.
            run_in(self.middle, "ip", "link", "add", f"br{link}", "type", "bridge", "stp_state", "0", "mcast_snooping", "0",
                   "forward_delay", "0")  # fmt: skip
            for port in PAIRS[link]:
                run_in(self.middle, "ip", "link", "set", port, "master", f"br{link}")
            run_in(self.middle, "ip", "link", "set", f"br{link}", "up")

    def unbridge(self):
        """Takes the bridges away."""
        for link in LINKS:
            run_in(self.middle, "ip", "link", "delete", f"br{link}")

    def kernel_counters(self):
        """{port: the kernel's counters (rx and tx, each with packets and dropped)} of the ports in the middle."""
        links = json.loads(run_in(self.middle, "ip", "-json", "-statistics", "link", "show"))
        return {link["ifname"]: link["stats64"] for link in links if link["ifname"] in PORTS}
