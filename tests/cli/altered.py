"""Copies of captures with one bit of one option altered: each raises the right notice, and nothing else changes.

Every copy of the option is altered alike (retransmissions, a span's second copies), as a man on the path would.
"""

import collections
import dataclasses
import pathlib
import subprocess
import tempfile
from collections.abc import Callable

from mptap import BINARY, rows
from option_bytes import options_in

CAPABLE, JOIN, ADD_ADDR = 0, 1, 3


@dataclasses.dataclass(frozen=True)
class Alteration:
    """Which option, which byte of it, and the notice that must come of it."""

    what: str
    wants: Callable
    byte: int
    note: str
    cause: str | None = None


ALTERATIONS = (
    Alteration("an HMAC bit of a SYN/ACK", lambda o: o.subtype == JOIN and o.step == "syn_ack", 5, "join_hmac", "syn_ack"),
    Alteration("an HMAC bit of a third ACK", lambda o: o.subtype == JOIN and o.step == "ack", 9, "join_hmac", "ack"),
    Alteration("a token bit", lambda o: o.subtype == JOIN and o.step == "syn", 5, "unknown_join"),
    Alteration("a key bit of the SYN (v0)", lambda o: _capable(o, 0, "syn"), 6, "key_change", "initiator"),
    Alteration("a key bit of the SYN/ACK", lambda o: o.subtype == CAPABLE and o.step == "syn_ack", 6, "key_change", "responder"),
    Alteration("a bit of the own key in the third ACK", lambda o: _capable(o, None, "ack", 20), 6, "key_change", "initiator"),
    Alteration("a bit of the other's key in the third ACK", lambda o: _capable(o, None, "ack", 20), 14, "key_change", "responder"),
    Alteration("a bit of the own key in the first data (v1)", lambda o: _capable(o, 1, "ack", 22), 6, "key_change", "initiator"),
    Alteration("an address ID (v1)", lambda o: _signed_address(o), 3, "add_addr_hmac"),
    Alteration("an address (v1)", lambda o: _signed_address(o), 7, "add_addr_hmac"),
    Alteration("an HMAC bit of an ADD_ADDR", lambda o: _signed_address(o), -2, "add_addr_hmac"),
)


def _capable(option, version, step, length=None):
    return (
        option.subtype == CAPABLE
        and option.step == step
        and (version is None or option.version == version)
        and (length is None or len(option.data) in (length, length + 2 * (length == 22)))
    )


def _signed_address(option):
    return option.subtype == ADD_ADDR and len(option.data) in (16, 18, 28, 30)


def _notices(capture):
    """(note, cause) and how often, and the established subflows' rows."""
    with tempfile.TemporaryDirectory() as directory:
        command = [BINARY, "read", "--log-dir", directory, "--format", "json", capture]
        subprocess.run(command, check=True, capture_output=True, timeout=120)
        found = rows(directory, "notice")
    return collections.Counter((row["note"], row["cause"]) for row in found)


def _answered(options, joins):
    """Of the joins' SYNs, those whose SYN/ACK is there: of others nothing can be told."""
    answers = {option.flow for option in options if option.subtype == JOIN and option.step == "syn_ack"}
    return [option for option in joins if (*option.flow[2:], *option.flow[:2]) in answers]


def checks(capture):
    """Pairs of what was altered and what is wrong, for each option of the capture that an alteration wants."""
    original = capture.read_bytes()
    options = list(options_in(original))
    before = _notices(capture)
    for alteration in ALTERATIONS:
        wanted = [option for option in options if alteration.wants(option)]
        if alteration.what == "a token bit":
            wanted = _answered(options, wanted)
        problems, tried = [], set()
        for option in wanted:
            if (option.flow, option.data) in tried:
                continue
            tried.add((option.flow, option.data))
            problems += _problems(original, options, option, alteration, before)
        if tried:
            yield f"{alteration.what}, {len(tried)} of them", problems


def _problems(original, options, option, alteration, before):
    altered = bytearray(original)
    for same in options:
        if (same.flow, same.data) == (option.flow, option.data):
            altered[same.offset + alteration.byte % len(option.data)] ^= 0x04
    with tempfile.NamedTemporaryFile(suffix=".pcap") as file:
        pathlib.Path(file.name).write_bytes(altered)
        after = _notices(file.name)
    expected = before + collections.Counter({(alteration.note, alteration.cause): 1})
    if after == expected:
        return []
    more, less = after - expected, expected - after
    return [f"byte {option.offset} of the file: too much {dict(more)}, too little {dict(less)}"]
