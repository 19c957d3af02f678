"""A running sensor and SIGHUP: what changes, what needs a restart, and that mistakes change nothing."""

import time

from equations import violations_at_rest
from mptap import ROOT, START_S, rows
from running import Running

FLOOD = ROOT / "tests/captures/join-flood/capture.pcap"
MALFORMED = ROOT / "tests/captures/corpus-malformed-option/capture.pcap"


class Reloading(Running):
    """On a port without packets: logs, settings that need a restart, mistakes."""

    def __init__(self, folder):
        super().__init__(folder, "reload")

    def _steps(self):
        before = self._metric("mptap_config_hash")
        self.write(threshold=5, format="zeek")
        yield from self._hang_up("reloaded")
        if before == self._metric("mptap_config_hash"):
            yield "mptap_config_hash stayed the same"
        if not (self._folder / "logs/notice.log").read_text().startswith("#separator"):
            yield "the log's format did not change"
        self.write(workers=2)
        yield from self._hang_up("`workers` changes with a restart only")
        yield from self._expect("reloaded", 2)  # what else is in it has been taken over
        before = self._metric("mptap_config_hash")
        self.write(threshold="many")
        yield from self._hang_up("nothing was changed")
        counted = {result: self._metric(f'mptap_config_reloads_total{{result="{result}"}}') for result in ("applied", "refused")}
        if counted != {"applied": 2, "refused": 1}:
            yield f"reloads are counted as {counted} instead of 2 applied, 1 refused"
        self._config.write_text("")  # as a file is while somebody writes it
        yield from self._hang_up("nothing was changed: no port is configured")
        if before != self._metric("mptap_config_hash"):
            yield "mptap_config_hash changed where nothing was"


class Switching(Running):
    """On a port that plays a capture without end: a detector is switched off and on again, and tuned."""

    STILL_S = 1  # ten times the interval in which it would speak

    def __init__(self, folder):
        super().__init__(folder, "switch", port=f"net_pcap0,rx_pcap={MALFORMED},infinite_rx=1", interval="100ms")

    def _steps(self):
        yield from self._until(3, "as configured")
        self.write(enabled="false")
        yield from self._hang_up("reloaded", 1)
        yield from self._stays(0, "switched off")
        self.write(severity="high")
        yield from self._hang_up("reloaded", 2)
        yield from self._until(self._notices() + 3, "switched on again")
        self.write(severity="high", interval="1h")
        yield from self._hang_up("reloaded", 3)
        yield from self._stays(1, "with a longer interval")
        severities = [row["severity"] for row in rows(self._folder / "logs", "notice") if row["note"] == "malformed_option"]
        if severities[0] != "low" or severities[-1] != "high":
            yield f"severities {severities} instead of low first, high at last"

    def _stays(self, most, when):
        """Whether at most so many notices are told for a while in which packets come."""
        time.sleep(0.2)  # until control has taken it over
        before, packets = self._notices(), self._metric("mptap_rx_packets_total")
        time.sleep(self.STILL_S)
        deadline = time.monotonic() + START_S
        while self._metric("mptap_rx_packets_total") == packets:
            if time.monotonic() > deadline:
                yield f"{when}: no packets came"
                break
            time.sleep(0.1)
        if (told := self._notices() - before) > most:
            yield f"{when} it told {told:.0f} notices instead of {most} at most"

    def _notices(self):
        return self._metric('mptap_notices_total{note="malformed_option"}')

    def _until(self, count, when):
        deadline = time.monotonic() + START_S
        while self._notices() < count:
            if time.monotonic() > deadline:
                yield f"{when}: {self._notices():.0f} notices instead of {count:.0f} at least"
                return
            time.sleep(0.05)


class Counting(Running):
    """On a port that plays a capture once: whatever reloads change meanwhile, all that was counted adds up."""

    def __init__(self, folder):
        super().__init__(folder, "count", port=f"net_pcap0,rx_pcap={FLOOD}")

    def _steps(self):
        for count, log_format in enumerate(("zeek", "json", "zeek"), 1):
            self.write(format=log_format, threshold=1000 + count)
            yield from self._hang_up("reloaded", count)
        yield from violations_at_rest(self._scrape)
        if self._metric("mptap_joins_seen_total") == 0:
            yield "no join came"
