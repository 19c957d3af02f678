"""Real captures that do not come with the project, where the machine has them: what is true of each."""

import os
import pathlib
import re
import subprocess
import tempfile

from mptap import BINARY, ROOT, rows
from report import differences

FOLDER = pathlib.Path(os.environ.get("MPTAP_EXTRA_CAPTURES", ROOT.parent / "shared/captures"))
NOTICES = {
    "mp_capable.pcapng": [],
    "wrongAdd_Addr.pcap": ["duplicate_add_addr"],
    "mp_key_change.pcap": ["key_change", "key_change"],
    "flood.pcap": ["join_flood"],
    "mp_rejected.pcap": ["rejected"],
    "tcpdump-v1.pcap": [],
    "linux-v1.pcap": [],
}
SIX = ("orig_h", "orig_p", "resp_h", "resp_p", "isOrig", "MP_ID")


class Logs:
    """The JSON logs of one capture."""

    def __init__(self, capture):
        with tempfile.TemporaryDirectory() as directory:
            command = [BINARY, "read", "--log-dir", directory, "--format", "json", capture]
            subprocess.run(command, check=True, capture_output=True, timeout=120)
            self.subflows = rows(directory, "mptcp_subflow")
            self.connections = rows(directory, "mptcp_conn")
            self.notices = rows(directory, "notice")
        self.established = [row for row in self.subflows if row["state"] == "established"]


def checks():
    """Pairs of a check's name and what is wrong."""
    for name, expected in NOTICES.items():
        logs = Logs(FOLDER / name)
        found = sorted(row["note"] for row in logs.notices)
        yield f"{name}: notices", [] if found == expected else [f"{found} instead of {expected}"]
        if name == "mp_capable.pcapng":
            yield f"{name}: the thesis's log", _thesis_problems(logs)
            yield f"{name}: HMACs", _hmac_problems(logs, 4)
        if name == "linux-v1.pcap":
            yield f"{name}: the kernels' events", _event_problems(logs)
            yield f"{name}: HMACs", _hmac_problems(logs, 3)


def _thesis_problems(logs):
    text = (FOLDER / "thesis/mp_capable.mp__connection.log").read_text()
    expected = [tuple(line.split("\t")) for line in text.splitlines() if line and not line.startswith("#")]
    found = [tuple(_zeek_word(row[key]) for key in SIX) for row in logs.established]
    return differences(expected, found, "subflow")


def _zeek_word(value):
    return "FT"[value] if isinstance(value, bool) else str(value)


def _hmac_problems(logs, joins):
    proven = [row for row in logs.established if row["hmac_synack"] is True and row["hmac_ack"] is True]
    return [] if len(proven) == joins else [f"{len(proven)} joins proven instead of {joins}"]


def _event_problems(logs):
    """Every (SF_)ESTABLISHED line of either kernel has its row, and no other row is there."""
    tokens = {row["MP_ID"]: (row["token_orig"], row["token_resp"]) for row in logs.connections}
    problems = []
    for host, side in (("client", 0), ("server", 1)):
        expected = []
        for line in (FOLDER / f"linux-v1.{host}.events").read_text().splitlines():
            if "ESTABLISHED" not in line:
                continue
            field = dict(re.findall(r"(\w+)=(\S+)", line))
            local = (field["saddr6"], int(field["sport"]), int(field["locid"]))
            remote = (field["daddr6"], int(field["dport"]), int(field["remid"]))
            ends = (local, remote) if side == 0 else (remote, local)
            expected.append((field["token"], *ends, "SF_" not in line))
        found = [
            (
                tokens[row["MP_ID"]][side],
                (row["orig_h"], row["orig_p"], row["orig_address_id"]),
                (row["resp_h"], row["resp_p"], row["resp_address_id"]),
                row["isOrig"],
            )
            for row in logs.established
        ]
        problems += differences(expected, found, f"subflow of the {host}")
    return problems
