"""One who is on the wire and is neither client nor server: hears, forges, and speaks MPTCP from addresses of his own.

Nothing of it is a kernel's: his addresses are on no interface, so that nobody resets what he opens.
"""

import ipaddress
import os

import mptcp_options as mptcp
from segments import ACK, MSS, RST, SYN, Segment

ADDRESSES = tuple(str(address) for address in ipaddress.ip_network("10.77.1.64/26").hosts())
ADDRESS = ADDRESSES[1]
FIRST_PORT = 40000
ANSWER_S = 2
_NOP_NOP_TIMESTAMP = bytes((1, 1, 8, 10))


def _random_number():
    return int.from_bytes(os.urandom(4), "big")


def mirrored(flow):
    """The same flow in the other direction."""
    return flow[2:] + flow[:2]


class Rogue:
    """Has heard `victim`, the flow of an honest connection's initial subflow, from its SYN on."""

    def __init__(self, wire, victim):
        self._wire = wire
        self.victim = victim
        self._latest = {}  # the last segment of a flow
        self._handshakes = {}  # (flow, step): its first segment
        self._ports = iter(range(FIRST_PORT, 65536))

    # What he hears.

    def hear(self, wanted=None, seconds=0):
        """Takes in what passes, until it is `wanted`; returns that, or None when it does not come in time."""
        for segment in self._wire.segments(seconds):
            self._latest[segment.flow] = segment
            self._handshakes.setdefault((segment.flow, segment.step), segment)
            if wanted and wanted(segment):
                return segment
        return None

    def _await(self, what, wanted):
        segment = self.hear(wanted, ANSWER_S)
        if segment is None:
            raise RuntimeError(f"the rogue waited for {what} in vain")
        return segment

    def keys(self):
        """(the client's, the server's) of the victim, as its third ACK gave them away."""
        option = self._handshakes[self.victim, ACK].mptcp(mptcp.MP_CAPABLE)
        return option[4:12], option[12:20]

    def token(self):
        """The server's, which the victim's SYN/ACK gave away."""
        return mptcp.derive_token(self._handshakes[mirrored(self.victim), SYN | ACK].mptcp(mptcp.MP_CAPABLE)[4:12])

    def subflows(self):
        """Flows, from the client to the server, of the victim's subflows on this wire."""
        token = self.token()
        joins = [flow for (flow, step), syn in self._handshakes.items()
                 if step == SYN and (syn.mptcp(mptcp.MP_JOIN) or b"")[4:8] == token]  # fmt: skip
        return [self.victim, *joins]

    # What he forges.

    def forge(self, flow, option):
        """Sends `option` in the sender's name, in sequence: an ACK that says nothing else. Returns when it left."""
        self.hear()
        own, other = self._latest[flow], self._latest[mirrored(flow)]
        timestamp = b"" if own.timestamp is None else _NOP_NOP_TIMESTAMP + own.timestamp + other.timestamp
        return self._wire.send(
            Segment(flow, ACK, own.next_sequence, other.next_sequence, timestamp + option, b"", own.window, self._wire.mac)
        )

    # What he says in his own name.

    def open(self, option, address=ADDRESS):
        """Sends a SYN with `option` to the victim's server; returns (when it left, the segment)."""
        flow = (address, next(self._ports), *self.victim[2:])
        syn = Segment(flow, SYN, _random_number(), options=MSS + option, source_mac=self._wire.mac)
        return self._wire.send(syn), syn

    def await_answer(self, syn):
        """The segment that answers one of his SYNs."""
        return self._await("an answer to his SYN", lambda segment: segment.flow == mirrored(syn.flow))

    def await_join(self, address=ADDRESS):
        """The SYN of a join to one of his addresses."""
        return self._await("a join", lambda segment: segment.flow[2] == address and segment.mptcp(mptcp.MP_JOIN))

    def answer(self, segment, flags, option=b"", payload=b"", sent=0):
        """Answers `segment`, after `sent` bytes of his own behind the SYN; returns when the answer left."""
        flow = mirrored(segment.flow)
        sequence = segment.acknowledgement + sent if segment.flags & ACK else _random_number()
        options = (MSS if flags & SYN else b"") + option
        return self._wire.send(
            Segment(flow, flags, sequence, segment.next_sequence, options, payload, source_mac=self._wire.mac)
        )

    def reset(self, segment, sent=0):
        """Ends what `segment` answers."""
        self.answer(segment, RST | ACK, sent=sent)


def join_of(token):
    """The option of a join's SYN, with any nonce."""
    return mptcp.mp_join_syn(token, os.urandom(4), address_id=66)


def random_key():
    """A key that nobody has."""
    return os.urandom(8)
