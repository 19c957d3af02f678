"""What mptap writes is what docs/schemas say, and a broken row would be noticed."""

import json
import pathlib
import subprocess
import tempfile

from mptap import BINARY, ROOT
from schema import problems_of

SCHEMAS = ROOT / "docs/schemas"
EVENTS = ("mptcp", "mp_error", "mp_capable", "mp_join", "mp_dss", "mp_add_addr", "mp_remove_addr", "mp_prio", "mp_fail",
          "mp_fastclose", "mp_tcprst", "subflow", "connection")
LOGS = ("mptcp_subflow", "mptcp_conn", "notice", "mptcp_event")


def _lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def _read(capture, log_format, directory):
    command = [BINARY, "read", "--format", log_format, "--log-dir", directory, "--events", ",".join(EVENTS), capture]
    subprocess.run(command, check=True, capture_output=True, timeout=120)


def checks(captures):
    """Pairs of a check's name and what is wrong."""
    schemas = {name: json.loads((SCHEMAS / f"{name}.schema.json").read_text()) for name in (*LOGS, "eve")}
    rows = dict.fromkeys((*LOGS, "eve"), ())
    for capture in captures:
        with tempfile.TemporaryDirectory() as directory:
            _read(capture, "json", directory)
            _read(capture, "eve", directory)
            for name in LOGS:
                rows[name] += tuple(_lines(pathlib.Path(directory) / f"{name}.log"))
            rows["eve"] += tuple(_lines(pathlib.Path(directory) / "eve.json"))
    for name, schema in schemas.items():
        problems = [problem for row in rows[name] for problem in problems_of(row, schema)]
        yield f"{name}: {len(rows[name])} rows", problems if rows[name] else ["there are none"]
        yield f"{name}: a broken row is noticed", [] if problems_of({**rows[name][0], "more": 1}, schema) else ["it is not"]
    written = sum(len(rows[name]) for name in LOGS)
    yield "eve has every row", [] if len(rows["eve"]) == written else [f"{len(rows['eve'])} instead of {written}"]
    seen = {row["event"] for row in rows["mptcp_event"]}
    wanted = {event for event in EVENTS if event.startswith("mp")} | {"subflow_established", "subflow_closed",
                                                                      "connection_established", "fallback", "closed"}
    yield "every kind of event is there", [f"no {event}" for event in sorted(wanted - seen)]
