"""Compares what the sensor wrote with what the kernels of both hosts said."""

import ipaddress

from report import differences

FIRST_EPHEMERAL_PORT = 32768  # listeners of the laboratory use ports below it
SIDES = ("client", "server")


def _addresses(event):
    """(source, source port, destination, destination port) as the reporting host sees them."""
    source = event.get("saddr4") or event.get("saddr6")
    destination = event.get("daddr4") or event.get("daddr6")
    return source, int(event["sport"]), destination, int(event["dport"])


def _mirrored(flow):
    return flow[2:] + flow[:2]


def kernel_connections(events):
    """{(orig_h, orig_p, resp_h, resp_p, token_orig, token_resp)} of `events` by side."""
    responders = {_mirrored(_addresses(e)): e["token"] for e in events["server"] if e["event"] == "ESTABLISHED"}
    opened = [e for e in events["client"] if e["event"] == "ESTABLISHED"]
    return {(*_addresses(e), e["token"], responders.get(_addresses(e))) for e in opened}


def kernel_subflows(events):
    """{(orig_h, orig_p, resp_h, resp_p, isOrig, orig_address_id, resp_address_id, backup)} of `events` by side.

    Each host reports the backup flag of the handshake that the other one sent; either makes a backup path. What
    MP_PRIO changes later is an event.
    """
    joins = [e for side in SIDES for e in events[side] if e["event"] == "SF_ESTABLISHED"]
    backup = {flow for e in joins if e["backup"] == "1" for flow in (_addresses(e), _mirrored(_addresses(e)))}
    initial = {(*flow[:4], True, 0, 0, False) for flow in kernel_connections(events)}
    return initial | {
        (*_addresses(e), False, int(e["locid"]), int(e["remid"]), _addresses(e) in backup)
        for e in joins
        if _addresses(e)[1] >= FIRST_EPHEMERAL_PORT
    }


def _flow(row):
    hosts = [str(ipaddress.ip_address(row[name])) for name in ("orig_h", "resp_h")]
    return hosts[0], row["orig_p"], hosts[1], row["resp_p"]


def sensed_connections(rows):
    """The same of the rows of mptcp_conn.log: those that got an MP_ID."""
    return {(*_flow(r), r["token_orig"], r["token_resp"]) for r in rows if r["MP_ID"] is not None}


def sensed_subflows(rows):
    """The same of the rows of mptcp_subflow.log in state established."""
    return {
        (*_flow(r), r["isOrig"], r["orig_address_id"], r["resp_address_id"], r["backup"])
        for r in rows
        if r["state"] == "established"
    }


def compare_with_kernel(events, connection_rows, subflow_rows):
    """Sentences on every difference."""
    return [
        *differences(kernel_connections(events), sensed_connections(connection_rows), "connection"),
        *differences(kernel_subflows(events), sensed_subflows(subflow_rows), "subflow"),
    ]


LARGEST_SEGMENT = 65_535  # segmentation is the device's: one that is sent again may hold many of the wire's


def payload_problems(subflow_rows, client_addresses, sent, resent):
    """Sentences on payload bytes that are not the `sent` of each host, and what the host sent again.

    `resent` counts its segments by side. A kernel does so where an acknowledgement is late: on a busy machine, too.
    """
    problems = []
    for side, sensed in zip(SIDES, payload_bytes(subflow_rows, client_addresses)):
        if not sent <= sensed <= sent + resent[side] * LARGEST_SEGMENT:
            problems.append(f"payload bytes from the {side} are {sensed} instead of {sent}, {resent[side]} segments sent again")
    return problems


def payload_bytes(subflow_rows, client_addresses):
    """(bytes from the client, bytes from the server) over all rows: `client_addresses` tell which is which."""
    from_client = from_server = 0
    for row in subflow_rows:
        directions = row["orig_bytes"], row["resp_bytes"]
        client_opened = row["orig_h"] in client_addresses
        from_client += directions[0 if client_opened else 1]
        from_server += directions[1 if client_opened else 0]
    return from_client, from_server
