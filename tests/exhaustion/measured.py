"""One flood through mptap: its capture, what `mptap read` logs of it and how much memory that takes, and its metrics."""

import contextlib
import dataclasses
import json
import os
import pathlib
import subprocess
import sys
import time

from equations import violations
from metrics import METRICS_OF, Page
from mptap import BINARY, ROOT, rows

GENERATE = pathlib.Path(os.environ.get("MPTAP_GENERATE", ROOT / "build/release/tests/support/mptap-generate"))
READ_S = 300
# A program of its own starts mptap: what getrusage tells of a child is never less than what its starter was.
STARTER = """
import os, sys
process = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ)
_, status, usage = os.wait4(process, 0)
print(usage.ru_maxrss)
sys.exit(os.waitstatus_to_exitcode(status) & 255)
"""
# The smallest tables there may be, so that few packets fill them.
SMALL = """\
subflows: {capacity: 1024, ring: 1024, overflow: 1024}
connections: {max: 1024, max_waiting_joins: 64}
detectors:
  join_flood: {max_receivers: 64}
  token_guessing: {max_sources: 64}
logs: {queue: 1024}
"""


@dataclasses.dataclass
class Measured:
    """What came of one flood."""

    truth: dict
    connections: list
    subflows: list
    notices: list
    page: Page
    wrong_sums: list  # sentences on equations of docs/metrics.md that do not hold
    peak_mib: float
    seconds: float  # of `mptap read`

    @property
    def sent(self):
        """What the flood consists of, by name."""
        return self.truth["extra"]["flood"]

    @property
    def hostile_packets(self):
        """Frames of the capture that are not of the honest connections."""
        if "resets" in self.sent:  # they are counted with those whose addresses they carry
            return self.sent["resets"]
        honest = sum(subflow["orig_segments"] + subflow["resp_segments"]
                     for connection in self.truth["connections"] for subflow in connection["subflows"])
        return self.truth["packets"] - honest


def missing_programs():
    """Why nothing can be measured, or None."""
    for path in (BINARY, GENERATE, METRICS_OF):
        if not os.access(path, os.X_OK):
            return f"no binary at {path} (build it)"
    return None


def generate(scenario, hostile, folder):
    """Writes the capture; returns its path and its truth."""
    capture, truth = folder / "capture.pcap", folder / "truth.json"
    subprocess.run([GENERATE, scenario, "--hostile", str(hostile), "--out", capture, "--truth", truth], check=True)
    return capture, json.loads(truth.read_text())


def measure(scenario, hostile, config, folder):
    """Runs all of it in `folder`, which is empty again afterwards but for the configuration.

    Raises RuntimeError where mptap fails.
    """
    capture, truth = generate(scenario, hostile, folder)
    logs, settings = folder / "logs", folder / "mptap.yaml"
    settings.write_text(config)
    command = [BINARY, "read", "--config", settings, "--format", "json", "--log-dir", logs, capture]
    started = time.monotonic()
    done = subprocess.run([sys.executable, "-S", "-E", "-c", STARTER, *map(str, command)], capture_output=True, text=True, timeout=READ_S)
    seconds = time.monotonic() - started
    if done.returncode != 0 or done.stderr:
        raise RuntimeError(f"mptap read ends with {done.returncode}: {done.stderr.strip()}")
    counted = subprocess.run([METRICS_OF, "--config", settings, capture], check=True, capture_output=True, text=True, timeout=READ_S)
    found = [rows(logs, log) for log in ("mptcp_conn", "mptcp_subflow", "notice")]
    for path in (capture, *logs.iterdir()):
        with contextlib.suppress(FileNotFoundError):
            path.unlink()
    wrong_sums = violations(counted.stdout, logs=False, end=True)
    return Measured(truth, *found, Page(counted.stdout), wrong_sums, int(done.stdout) / 1024, seconds)
