"""Compares what `mptap read` logs of a generated capture with the generator's truth."""

import collections
import ipaddress
import json

from report import differences

# The notices that the truth counts; others have tests of their own.
NOTICES = {"duplicate_add_addr", "key_change", "unknown_join", "join_flood", "rejected"}
CONNECTION = ("version", "orig_h", "orig_p", "resp_h", "resp_p", "token_orig", "token_resp")
SUBFLOW = (
    "orig_h orig_p resp_h resp_p is_orig state orig_address_id resp_address_id backup hmac_ok "
    "orig_segments orig_bytes resp_segments resp_bytes"
).split()


def truth_of(folder):
    """The truth beside a capture."""
    return json.loads((folder / "truth.json").read_text())


def _values(entry, fields):
    """The entry's values; addresses in one spelling."""
    values = (entry[name] for name in fields)
    return tuple(str(ipaddress.ip_address(v)) if f in ("orig_h", "resp_h") else v for f, v in zip(fields, values))


def _hmac_ok(row):
    """One verdict of the two HMACs: null when neither could be verified."""
    verdicts = [row[name] for name in ("hmac_synack", "hmac_ack") if row[name] is not None]
    return all(verdicts) if verdicts else None


def problems_of(truth, connection_rows, subflow_rows, notice_rows):
    """Sentences on every difference between truth and logs."""
    subflows = [s for c in truth["connections"] for s in c["subflows"]] + truth["unmatched_subflows"]
    logged = [{**row, "is_orig": row["isOrig"], "hmac_ok": _hmac_ok(row)} for row in subflow_rows]
    counted = collections.Counter(row["note"] for row in notice_rows if row["note"] in NOTICES)
    expected = {(n["note"], n["count"]) for n in truth["notices"] if n["note"] in NOTICES}
    return [
        *differences(
            [_values(c, CONNECTION) for c in truth["connections"]],
            [_values(r, CONNECTION) for r in connection_rows],
            "connection",
        ),
        *differences([_values(s, SUBFLOW) for s in subflows], [_values(r, SUBFLOW) for r in logged], "subflow"),
        *differences(expected, counted.items(), "notice"),
    ]
