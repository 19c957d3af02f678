"""MPTCP options of a capture as tshark decodes them, in the form that mptap-decode prints."""

import ipaddress
import itertools
import json
import subprocess

# Each packet is to be read by itself, as the decoder under test does.
PREFERENCES = (
    "ip.defragment:FALSE",
    "ipv6.defragment:FALSE",
    "tcp.desegment_tcp_streams:FALSE",
    "tcp.analyze_sequence_numbers:FALSE",
)
CAPABLE, JOIN, DSS, ADD_ADDR, REMOVE_ADDR, PRIO, FAIL, FASTCLOSE, RESET = range(9)
FIELD = "tcp.options.mptcp."


def decode(path):
    """{packet number: [option, ...]} of every segment with MPTCP options."""
    command = ["tshark", "-r", str(path), "-Y", "tcp.options.mptcp.subtype", "-T", "json", "--no-duplicate-keys"]
    for preference in PREFERENCES:
        command += ["-o", preference]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    if done.returncode != 0 and not done.stdout:
        raise RuntimeError(f"tshark: {done.stderr.strip()}")
    packets = (packet["_source"]["layers"] for packet in json.loads(done.stdout or "[]"))
    return {int(layers["frame"]["frame.number"]): _options(layers["tcp"]) for layers in packets}


def _options(tcp):
    if isinstance(tcp, list):  # tunnels: the innermost is the one that carries options
        tcp = tcp[-1]
    trees = tcp["tcp.options_tree"]["mptcp"]
    trees = trees if isinstance(trees, list) else [trees]
    return list(itertools.starmap(_option, zip(trees, itertools.chain(_raw_options(tcp), itertools.repeat(b"")))))


def _raw_options(tcp):
    """The bytes of each option of kind 30, as long as the list can be walked."""
    options = bytes.fromhex(tcp["tcp.options"].replace(":", ""))
    while len(options) >= 2 and options[0] != 0:
        length = 1 if options[0] == 1 else options[1]
        if not 0 < length <= len(options):
            return
        if options[0] == 30:
            yield options[:length]
        options = options[length:]


class _Fields:
    """One option's fields by short name. Of a malformed option tshark leaves some out: they are None."""

    def __init__(self, tree):
        self._tree = tree

    def __contains__(self, name):
        return FIELD + name in self._tree

    def text(self, name):
        return self._tree.get(FIELD + name)

    def number(self, name):
        text = self.text(name)
        return None if text is None else int(text, 0)

    def hexadecimal(self, name, digits):
        number = self.number(name)
        return None if number is None else f"{number:0{digits}x}"

    def flag(self, name):
        """A bit of the flags byte; tshark prints it as 0, 1, or False, True."""
        return self._tree.get(FIELD + "flags_tree", {}).get(FIELD + name) in ("1", "True", "0x01")


def _option(tree, raw):
    fields = _Fields(tree)
    option = {"subtype": fields.number("subtype"), "length": int(tree["tcp.option_len"])}
    if option["subtype"] in _DECODERS:
        option.update(_DECODERS[option["subtype"]](fields, option["length"]))
    if option["subtype"] == DSS and "checksum" not in option and len(raw) == _dss_bytes(option) + 2:
        option["checksum"] = int.from_bytes(raw[-2:], "big")  # tshark 4.0 tells only that of MP_CAPABLE
    return option


def _capable(fields, length):
    option = {"version": fields.number("version"), "flags": fields.number("flags")}
    if "sendkey" in fields:
        option["sender_key"] = fields.hexadecimal("sendkey", 16)
    if "recvkey" in fields:
        option["receiver_key"] = fields.hexadecimal("recvkey", 16)
    if "datalvllen" in fields:
        option["data_len"] = fields.number("datalvllen")
    if "checksum" in fields:
        option["checksum"] = fields.number("checksum")
    return option


def _join(fields, length):
    option = {}
    if length != 24:
        option["backup"] = fields.flag("backup.flag")
        option["address_id"] = fields.number("addrid")
        option["nonce"] = fields.hexadecimal("sendrand", 8)
    if "recvtok" in fields:
        option["token"] = fields.hexadecimal("recvtok", 8)
    if "sendtrunchmac" in fields:
        option["hmac"] = fields.hexadecimal("sendtrunchmac", 16)
    if "sendhmac" in fields:
        option["hmac"] = fields.text("sendhmac").replace(":", "")
    return option


def _dss(fields, length):
    option = {"flags": fields.number("flags")}
    if "rawdataack" in fields:
        option["data_ack"] = fields.text("rawdataack")
        option["data_ack_bytes"] = 8 if fields.flag("dataack8.flag") else 4
    if "rawdataseqno" in fields:
        option["dsn"] = fields.text("rawdataseqno")
        option["dsn_bytes"] = 8 if fields.flag("dseqn8.flag") else 4
        option["ssn"] = fields.number("subflowseqno")
        option["data_len"] = fields.number("datalvllen")
    if "checksum" in fields:
        option["checksum"] = fields.number("checksum")
    return option


def _dss_bytes(option):
    """Length of a DSS with these fields but no checksum; 0 where it has no mapping."""
    return 4 + option.get("data_ack_bytes", 0) + option["dsn_bytes"] + 6 if "dsn_bytes" in option else 0


def _add_addr(fields, length):
    address = fields.text("ipv4") or fields.text("ipv6")
    option = {
        "ip_version": ipaddress.ip_address(address).version if address else None,
        "echo": "echo" in fields and fields.number("echo") == 1,
        "address_id": fields.number("addrid"),
        "address": address,
    }
    if "port" in fields:
        option["port"] = fields.number("port")
    if "addaddrtrunchmac" in fields:
        option["hmac"] = fields.hexadecimal("addaddrtrunchmac", 16)
    return option


def _remove_addr(fields, length):
    identifiers = fields.text("addrid") or []
    if isinstance(identifiers, str):
        identifiers = [identifiers]
    return {"address_ids": [int(identifier, 0) for identifier in identifiers]}


def _prio(fields, length):
    option = {"backup": fields.flag("backup.flag")}
    if "addrid" in fields:
        option["address_id"] = fields.number("addrid")
    return option


def _fail(fields, length):
    return {"dsn": fields.text("rawdataseqno")}


def _fastclose(fields, length):
    return {"key": fields.hexadecimal("recvkey", 16)}


def _reset(fields, length):
    return {"transient": fields.flag("flag_T.flag"), "reason": fields.number("rst_reason")}


_DECODERS = {
    CAPABLE: _capable,
    JOIN: _join,
    DSS: _dss,
    ADD_ADDR: _add_addr,
    REMOVE_ADDR: _remove_addr,
    PRIO: _prio,
    FAIL: _fail,
    FASTCLOSE: _fastclose,
    RESET: _reset,
}
