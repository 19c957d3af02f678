"""Reads a sensor's JSON logs as they grow and tells a person what is new."""

import json
import time

EVENTS = ("connection", "subflow")


class Follower:
    """Prints connections, subflows and notices, one line each, with the seconds since it began."""

    def __init__(self, sensor):
        self._sensor = sensor
        self._read = {"mptcp_event": 0, "notice": 0}
        self._counts = {"connections": 0, "joins": 0, "notices": 0}
        self._started = time.monotonic()

    def print_news(self):
        """Prints what was logged since the last call."""
        for row in self._new_rows("mptcp_event"):
            self._print_event(row)
        for row in self._new_rows("notice"):
            self._counts["notices"] += 1
            self._print("notice", f"{row['note']}: {row['msg']}")

    def close(self):
        """Stops the sensor and prints the sums."""
        exit_code = self._sensor.stop()
        self.print_news()
        seen = ", ".join(f"{count} {name}" for name, count in self._counts.items())
        print(f"\nSeen: {seen}. mptap ended with exit code {exit_code}; hosts, links and logs are removed.")

    def _new_rows(self, log):
        path = self._sensor.directory / f"{log}.log"
        if not path.exists():
            return
        with path.open() as lines:
            lines.seek(self._read[log])
            while (line := lines.readline()).endswith("\n"):
                self._read[log] = lines.tell()
                yield json.loads(line)

    def _print_event(self, row):
        flow = f"{_endpoint(row['orig_h'], row['orig_p'])} -> {_endpoint(row['resp_h'], row['resp_p'])}"
        name = f"connection {row['MP_ID']}"
        if row["event"] == "connection_established":
            self._counts["connections"] += 1
            self._print(name, flow)
        elif row["event"] == "subflow_established" and row["detail"]:
            self._counts["joins"] += 1
            self._print("  subflow", f"{flow}, joins {name} ({row['detail']})")
        elif row["event"] == "closed":
            self._print("  closed", f"{name} ({row['detail']})")

    def _print(self, what, text):
        print(f"{time.monotonic() - self._started:5.1f} s  {what:<14} {text}", flush=True)


def _endpoint(host, port):
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
