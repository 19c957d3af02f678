"""Two hosts that talk over two links, and a span port that hears both links.

    client                                server
      c1 10.77.1.1 fd77:1::1 ---- s1 10.77.1.2 fd77:1::2
      c2 10.77.2.1 fd77:2::1 ---- s2 10.77.2.2 fd77:2::2
      span ----- tap (in the sensor's namespace)

The client mirrors what c1 and c2 send and receive to `span`; the sensor reads it at `tap`.
"""

import json
import os

from netns import run_in

LINKS = (1, 2)
CLIENT_ADDRESSES = {f"10.77.{link}.1" for link in LINKS} | {f"fd77:{link}::1" for link in LINKS}
OFFLOADS = ("tso", "off", "gso", "off", "gro", "off")


def missing_support():
    """Why the lab cannot work on this machine, in one sentence, or None when it can."""
    if os.geteuid() != 0:
        return "network namespaces need root"
    if not os.path.exists("/proc/sys/net/mptcp/enabled"):
        return "this kernel has no MPTCP (/proc/sys/net/mptcp is missing)"
    try:
        with Network() as network:
            network.build()
    except (OSError, RuntimeError) as error:
        return f"network namespaces or their links are refused here ({error})"
    return None


class Network:
    """The topology above. Leaving the context removes all of it, wherever building it stopped."""

    _made = 0

    def __init__(self, sensor_here=False):
        """`sensor_here`: the tap port appears in our own namespace, not in one of its own."""
        Network._made += 1
        tag = f"{os.getpid()}-{Network._made}"
        self.client = f"mptap-{tag}-client"
        self.server = f"mptap-{tag}-server"
        self.sensor = None if sensor_here else f"mptap-{tag}-sensor"
        self.tap = f"tap{tag}"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        # Links vanish with their namespaces, a moment later; the tap's other end is in the client's.
        for namespace in self._namespaces():
            if os.path.exists(f"/run/netns/{namespace}"):
                run_in(None, "ip", "netns", "delete", namespace)

    def _namespaces(self):
        return [name for name in (self.client, self.server, self.sensor) if name]

    def build(self):
        """Makes namespaces, links, routes and the mirror."""
        for namespace in self._namespaces():
            run_in(None, "ip", "netns", "add", namespace)
            run_in(namespace, "ip", "link", "set", "lo", "up")
        for namespace in (self.client, self.server):
            self.sysctl(namespace, "net.mptcp.enabled", 1)
            # No duplicate address detection: addresses work at once. And nobody asks for routers, again and again, while
            # the sensor's counts are held against the kernel's.
            for name in ("all", "default"):
                self.sysctl(namespace, f"net.ipv6.conf.{name}.accept_dad", 0)
                self.sysctl(namespace, f"net.ipv6.conf.{name}.router_solicitations", 0)
                self.sysctl(namespace, f"net.ipv4.conf.{name}.rp_filter", 0)
        for link in LINKS:
            self._link(link)
        self._span()

    def _link(self, link):
        here, there = f"c{link}", f"s{link}"
        run_in(self.client, "ip", "link", "add", here, "type", "veth", "peer", "name", there, "netns", self.server)
        for namespace, device, host in ((self.client, here, 1), (self.server, there, 2)):
            run_in(namespace, "ethtool", "-K", device, *OFFLOADS)
            run_in(namespace, "ip", "address", "add", f"10.77.{link}.{host}/24", "dev", device)
            run_in(namespace, "ip", "address", "add", f"fd77:{link}::{host}/64", "dev", device, "nodad")
            run_in(namespace, "ip", "link", "set", device, "up")
        # The client's packets leave by the link their address is on, also to the server's other address.
        table = ["table", str(100 + link)]
        for family, source, gateway in (
            ("-4", f"10.77.{link}.1", f"10.77.{link}.2"),
            ("-6", f"fd77:{link}::1", f"fd77:{link}::2"),
        ):
            run_in(self.client, "ip", family, "rule", "add", "from", source, *table)
            run_in(self.client, "ip", family, "route", "add", "default", "via", gateway, "dev", here, *table)

    def _span(self):
        peer = ["peer", "name", self.tap, "netns", self.sensor or str(os.getpid())]
        run_in(self.client, "ip", "link", "add", "span", "type", "veth", *peer)
        for namespace, device in ((self.client, "span"), (self.sensor, self.tap)):
            self.sysctl(namespace, f"net.ipv6.conf.{device}.disable_ipv6", 1)
            run_in(namespace, "ethtool", "-K", device, *OFFLOADS)
            run_in(namespace, "ip", "link", "set", device, "up")
        for link in LINKS:
            run_in(self.client, "tc", "qdisc", "add", "dev", f"c{link}", "clsact")
            for direction in ("ingress", "egress"):
                run_in(
                    self.client, "tc", "filter", "add", "dev", f"c{link}", direction, "protocol", "all",
                    "u32", "match", "u32", "0", "0", "action", "mirred", "egress", "mirror", "dev", "span",
                )  # fmt: skip

    def sysctl(self, namespace, key, value):
        """Sets one sysctl in `namespace`."""
        run_in(namespace, "sysctl", "-qw", f"{key}={value}")

    def mptcp(self, namespace, arguments):
        """Runs `ip mptcp ARGUMENTS` in `namespace`."""
        run_in(namespace, "ip", "mptcp", *arguments.split())

    def mirrored(self):
        """(packets that the mirror took, those of them that it could not hand on), by the kernel's count."""
        counts = {}  # by action: one direction's list names those of the other, too
        for link in LINKS:
            for direction in ("ingress", "egress"):
                told = json.loads(run_in(self.client, "tc", "-s", "-j", "filter", "show", "dev", f"c{link}", direction))
                counts |= {action["index"]: action["stats"] for one in told for action in one.get("options", {}).get("actions", ())}
        return tuple(sum(count[name] for count in counts.values()) for name in ("packets", "overlimits"))

    def tap_packets(self):
        """Packets that the tap port has received, by the kernel's count."""
        (link,) = json.loads(run_in(self.sensor, "ip", "-json", "-statistics", "link", "show", "dev", self.tap))
        return link["stats64"]["rx"]["packets"]
