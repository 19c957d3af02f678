"""Options of MPTCP v1 and what is derived from keys (RFC 8684 section 3), for those who speak it by hand."""

import hashlib
import hmac
import ipaddress
import struct

MP_CAPABLE, MP_JOIN = 0, 1
_KIND = 30
_VERSION = 1
_HMAC_SHA256 = 0x01  # flag H of MP_CAPABLE


def derive_token(key):
    """The token of the host that has `key`."""
    return hashlib.sha256(key).digest()[:4]


def derive_add_addr_hmac(sender_key, receiver_key, address_id, address):
    """The HMAC of an ADD_ADDR without a port."""
    message = bytes((address_id,)) + ipaddress.ip_address(address).packed + b"\0\0"
    return hmac.digest(sender_key + receiver_key, message, "sha256")[-8:]


def _option(subtype, low_nibble, body):
    return bytes((_KIND, 3 + len(body), subtype << 4 | low_nibble)) + body


def mp_capable(keys=b"", data_len=None):
    """That of the SYN (no keys), of the third ACK (both keys), or of the first data, which has `data_len`."""
    behind = b"" if data_len is None else struct.pack("!H", data_len)
    return _option(0, _VERSION, bytes((_HMAC_SHA256,)) + keys + behind)


def mp_join_syn(token, nonce, address_id):
    """Of the SYN of a join."""
    return _option(1, 0, bytes((address_id,)) + token + nonce)


def mp_join_syn_ack(hmac64, nonce, address_id):
    """Of its SYN/ACK."""
    return _option(1, 0, bytes((address_id,)) + hmac64 + nonce)


def mp_join_ack(hmac160):
    """Of its third ACK."""
    return _option(1, 0, b"\0" + hmac160)


def add_addr(address_id, address, hmac64):
    """An address without a port."""
    return _option(3, 0, bytes((address_id,)) + ipaddress.ip_address(address).packed + hmac64)


def remove_addr(address_ids):
    """Address IDs that are no more."""
    return _option(4, 0, bytes(address_ids))


def mp_prio_backup():
    """Makes a backup of the path that carries it."""
    return _option(5, 1, b"")


def mp_fastclose(receiver_key):
    """Ends the connection."""
    return _option(7, 0, b"\0" + receiver_key)
