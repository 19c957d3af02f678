"""A day of packet time through `mptap read`: rows are the generator's truth, memory is that of an hour, counters add up."""

import collections
import json
import os
import pathlib
import re
import shutil
import subprocess
import time

import golden
from equations import violations
from mptap import BINARY, ROOT, rows

GENERATOR = pathlib.Path(os.environ.get("MPTAP_GENERATE", ROOT / "build/release/tests/support/mptap-generate"))
METRICS_OF = pathlib.Path(os.environ.get("MPTAP_METRICS_OF", ROOT / "build/release/tests/metrics_of/mptap-metrics-of"))
HOUR_S, DAY_S = 3600, 86_400
SETTLE_S = 3  # a pipe full of packets is read long before
END_S = 60
MORE_BYTES = 4 << 20  # of a day over an hour
LOGS = ("mptcp_conn", "mptcp_subflow", "notice")
KINDS = {"companions", "silent", "sequence_wraps", "dsn32_wraps", "dsn64_wraps", "ports_again", "keys_again", "attempts",
         "clock_steps"}  # fmt: skip
# The worker counts steps of `counters_interval` in 16 bits: these of 10 ms go around in eleven minutes. Its table has
# places for few: each is used by many subflows, one after the other.
CONFIGS = {"by default": "{}\n", "with short steps and a small table": "subflows: {counters_interval: 10ms, capacity: 1024}\n"}


def why_not():
    """Why there is nothing to do, or None."""
    lacking = [program for program in (GENERATOR, METRICS_OF) if not os.access(program, os.X_OK)]
    return f"no {lacking[0]} (build it)" if lacking else None


def _generate(folder, seconds, seed):
    capture, truth = folder / f"{seconds}.pcap", folder / f"{seconds}.json"
    command = [GENERATOR, "day", "--seconds", str(seconds), "--seed", str(seed), "--keep-payload", "16", "--out", capture, "--truth", truth]
    subprocess.run(command, check=True)
    return capture, json.loads(truth.read_text())


def _read(folder, capture, settings):
    """(peak resident memory in bytes, its logs). The peak is read before its end: afterwards only that of a parent is told."""
    config = folder / "mptap.yaml"
    config.write_text(settings)
    logs = folder / "logs"
    command = [BINARY, "read", "--config", config, "--log-dir", logs, "--format", "json", "-"]
    with (folder / "stderr").open("w") as stderr, capture.open("rb") as packets:
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stderr=stderr)
        shutil.copyfileobj(packets, process.stdin)
        process.stdin.flush()
        time.sleep(SETTLE_S)
        peak = int(re.search(r"VmHWM:\s+(\d+) kB", pathlib.Path(f"/proc/{process.pid}/status").read_text())[1]) * 1024
        process.stdin.close()
    if process.wait(END_S):
        raise RuntimeError(f"mptap read ends with {process.returncode}: {(folder / 'stderr').read_text()}")
    found = [rows(logs, log) for log in LOGS]
    for path in logs.iterdir():
        path.unlink()
    return peak, found


def _row_problems(truth, logs):
    yield from golden.problems_of(truth, *logs)
    flows = collections.Counter((s["orig_p"], s["resp_p"], s["state"]) for c in truth["connections"] for s in c["subflows"])
    flows += collections.Counter((s["orig_p"], s["resp_p"], s["state"]) for s in truth["unmatched_subflows"])
    told = collections.Counter((row["orig_p"], row["resp_p"], row["state"]) for row in logs[1])
    yield from (f"{flows[key]} subflows {key} and {told[key]} rows" for key in flows | told if flows[key] != told[key])


def _kind_problems(truth, seconds):
    """The capture has what it is made for."""
    played = truth["extra"]["day"]
    wanted = KINDS | ({"beyond_32_bits"} if seconds >= DAY_S else set())
    return [f"the generator played no {kind}" for kind in wanted if not played.get(kind)]


def checks(folder, seconds, seed):
    """Pairs of a check's name and what is wrong; prints figures."""
    folder = pathlib.Path(folder)
    hour, _ = _generate(folder, HOUR_S, seed)
    capture, truth = _generate(folder, seconds, seed)
    yield "the capture has every kind", _kind_problems(truth, seconds)
    for what, settings in CONFIGS.items():
        least, _ = _read(folder, hour, settings)
        peak, logs = _read(folder, capture, settings)
        yield f"rows are the truth, {what}", list(_row_problems(truth, logs))
        more = peak - least
        grown = [f"{peak / 1e6:.1f} MB at most, {least / 1e6:.1f} MB in an hour"] if more > MORE_BYTES else []
        yield f"memory is that of an hour, {what}", grown
        print(f"        {truth['packets']} packets, {len(logs[0])} connections, {len(logs[1])} subflows; "
              f"peak memory {peak / 1e6:.1f} MB, in an hour {least / 1e6:.1f} MB")  # fmt: skip
    done = subprocess.run([METRICS_OF, capture], capture_output=True, text=True, check=True)
    yield "the equations hold", violations(done.stdout, logs=False, end=True)
    print(f"        played: {truth['extra']['day']}")
