"""Notices that carry their packet, and the capture of evidence: true to what was read, headers only, without a key."""

import base64
import pathlib
import struct
import subprocess
import tempfile

from mptap import BINARY, rows
from option_bytes import frames_in, options_in

CONFIG = "notices:\n  packet: on\n  evidence: on\n"
KEY_AT = 4
HOLDS_KEY = (0, 7)  # MP_CAPABLE, MP_FASTCLOSE

# Raised by counters or by silence: no packet is theirs.
WITHOUT_PACKET = {"cross_path_scatter", "data_ack_beyond", "half_open_join", "join_flood_end"}


def _blanked(data):
    """The capture's frames with their keys zeroed, and the keys."""
    blank, keys = bytearray(data), set()
    for option in options_in(data):
        if option.subtype in HOLDS_KEY and len(option.data) > KEY_AT:
            keys |= {option.data[at : at + 8] for at in range(KEY_AT, len(option.data) - 7, 8)}
            blank[option.offset + KEY_AT : option.offset + len(option.data)] = bytes(len(option.data) - KEY_AT)
    return [bytes(blank[start : start + size]) for _, start, size in frames_in(data)], keys


def _written(path):
    """(nanoseconds, bytes kept, bytes on the wire) of a pcap file with nanoseconds."""
    data, at, packets = path.read_bytes(), 24, []
    if data[:4] != b"\x4d\x3c\xb2\xa1":
        raise ValueError(f"{path.name} is no capture with nanoseconds")
    while at < len(data):
        seconds, nanoseconds, kept, wire = struct.unpack_from("<IIII", data, at)
        packets.append((seconds * 10**9 + nanoseconds, data[at + 16 : at + 16 + kept], wire))
        at += 16 + kept
    return packets


def _problems(capture, directory):
    config = directory / "mptap.yaml"
    config.write_text(CONFIG)
    logs = directory / "logs"
    command = [BINARY, "read", "--config", config, "--log-dir", logs, "--format", "json", capture]
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    frames, keys = _blanked(capture.read_bytes())
    heads = {frame[:length] for frame in frames for length in (54, 58, 74)}
    evidence = logs / "evidence.pcap"
    written = _written(evidence) if evidence.exists() else []
    for _, packet, wire in written:
        if not any(frame.startswith(packet) and len(frame) == wire for frame in frames):
            yield f"evidence.pcap has a packet that the capture has not: {packet.hex()}"
    kept = [packet for _, packet, _ in written]
    for row in rows(logs, "notice"):
        if row["packet"] is None:
            if row["note"] not in WITHOUT_PACKET and row["cause"] != "data_after":
                yield f"{row['note']} carries no packet"
            continue
        packet = base64.b64decode(row["packet"], validate=True)
        if not any(frame.startswith(packet) for frame in frames) or packet[:54] not in heads:
            yield f"{row['note']} carries a packet that the capture has not: {packet.hex()}"
        if packet not in kept:
            yield f"the packet of {row['note']} is not in evidence.pcap"
        yield from (f"{row['note']} carries a key" for key in keys if key in packet)
    for path in logs.iterdir():
        yield from (f"{path.name} holds a key" for key in keys if key in path.read_bytes() or key.hex() in path.read_text("latin-1"))


def checks(folders):
    """Pairs of a check's name and what is wrong, for captures with misuse."""
    for folder in folders:
        with tempfile.TemporaryDirectory() as name:
            yield folder.name, list(_problems(folder / "capture.pcap", pathlib.Path(name)))


def silence_problems(capture):
    """Without the settings there is neither."""
    with tempfile.TemporaryDirectory() as name:
        logs = pathlib.Path(name) / "logs"
        subprocess.run([BINARY, "read", "--log-dir", logs, "--format", "json", capture], check=True, capture_output=True, timeout=60)
        problems = [f"{row['note']} carries a packet" for row in rows(logs, "notice") if row["packet"] is not None]
        return problems + (["there is an evidence.pcap"] if (logs / "evidence.pcap").exists() else [])
