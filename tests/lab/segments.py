"""IPv4 TCP segments in Ethernet frames, to bytes and back."""

import dataclasses
import ipaddress
import struct

FIN, SYN, RST, ACK = 0x01, 0x02, 0x04, 0x10
ETHERTYPE_IPV4 = 0x0800
KIND_END, KIND_NOP, KIND_TIMESTAMP, KIND_MPTCP = 0, 1, 8, 30
MSS = bytes((2, 4, 5, 0xB4))


@dataclasses.dataclass(frozen=True)
class Segment:
    """What of a segment the lab looks at. `flow` is source, its port, destination, its port."""

    flow: tuple
    flags: int
    sequence: int
    acknowledgement: int = 0
    options: bytes = b""
    payload: bytes = b""
    window: int = 0xFFFF
    source_mac: bytes = b""

    @property
    def step(self):
        """SYN and ACK alone: which part of a handshake it is."""
        return self.flags & (SYN | ACK)

    @property
    def next_sequence(self):
        """The sequence number behind it."""
        size = len(self.payload) + bool(self.flags & SYN) + bool(self.flags & FIN)
        return (self.sequence + size) & 0xFFFFFFFF

    def option_list(self):
        """(kind, whole option) of each option that is more than one byte."""
        at = 0
        while at + 1 < len(self.options) and self.options[at] != KIND_END:
            kind, length = self.options[at], self.options[at + 1]
            if kind == KIND_NOP:
                at += 1
            elif length < 2:
                return
            else:
                yield kind, self.options[at : at + length]
                at += length

    def mptcp(self, subtype):
        """Its first MPTCP option of `subtype`, or None."""
        found = (option for kind, option in self.option_list() if kind == KIND_MPTCP and option[2] >> 4 == subtype)
        return next(found, None)

    @property
    def timestamp(self):
        """TSval as bytes, or None."""
        return next((option[2:6] for kind, option in self.option_list() if kind == KIND_TIMESTAMP), None)


def _checksum(data):
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def _with_checksum(header, at, covered_before=b"", covered_behind=b""):
    return header[:at] + struct.pack("!H", _checksum(covered_before + header + covered_behind)) + header[at + 2 :]


def build_frame(segment, destination_mac):
    """The frame that carries `segment`; options are padded to words."""
    source, source_port, destination, destination_port = segment.flow
    hosts = ipaddress.ip_address(source).packed + ipaddress.ip_address(destination).packed
    options = segment.options + bytes((KIND_NOP,)) * (-len(segment.options) % 4)
    tcp = struct.pack(
        "!HHIIBBHHH", source_port, destination_port, segment.sequence, segment.acknowledgement,
        (20 + len(options)) << 2, segment.flags, segment.window, 0, 0,
    ) + options  # fmt: skip
    pseudo_header = hosts + struct.pack("!HH", 6, len(tcp) + len(segment.payload))
    tcp = _with_checksum(tcp, 16, pseudo_header, segment.payload)
    size = 20 + len(tcp) + len(segment.payload)
    ip = _with_checksum(struct.pack("!BBHHHBBH", 0x45, 0, size, 0, 0x4000, 64, 6, 0) + hosts, 10)
    return destination_mac + segment.source_mac + struct.pack("!H", ETHERTYPE_IPV4) + ip + tcp + segment.payload


def parse_frame(frame):
    """The segment in an Ethernet frame, or None where there is no IPv4 TCP in it."""
    if len(frame) < 54 or frame[12:14] != b"\x08\x00" or frame[14] != 0x45 or frame[23] != 6:
        return None
    (size,) = struct.unpack_from("!H", frame, 16)
    tcp, end = 34, 14 + size
    source_port, destination_port, sequence, acknowledgement, offset, flags, window = struct.unpack_from("!HHIIBBH", frame, tcp)
    payload = tcp + (offset >> 4) * 4
    source, destination = (str(ipaddress.IPv4Address(frame[at : at + 4])) for at in (26, 30))
    return Segment(
        (source, source_port, destination, destination_port), flags, sequence, acknowledgement,
        frame[tcp + 20 : payload], frame[payload:end], window, frame[6:12],
    )  # fmt: skip
