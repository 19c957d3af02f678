"""A flood amid honest connections, sent into a veth pair whose other end a sensor reads."""

import socket
import time

import golden
from equations import violations_at_rest
from floods import is_hostile
from mptap import START_S, Sensor
from netns import inside
from option_bytes import frames_in
from without_root import Tap

PLAY_S = 15  # for the minute of the capture
LATE_S = 0.005
GROWTH_MIB = 16
SETTINGS = """\
hugepages: never
subflows: {capacity: 1024}
connections: {max: 1024, max_waiting_joins: 64}
detectors:
  join_flood: {max_receivers: 64}
  token_guessing: {max_sources: 64}
"""


def _timed_frames(data):
    """(seconds since the first, frame) of a little-endian pcap file's bytes."""
    first = None
    for _, start, size in frames_in(data):
        seconds = int.from_bytes(data[start - 16 : start - 12], "little") + int.from_bytes(data[start - 12 : start - 8], "little") / 1e6
        first = seconds if first is None else first
        yield seconds - first, data[start : start + size]


def _play(frames, send):
    """Sends them stretched over PLAY_S; returns how long it took."""
    pace = PLAY_S / frames[-1][0]
    started = time.monotonic()
    for due, frame in frames:
        if (early := started + due * pace - time.monotonic()) > LATE_S:
            time.sleep(early)
        send(frame)
    return time.monotonic() - started


def _resident_mib(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        return next(int(line.split()[1]) / 1024 for line in status if line.startswith("VmHWM"))


def problems_of(capture, truth, folder):
    """(what is wrong, a line of figures)."""
    frames = list(_timed_frames(capture.read_bytes()))
    logs = folder / "live"
    logs.mkdir(exist_ok=True)
    with Tap() as tap, Sensor(tap.namespace, "tap0", logs, settings=SETTINGS) as sensor:
        with inside(tap.namespace):
            sender = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
        sender.bind(("tap0-in", 0))
        before = _resident_mib(sensor.pid)
        seconds = _play(frames, sender.send)
        sender.close()
        deadline = time.monotonic() + START_S
        while (unseen := len(frames) - sensor.metric("mptap_rx_packets_total") - sensor.metric("mptap_port_nic_missed_total")) != 0:
            if time.monotonic() > deadline:
                break
            time.sleep(0.1)
        missed, vital = sensor.metric("mptap_port_nic_missed_total"), sensor.metric('mptap_ring_full_total{worker="0",class="vital"}')
        grown = _resident_mib(sensor.pid) - before
        wrong_sums = violations_at_rest(sensor.scrape)
        code = sensor.stop()
        connections, subflows = (
            [row for row in sensor.rows(log) if not is_hostile(row)] for log in ("mptcp_conn", "mptcp_subflow"))  # fmt: skip
    problems = golden.problems_of({**truth, "extra": {}}, connections, subflows, [])
    wanted = len(truth["connections"]) + sum(len(connection["subflows"]) for connection in truth["connections"])
    right = wanted - sum(problem.startswith(("connection missing", "subflow missing")) for problem in problems)
    for wrong, sentence in ((unseen, f"{unseen:.0f} frames were neither received nor missed"), (missed, f"{missed:.0f} frames were missed"),
                            (vital, f"{vital:.0f} vital records were lost"), (code, f"exit code {code}"),
                            (grown > GROWTH_MIB, f"memory grew by {grown:.1f} MiB, {GROWTH_MIB} are allowed")):
        if wrong:
            problems.append(sentence)
    problems += wrong_sums
    figures = (f"{len(frames)} packets in {seconds:.1f} s ({len(frames) / seconds / 1000:.1f} thousand a second), "
               f"{right} of {wanted} honest rows right, {grown:+.1f} MiB")  # fmt: skip
    return problems, figures
