"""Compares what `mptap read` logs of a generated capture with the generator's truth."""

import collections
import ipaddress
import json

from report import differences

COUNTERS = ("orig_segments", "orig_bytes", "resp_segments", "resp_bytes")
IDENTITY = ("is_orig", "orig_address_id", "resp_address_id", "backup", "hmac_ok")


def truth_of(folder):
    """The truth beside a capture."""
    return json.loads((folder / "truth.json").read_text())


def _flow(entry):
    hosts = [str(ipaddress.ip_address(entry[name])) for name in ("orig_h", "resp_h")]
    return hosts[0], entry["orig_p"], hosts[1], entry["resp_p"]


def _other_names(truth):
    """{flow: its first name}, of subflows that were seen under two names (on both sides of a NAT)."""
    return {
        _flow(subflow): _flow(connection["subflows"][subflow["copy_of"]])
        for connection in truth["connections"]
        for subflow in connection["subflows"]
        if "copy_of" in subflow
    }


def _hmac_ok(row):
    """One verdict of the two HMACs: null when neither could be verified."""
    verdicts = [row[name] for name in ("hmac_synack", "hmac_ack") if row[name] is not None]
    return all(verdicts) if verdicts else None


def _is_spoofed(row, truth):
    """Whether a row is one of the flood's SYNs, which the truth only counts."""
    flood = truth.get("extra", {}).get("flood")
    return bool(flood) and not row["isOrig"] and row["state"] == "attempted" and row["resp_h"] == flood["receiver"]


def _subflow(entry, names):
    """What is compared of a subflow: only established ones have an identity that a tap can know."""
    identity = tuple(entry[name] for name in IDENTITY) if entry["state"] == "established" else ()
    return (names.get(_flow(entry), _flow(entry)), entry["state"], *identity, *(entry[name] for name in COUNTERS))


def _connections(entries, names):
    """Connections whose handshake was captured: of others a tap knows neither version nor first subflow."""
    whole = (entry for entry in entries if entry["token_resp"] is not None)
    return {(e["version"], *names.get(_flow(e), _flow(e)), e["token_orig"], e["token_resp"]) for e in whole}


def problems_of(truth, connection_rows, subflow_rows, notice_rows):
    """Sentences on every difference between truth and logs."""
    names = _other_names(truth)
    subflows = [s for c in truth["connections"] for s in c["subflows"]] + truth["unmatched_subflows"]
    logged = [
        {**row, "is_orig": row["isOrig"], "hmac_ok": _hmac_ok(row)}
        for row in subflow_rows
        if not _is_spoofed(row, truth)
    ]
    counted = collections.Counter(row["note"] for row in notice_rows)
    return [
        *differences(_connections(truth["connections"], names), _connections(connection_rows, names), "connection"),
        *differences([_subflow(s, names) for s in subflows], [_subflow(r, names) for r in logged], "subflow"),
        *differences([(n["note"], n["count"]) for n in truth["notices"]], counted.items(), "notice"),
    ]
