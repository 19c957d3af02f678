"""Attacks through the wire: a flood of joins with a right token from forged sources, a rogue who joins without the keys, and one
who forges ADD_ADDRs.

Each check returns sentences on what is wrong.
"""

import contextlib
import json
import pathlib
import random
import socket
import subprocess
import threading
import time

import mptcp_options as mptcp
import nstat
import raw
from between import Between, address_of
from bump import Wire
from monitor import Monitor
from mptap import BINARY
from netns import inside, run_in
from segments import ACK, MSS, SYN, Segment, build_frame, parse_frame
from support import wait_for
from transfer import IPPROTO_MPTCP, PORT

JOINS = 40_000  # at a pace that no queue between overflows at
FULL_RATE_JOINS, LONG_JOINS = 300_000, 600_000
HONEST = 3  # connections that are opened meanwhile, each of which joins
JOINED_S = 12  # a SYN that was held back comes again after a second, and once more after three
OVER_S = 10
SETTINGS = """detectors:
  join_flood:
    interval: 1s
    threshold: 200
    known_token_threshold: 100
    pass_per_second: 20
    mitigation: {mode}"""


ROGUE = ("10.78.1.99", 40_000)
ROGUE_SETTINGS = "detectors: {{join_hmac: {{mitigation: {mode}}}}}"
ROGUE_SEGMENTS = 50
CAP_NET_RAW = 13
FORGER_SETTINGS = "detectors: {{add_addr_hmac: {{mitigation: {mode}}}}}"
FORGED = 5


class Hosts:
    """A server that takes what comes, and the client's connections to it."""

    def __init__(self, network):
        self._network, self._open = network, []
        self._listener = self._socket(network.server)
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._listener.bind(("", PORT))
        self._listener.listen(16)

    def _socket(self, namespace):
        with inside(namespace):
            made = socket.socket(socket.AF_INET, socket.SOCK_STREAM, IPPROTO_MPTCP)
        self._open.append(made)
        made.settimeout(JOINED_S)
        return made

    def connect(self):
        """One more connection, with a byte of data: hosts join only after that."""
        near = self._socket(self._network.client)
        near.connect((address_of("server"), PORT))
        far, _ = self._listener.accept()
        self._open.append(far)
        near.sendall(b"x")
        far.recv(1)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for one in self._open:
            one.close()


def joins_of(token, mac, count=JOINS):
    """Frames of join SYNs to the server's second address, each of another source and port."""
    chance = random.Random(7)
    frames = []
    for number in range(count):
        source = f"10.78.1.{10 + number % 240}"
        flow = (source, 1024 + number // 240, address_of("server", 1), PORT)
        option = MSS + mptcp.mp_join_syn(token, chance.randbytes(4), 1 + number % 200)
        frames.append(build_frame(Segment(flow, SYN, chance.getrandbits(32), options=option, source_mac=raw.MAC), mac))
    return frames


def _token(monitor):
    """Of the server, as its kernel tells it."""
    return bytes.fromhex(monitor.events("ESTABLISHED")[0]["token"].zfill(8))


def _mac(network, device="s1"):
    return bytes.fromhex(run_in(network.server, "cat", f"/sys/class/net/{device}/address").strip().replace(":", ""))


def _paced(sender, frames):
    """Begins to send; returns what waits for the end, see End.flood()."""
    thread = threading.Thread(target=lambda: sender.send(frames, at_once=16))
    begun = time.monotonic()
    thread.start()

    def wait():
        thread.join()
        return len(frames), time.monotonic() - begun

    return wait


def flood_at_full_rate(directory, mode, joins=FULL_RATE_JOINS):
    """As fast as one core sends, which may be beyond what the wire between carries."""
    return flood(directory, mode, joins, raw.End.flood)


def long_flood_at_full_rate(directory, mode):
    """The same, for longer."""
    return flood_at_full_rate(directory, mode, LONG_JOINS)


def flood(directory, mode, joins=JOINS, begin=_paced):
    """A flood with the mitigation `mode`: how much of it reaches the server, whether honest hosts join meanwhile, and the rule's end."""
    with contextlib.ExitStack() as stack:
        network = stack.enter_context(Between())
        wire = stack.enter_context(Wire(network, directory, settings=SETTINGS.format(mode=mode)))
        monitor = stack.enter_context(Monitor(network.server))
        hosts = stack.enter_context(Hosts(network))
        hosts.connect()
        monitor.wait_for("SF_ESTABLISHED")
        frames = joins_of(_token(monitor), _mac(network), joins)
        before = nstat.read(network.server)
        sender = stack.enter_context(raw.End(network.client, "c1"))
        end_of_flood = begin(sender, frames)
        under_attack = wait_for(lambda: any(row["note"] == "join_flood" for row in wire.rows("notice")), 5)
        for _ in range(HONEST):
            hosts.connect()
        joined = wait_for(lambda: len(monitor.events("SF_ESTABLISHED")) == 1 + HONEST, JOINED_S if mode == "enforce" else 1)
        sent, seconds = end_of_flood()
        over = wait_for(lambda: any(row["note"] == "join_flood_end" for row in wire.rows("notice")) and wire.metric("mptap_rules") == 0, OVER_S)
        problems = wire.wrong_sums()
        missed = wire.metric("mptap_port_nic_missed_total")
        passed = nstat.moved(before, nstat.read(network.server))["MPJoinSynRx"]
        held, seen, spared = (int(wire.metric(f"mptap_{what}_joins_total")) for what in ("held_back", "observed", "spared"))
        problems += wire.ends()
        if not under_attack:
            problems.append("no join_flood was told")
        let_in = len(monitor.events("SF_ESTABLISHED")) - 1
        if mode == "enforce" and not joined:  # else the flood keeps honest joins out, or not, as the server's luck is
            problems.append(f"{let_in} of {HONEST} honest joins were let in")
        if not over:
            problems.append("the flood, or its rule, has no end")
        told = [row["cause"] for row in wire.rows("notice") if row["note"] == "mitigation"]
        if told != ([] if mode == "off" else ["start", "end"]):
            problems.append(f"of rules it tells {told}")
        # What the port missed never came to the sensor; a right token makes the server compute an HMAC.
        came = sent - missed
        print(f"flood, {mode}: {sent} joins, {sent / seconds:,.0f} a second, {missed:.0f} missed by the port, {passed} came to the server, "
              f"{held} held back, {seen} observed, {spared} spared; {let_in} of {HONEST} honest joins let in")
        if mode == "enforce":
            if not spared:
                problems.append("no join was spared, though its source had joined before")
            if passed > came / 10 or held < came * 0.9 or seen:
                problems.append(f"{passed} of {came:.0f} joins came to the server, {held} were held back, {seen} observed")
        elif passed < came or held:
            problems.append(f"{passed} of {came:.0f} joins came to the server, {held} were held back")
        if (seen > came / 2) != (mode == "observe"):
            problems.append(f"{seen} of {came:.0f} joins were observed")
    return problems


def by_hand(directory, _):
    """An operator's rule, by `mptap mitigations`, while no detector may hold anything back: begun, obeyed, counted, ended; and who may."""
    count = 200
    with contextlib.ExitStack() as stack:
        network = stack.enter_context(Between())
        wire = stack.enter_context(Wire(network, directory))
        frames = joins_of(bytes(4), _mac(network))[:3 * count]
        near, far = stack.enter_context(raw.End(network.client, "c1")), stack.enter_context(raw.End(network.server, "s1"))

        def ask(*words, code=0, before=()):
            command = [*before, BINARY, "mitigations", *words, "--socket", directory / "control.sock"]
            done = subprocess.run(command, capture_output=True, text=True, timeout=10)
            if done.returncode != code:
                raise RuntimeError(f"mptap mitigations {' '.join(words)} ends with {done.returncode}: {done.stderr.strip()}")
            return done.stdout if code == 0 else done.stderr

        def came_of(sent):
            near.send(sent)
            return len(far.received(len(sent), 1))

        def rules():
            return [(rule["number"], rule["enforced"], rule["packets"]) for rule in json.loads(ask("--json"))["mitigations"]]

        receiver = address_of("server", 1)
        said = [ask(), ask("add", "--receiver", receiver, "--joins-per-second", "0", "--observe")]
        found = [came_of(frames[:count]), rules()]
        said.append(ask("add", "--receiver", receiver, "--joins-per-second", "0", "--seconds", "60"))
        found += [came_of(frames[count:2 * count]), rules()]
        said += [ask("list"), ask("remove", "2"), ask("remove", "2", code=1), ask("add", "--receiver", "10.0.0.0/8", code=1)]
        found += [came_of(frames[2 * count:]), rules()]
        (directory / "control.sock").chmod(0o666)
        directory.chmod(0o755)
        other = ("setpriv", "--reuid=65534", "--clear-groups")
        said += [ask(before=other), ask("add", "--receiver", receiver, code=1, before=other)]
        problems = wire.wrong_sums()
        dropped = int(wire.metric("mptap_inline_dropped_total"))
        problems += wire.ends()
    if found != (wanted := [count, [(1, False, count)], 0, [(2, True, count)], count, []]):
        problems.append(f"frames that came and rules are {found} instead of {wanted}")
    if dropped != count:
        problems.append(f"{dropped} frames were dropped instead of {count}")
    wanted = ("nothing is held back", "rule 1 is in force", "rule 2 is in force", f"rule 2, by hand: joins to {receiver} beyond 0 a second; "
              f"{count} held back", "rule 2 has ended", "there is no rule 2", "is no address", "nothing is held back", "only root")
    problems += [f"it says {text.strip()!r} instead of {part!r}" for text, part in zip(said, wanted, strict=True) if part not in text]
    told = [row["msg"] for row in wire.rows("notice") if row["note"] == "mitigation"]
    parts = ("rule 1: asked for by hand", "another takes its place", "rule 2: asked for by hand", f"ended by hand; {count} were")
    if len(told) != len(parts) or not all(part in message for part, message in zip(parts, told)):
        problems.append(f"notices of rules are {told}")
    return problems


class Rogue:
    """Joins a connection of honest hosts with the right token and a wrong HMAC, and has been told of."""

    def __init__(self, stack, directory, settings, wrapped_by=()):
        self.network = stack.enter_context(Between())
        run_in(self.network.server, "ip", "neighbour", "add", ROGUE[0], "lladdr", raw.MAC.hex(":"), "dev", "s1")
        self.wire = stack.enter_context(Wire(self.network, directory, settings=settings, wrapped_by=wrapped_by))
        self.monitor = stack.enter_context(Monitor(self.network.server))
        self.hosts = stack.enter_context(Hosts(self.network))
        self.hosts.connect()
        self.monitor.wait_for("SF_ESTABLISHED")
        self._near = stack.enter_context(raw.End(self.network.client, "c1"))
        self.far = stack.enter_context(raw.End(self.network.server, "s1"))
        self._send(SYN, 1000, options=MSS + mptcp.mp_join_syn(_token(self.monitor), b"\1\2\3\4", 9))
        answers = self._near.received_to(raw.MAC, 1)
        if not answers:
            raise RuntimeError("the server does not answer the rogue's SYN: this checks nothing")
        self._behind = parse_frame(answers[0]).next_sequence
        self._send(ACK, 1001, self._behind, mptcp.mp_join_ack(bytes(20)))
        if not wait_for(lambda: any(row["note"] == "join_hmac" for row in self.wire.rows("notice")), 5):
            raise RuntimeError("no join_hmac was told: this checks nothing")

    def _send(self, flags, sequence, acknowledgement=0, options=b"", payload=b""):
        flow = (*ROGUE, address_of("server", 1), PORT)
        segment = Segment(flow, flags, sequence, acknowledgement, options, payload, source_mac=raw.MAC)
        self._near.send([build_frame(segment, _mac(self.network))])

    def goes_on(self, count):
        """Sends so many segments; returns how many came to the server."""
        for number in range(count):
            self._send(ACK, 1001 + 100 * number, self._behind, payload=bytes(100))
        return len(self.far.received(count, 1))


def rogue(directory, mode):
    """A rogue joins with the right token and a wrong HMAC, and goes on to send: his segments do not reach the server."""
    with contextlib.ExitStack() as stack:
        it = Rogue(stack, directory, ROGUE_SETTINGS.format(mode=mode))
        wire = it.wire
        if not wait_for(lambda: wire.metric("mptap_rules") == (mode != "off"), 5):
            return [f"{wire.metric('mptap_rules'):.0f} rules are in force"]
        came_before = len(it.far.received(2, 0.2))
        came = it.goes_on(ROGUE_SEGMENTS)
        it.hosts.connect()
        let_in = wait_for(lambda: len(it.monitor.events("SF_ESTABLISHED")) == 2, 5)
        problems = wire.wrong_sums()
        held, seen = (int(wire.metric(f"mptap_{what}_segments_total")) for what in ("held_back", "observed"))
        problems += wire.ends()
        if came_before != 2:
            problems.append(f"{came_before} frames of the rogue's handshake came to the server instead of 2")
        if not let_in:
            problems.append("an honest join was not let in")
        all_of_them = range(ROGUE_SEGMENTS, 2 * ROGUE_SEGMENTS + 1)  # and the server's answers
        none = range(1)
        wanted = {"off": (none, none), "observe": (none, all_of_them), "enforce": (all_of_them, none)}[mode]
        if came != (0 if mode == "enforce" else ROGUE_SEGMENTS) or held not in wanted[0] or seen not in wanted[1]:
            problems.append(f"of {ROGUE_SEGMENTS} segments {came} came to the server, {held} were held back, {seen} observed")
        return problems


def rogue_on_cards(directory, _):
    """Cards that take rules (there are none here: they are pretended) get the rogue's, give them up to look, and get them again while
    he goes on; what they let pass the workers hold back."""
    told = directory / "flows"
    pretended = ("env", f"LD_PRELOAD={BINARY.parents[1] / 'tests/unit/libfake_flows.so'}", f"FAKE_FLOWS={told}")
    with contextlib.ExitStack() as stack:
        it = Rogue(stack, directory, ROGUE_SETTINGS.format(mode="enforce") + "\nmitigation: {cards: true}", pretended)
        wire = it.wire
        socket = ("--socket", directory / "control.sock")

        def rule():
            said = subprocess.run([BINARY, "mitigations", "--json", *socket], capture_output=True, text=True, timeout=10).stdout
            return json.loads(said)["mitigations"][0]

        def flows(word):
            lines = told.read_text().splitlines() if told.exists() else []
            return sorted(line.removeprefix(word + " ") for line in lines if line.startswith(word) and ROGUE[0] in line)

        it.far.received(2, 0.2)  # the handshake's
        found = [wait_for(lambda: rule()["acts_in"] == "card", 2), wait_for(lambda: wire.metric("mptap_rules_on_cards") == 1, 2)]
        listed = subprocess.run([BINARY, "mitigations", *socket], capture_output=True, text=True, timeout=10).stdout
        there, back = (f"{ROGUE[0]}:{ROGUE[1]}", f"{address_of('server', 1)}:{PORT}")
        each = sorted([f"{there} > {back} count drop", f"{back} > {there} count drop"] * 4)  # ports
        found += [flows("create") == each, it.goes_on(ROGUE_SEGMENTS)]
        found += [wait_for(lambda: flows("destroy") == each and rule()["acts_in"] == "software", 6)]
        time.sleep(0.5)  # the look has begun
        found += [it.goes_on(ROGUE_SEGMENTS), wait_for(lambda: len(flows("create")) == 2 * len(each), 3)]
        threads = [task for task in pathlib.Path(f"/proc/{wire.pid}/task").iterdir() if (task / "comm").read_text().strip() == "mptap-cards"]
        keeps = [line.split()[1] for task in threads for line in (task / "status").read_text().splitlines() if line.startswith("CapPrm")]
        by_cards, by_all = int(wire.metric("mptap_card_packets_total")), rule()["packets"]
        subprocess.run([BINARY, "mitigations", "remove", str(rule()["number"]), *socket], check=True, capture_output=True, timeout=10)
        found += [wait_for(lambda: len(flows("destroy")) == 2 * len(each), 2), wait_for(lambda: wire.metric("mptap_rules_on_cards") == 0, 2)]
        problems = wire.wrong_sums()
        held = int(wire.metric("mptap_held_back_segments_total"))
        said = wire.stderr.read_text()
        problems += wire.ends()
        if found != [True, True, True, 0, True, 0, True, True, True]:
            problems.append(f"it went so: {found}; told were {told.read_text()!r}")
        if [int(capabilities, 16) for capabilities in keeps] != [1 << CAP_NET_RAW]:
            problems.append(f"the cards' thread keeps the capabilities {keeps}")
        if by_cards == 0 or by_all < by_cards or held < 2 * ROGUE_SEGMENTS:
            problems.append(f"cards dropped {by_cards}, the rule {by_all}; {held} were held back")
        if "cards of 4 inline ports" not in said or "held back, by a card now; for" not in listed:
            problems.append(f"it says {said!r} and lists {listed!r}")
        return problems


def forger(directory, mode):
    """One who sees the initial subflow, and no keys, forges ADD_ADDRs in it: the server gets none, and the one of its host all the same."""
    with contextlib.ExitStack() as stack:
        network = stack.enter_context(Between())
        wire = stack.enter_context(Wire(network, directory, settings=FORGER_SETTINGS.format(mode=mode)))
        monitor = stack.enter_context(Monitor(network.server))
        far = stack.enter_context(raw.End(network.server, "s0"))
        near = stack.enter_context(raw.End(network.client, "c0"))
        hosts = stack.enter_context(Hosts(network))
        mac = _mac(network, "s0")
        hosts.connect()
        monitor.wait_for("SF_ESTABLISHED")  # the server's own ADD_ADDR has passed
        segments = [parse_frame(frame) for frame in far.received_to(mac, 1000, 0.5)]
        last = [segment for segment in segments if segment and segment.flow[3] == PORT][-1]

        def frame_with(options):
            return build_frame(Segment(last.flow, ACK, last.next_sequence, last.acknowledgement, options, source_mac=raw.MAC), mac)

        forged = [mptcp.add_addr(7, f"10.78.0.{100 + number}", bytes([number] * 8)) for number in range(FORGED)]
        forged.append(forged[-1])  # sent again, as hosts do until it is echoed
        sent = [frame_with(option) for option in forged]

        def counted():
            return [int(wire.metric(f"mptap_{what}_addresses_total")) for what in ("struck", "observed", "unjudged")]

        before = counted()
        for frame in sent:
            near.send([frame])
            time.sleep(0.05)
        arrived = far.received(len(sent), 1)
        struck = [frame_with(bytes([1] * len(option))) for option in forged] if mode == "enforce" else sent
        # Where control was not in time on a busy machine a segment goes on, and is counted.
        passed = sum(came == whole != without for came, whole, without in zip(arrived, sent, struck))
        problems = raw.differences([whole if came == whole else without for came, whole, without in zip(arrived, sent, struck)], arrived)
        problems += [] if len(arrived) == len(sent) else [f"{len(arrived)} of {len(sent)} frames arrived"]
        told = wait_for(lambda: sum(row["note"] == "add_addr_hmac" for row in wire.rows("notice")) == FORGED, 5)
        if not told:
            problems.append("not each forged ADD_ADDR was told once")
        counts = tuple(now - then for now, then in zip(counted(), before))
        hosts.connect()
        if not wait_for(lambda: len(monitor.events("SF_ESTABLISHED")) == 2, 5):
            problems.append("an honest join was not let in")
        said = subprocess.run([BINARY, "mitigations", "--socket", directory / "control.sock"], capture_output=True, text=True, timeout=10).stdout
        problems += wire.problems() + wire.ends()
        count = len(sent)
        late = counts[2]
        if late > count / 3 or (mode == "enforce" and passed != late):
            problems.append(f"{late} of {count} were not judged, and {passed} passed")
        if counts != {"off": (0, 0, 0), "observe": (0, count - late, late), "enforce": (count - late, 0, late)}[mode]:
            problems.append(f"struck, observed and unjudged are {counts} of {count}")
        judged = count - late
        part = {"off": "nothing is held back", "observe": f"{judged} would have been struck", "enforce": f"; {judged} struck"}[mode]
        if part not in said or (mode != "off" and f"ADD_ADDR 10.78.0.{99 + FORGED} on the subflow {last.flow[0]}" not in said):
            problems.append(f"mptap mitigations says {said!r}")
        return problems
