"""`mptap run` as the wire between the ports of a network, and whether it lost a frame."""

import time

from between import PAIRS, PORTS
from equations import Page, violations_at_rest
from mptap import Sensor

QUIET_S = 5
DESCRIPTORS = 8192


def config_of(directory, ports=PORTS, pairs=PAIRS, driver="af_packet", settings="", workers=1):
    """The YAML of a sensor that is a wire between the ports of each pair."""
    lines = ["ports:"]
    for port in ports:
        lines += [f"  - interface: {port}", f"    driver: {driver}", f"    receive_descriptors: {DESCRIPTORS}"]
    lines += [
        f"inline: [{', '.join(f'[{one}, {other}]' for one, other in pairs)}]",
        f"workers: {workers}",
        "hugepages: never",
        "max_frame: 2048",
        "logs:",
        f"  directory: {directory}",
        "  format: json",
        "metrics:",
        "  listen: 127.0.0.1:9464",
        "control:",
        f"  socket: {directory}/control.sock",
        settings,
    ]
    return "\n".join(lines) + "\n"


class Wire(Sensor):
    """A sensor in the middle of `network`; what its ports carried before does not count.

    Nobody else sends by the ports, so what left counts from before the start; what came in counts from after it, when nothing
    came meanwhile, or from mark().
    """

    def __init__(self, network, directory, ports=PORTS, pairs=PAIRS, driver="af_packet", settings="", workers=1, wrapped_by=()):
        super().__init__(network.middle, ports[0], directory, wrapped_by=wrapped_by)
        self.config.write_text(config_of(directory, ports, pairs, driver, settings, workers))
        self.network, self.pairs, self._driver = network, pairs, driver

    def __enter__(self):
        self._before_start = self.network.kernel_counters()
        super().__enter__()
        self._before, self._page_before = self.network.kernel_counters(), Page(self.scrape())
        return self

    def mark(self):
        """Counts what comes in from now on, where it began in the middle of traffic that is at rest now."""
        self._before, page = self.at_rest()
        self._page_before = Page(page)

    def at_rest(self):
        """Waits until nothing moves: returns the kernel's counters and the page."""
        deadline = time.monotonic() + QUIET_S
        seen = None
        while True:
            kernel, page = self.network.kernel_counters(), self.scrape()
            now = (kernel, Page(page).total("mptap_rx_packets_total"))
            if now == seen or time.monotonic() > deadline:
                return kernel, page
            seen = now
            time.sleep(0.1)

    def wrong_sums(self):
        """Sentences on frames that are not accounted for: by the kernel's counts at both ends of each pair, to the frame."""
        problems = violations_at_rest(self.scrape)
        kernel, text = self.at_rest()
        page = Page(text)

        def count(which, name, port):
            return int(which.total(name, [("port", port)]))

        def came(name, port):
            return count(page, name, port) - count(self._page_before, name, port)

        for port, partner in (pair for one, other in self.pairs for pair in ((one, other), (other, one))):
            arrived = kernel[port]["rx"]["packets"] - self._before[port]["rx"]["packets"]
            received, missed = came("mptap_inline_received_total", port), came("mptap_port_nic_missed_total", port)
            if arrived != received + missed:
                problems.append(f"{port}: the kernel received {arrived}, ours are {received} and {missed} missed")
            sent, dropped = (kernel[partner]["tx"][what] - self._before_start[partner]["tx"][what] for what in ("packets", "dropped"))
            forwarded = count(page, "mptap_inline_forwarded_total", port)
            # What the kernel drops behind the queue, af_packet's ring keeps and sends again; af_xdp's does not.
            if forwarded != sent + (dropped if self._driver == "af_xdp" else 0):
                problems.append(f"{port}: {forwarded} forwarded, {partner} sent {sent} (dropped there: {dropped})")
        return problems

    def problems(self, may_lose=()):
        """wrong_sums(), and sentences on frames that were lost by other causes than those of `may_lose`."""
        return self.wrong_sums() + [f"{port} lost {count} frames, {cause}" for (port, cause), count in self.lost().items() if cause not in may_lose]

    def ends(self):
        """Stops it; a sentence where it does not end well."""
        code = self.stop()
        return [] if code == 0 else [f"exit code {code}: {self.stderr.read_text().strip()[-300:]}"]

    def lost(self):
        """{(port, cause): frames} that were lost, and what the ports missed as cause `missed`."""
        page = Page(self.scrape())
        found = {key: int(count) for key, count in page.sums("mptap_inline_lost_total").items() if count}
        missed = {(port, "missed"): int(count) for port, count in page.sums("mptap_port_nic_missed_total").items() if count}
        return found | missed
