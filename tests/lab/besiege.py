"""Plays a misuse: honest connections before, during and after it, and a rogue in between."""

import collections
import time

import nstat
from compare import compare_with_kernel
from crowd import Crowd
from notices import wait_for_notice
from play import PORT
from rogue import ADDRESSES, Rogue
from session import Session
from traffic import Server
from wire import Wire

ENDS = {"client": "c1", "server": "s1"}
ADDRESS = "10.77.1.2"
BEFORE = 3
NOTICED_S = 1
SETTLE_S = 1.2  # longer than any grace of a detector that tells at the sensor's end


def _await_joins(session, joins):
    for monitor in session.monitors.values():
        monitor.wait_for("SF_ESTABLISHED", joins)


def _play(session, misuse):
    """Returns the honest connections, closed, and the seconds until the notice, or None."""
    network = session.network
    server = Server(network.server, ADDRESS, PORT)
    joins = misuse.subflows - 1
    with Wire(session.hosts[misuse.beside], ENDS[misuse.beside], ADDRESSES) as wire:
        honest = [server.connect(network.client) for _ in range(BEFORE)]
        for connection in honest:
            connection.exchange(1000)
        _await_joins(session, joins * len(honest))
        victim, *others = honest
        victim.exchange(20000)
        rogue = Rogue(wire, victim.flow)
        rogue.hear()
        with Crowd(others, server, network.client):
            left = misuse.attack(rogue)
            seconds = wait_for_notice(session.sensor, misuse.notice, left)
        honest = [victim, *others, server.connect(network.client)]
        for connection in honest:
            connection.exchange(20000)
        _await_joins(session, joins * len(honest))
        time.sleep(SETTLE_S)
    for connection in honest:
        connection.close()
    server.close()
    return honest, seconds


def _is_rogue(row):
    return not {row["orig_h"], row["resp_h"]}.isdisjoint(ADDRESSES)


def _tally_problems(what, rows, name, expected):
    """One sentence where the values of a field are not as many of each as expected."""
    seen, expected = (dict(collections.Counter(values)) for values in ((row[name] for row in rows), expected))
    return [] if seen == expected else [f"{what} are {seen} instead of {expected}"]


def _honest_problems(misuse, honest, connections, subflows):
    """Sentences on rows that are not what the hosts' programs did. The first of `honest` is the victim."""
    rows = {(row["orig_h"], row["orig_p"], row["resp_h"], row["resp_p"]): row for row in connections}
    problems = []
    for number, connection in enumerate(honest):
        expected = {
            "outcome": "established",
            "close": "data_fin",
            "orig_acked_bytes": connection.sent,
            "resp_acked_bytes": connection.sent,
            "subflows": misuse.subflows,
        }
        row = rows.get(connection.flow, {})
        seen = {name: row.get(name) for name in expected}
        if seen != expected:
            problems.append(f"{connection.flow}: {seen} instead of {expected}")
    unproven = [row for row in subflows if not row["isOrig"] and not (row["hmac_synack"] and row["hmac_ack"])]
    return problems + [f"an honest join is not proven: {row}" for row in unproven]


def _counter_problems(misuse, counted):
    """Sentences on counters of the host that the rogue spoke to: that the misuse reached its kernel."""
    host = "server" if misuse.beside == "client" else "client"
    return [
        f"nstat {name} of {host} is {counted[host][name]} instead of {count}"
        for name, count in misuse.counters.items()
        if counted[host].get(name, count) != count
    ]


def problems_of(misuse, directory):
    """(what is wrong with what the sensor made of `misuse`, seconds until it was noticed or None)."""
    with Session(misuse, directory, settings=misuse.settings) as session:
        honest, seconds = _play(session, misuse)
        before_end = len(session.sensor.rows("notice"))
        counted, problems = session.end()
        events, sensor = session.events(), session.sensor

    if seconds is None or seconds > NOTICED_S:
        problems.append(f"{misuse.notice} {'not noticed' if seconds is None else f'noticed after {seconds:.3f} s'}")
    notices = sensor.rows("notice")
    problems += _tally_problems("notices", notices[:before_end], "note", [misuse.notice["note"]])
    problems += _tally_problems("notices at the end", notices[before_end:], "note", misuse.later)
    rogue_subflows = filter(_is_rogue, sensor.rows("mptcp_subflow"))
    problems += _tally_problems("the rogue's subflows", rogue_subflows, "state", misuse.rogue_states)

    connections, subflows = ([row for row in sensor.rows(log) if not _is_rogue(row)] for log in ("mptcp_conn", "mptcp_subflow"))
    problems += compare_with_kernel(events, connections, subflows)
    problems += _honest_problems(misuse, honest, connections, subflows)
    problems += nstat.problems_of(counted, sensor, ADDRESSES) + _counter_problems(misuse, counted)
    return problems, seconds
