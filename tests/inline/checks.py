"""What is checked of mptap as a wire. Each function returns sentences on what is wrong."""

import contextlib
import os
import re
import signal
import subprocess
import threading
import time

import raw
from between import LINKS, Between
from bump import DESCRIPTORS, Wire, config_of
from likeness import Account
from mptap import BINARY
from netns import command_in
from transfer import Connection

FILE_BYTES = 16 << 20
LOAD_BYTES = 48 << 20
BLOCK_S = 0.008  # a load lasts 1.5 s at least, however fast the machine is
FRAMES = 3000


def like_a_cable(directory, driver, size=FILE_BYTES, settings=""):
    """Kernels tell the same of a connection with a join over the wire as over a cable; no frame is lost; files arrive whole."""
    with Between(cable=True) as network:
        cable = Account(network, min(size, FILE_BYTES))
    with Between() as network, Wire(network, directory, driver=driver, settings=settings) as wire:
        account = Account(network, size)
        problems = [f"over the cable: {sentence}" for sentence in cable.problems] + account.problems
        problems += cable.differences(account) + wire.problems() + wire.ends()
        connections = wire.rows("mptcp_conn")
        told = [(row["subflows"], row["outcome"]) for row in connections]
        if told != [(2, "established")]:
            problems.append(f"the sensor tells of connections {told} instead of one with 2 subflows")
        joins = [row["hmac_ack"] for row in wire.rows("mptcp_subflow") if not row["isOrig"]]
        if joins != [True]:
            problems.append(f"the sensor tells of joins whose HMACs are valid: {joins}")
    return problems


def frames_unchanged(directory, driver):
    """Frames of all kinds, numbered, come out as they went in and in their order, both ways."""
    kinds = list(raw.KINDS)
    lengths = (60, 128, 577, 1400, 1500)
    frames = [raw.build_frame(kinds[i % len(kinds)], i, lengths[i % len(lengths)]) for i in range(FRAMES)]
    if driver == "af_xdp":  # the kernel's ring of af_packet loses what kind of tag the outer one is
        head = frames[0][:12]
        frames += [head + bytes.fromhex("88a8000a8100000b0800") + i.to_bytes(4, "big") + bytes(90) for i in range(100)]
    with Between() as network, Wire(network, directory, driver=driver) as wire:
        problems = []
        for link in LINKS:
            client, server = (network.client, f"c{link}"), (network.server, f"s{link}")
            for near, far in ((client, server), (server, client)):
                with raw.End(*near) as sender, raw.End(*far) as receiver:
                    sender.send(frames)
                    found = raw.differences(frames, receiver.received(len(frames)))
                    problems += [f"{near[1]} to {far[1]}: {sentence}" for sentence in found]
        return problems + wire.problems() + wire.ends()


def too_long(directory, driver):
    """A frame longer than the partner takes is lost and counted; a tag is not held against it."""
    frames = {
        "as long as can be": raw.build_frame("ip", 1, 1514),
        "and a tag": raw.build_frame("vlan", 2, 1518),
        "one byte more": raw.build_frame("ip", 3, 1515),
        "one byte more, and a tag": raw.build_frame("vlan", 4, 1519),
        "longer": raw.build_frame("ip", 5, 1700),
        "longer than what is taken whole": raw.build_frame("ip", 6, 3000),
    }
    with Between() as network, Wire(network, directory, driver=driver) as wire:
        # The MTU at the start is the pair's: what comes later is longer than lan0 takes.
        for namespace, device in ((network.client, "c0"), (network.middle, "wan0")):
            network.set_mtu(namespace, device, 3200)
        with raw.End(network.client, "c0") as sender, raw.End(network.server, "s0") as receiver:
            sender.send(frames.values())
            arrived = receiver.received(len(frames), 1)
        passing = list(frames.values())[:2]
        problems = raw.differences(passing, arrived) + wire.problems(may_lose={"too_long"})
        if wire.lost() != {("wan0", "too_long"): 4}:
            problems.append(f"lost are {wire.lost()} instead of 4 frames, too_long")
        return problems + wire.ends()


def reload(directory, driver):
    """A reload under load: nothing is lost, the connection goes on."""
    def settings_of(threshold):
        return f"detectors:\n  join_flood:\n    threshold: {threshold}"

    with Between() as network, Wire(network, directory, driver=driver, settings=settings_of(100)) as wire:
        ended = threading.Event()
        reloads = 0

        def change():
            nonlocal reloads
            while not ended.wait(0.2):
                reloads += 1
                text = wire.config.read_text()
                wire.config.write_text(text.replace(settings_of(99 + reloads), settings_of(100 + reloads)))
                os.kill(wire.pid, signal.SIGHUP)

        with Connection(network) as connection:
            thread = threading.Thread(target=change)
            thread.start()
            problems = connection.copy(LOAD_BYTES, block_s=BLOCK_S)
            ended.set()
            thread.join()
            problems += connection.copy(1 << 20, out=False)
        problems += wire.problems()
        said = wire.stderr.read_text()
        if not reloads or said.count("reload") < reloads:
            problems.append(f"{reloads} reloads, and it says {said[-300:]!r}")
        return problems + wire.ends()


def restart(directory, driver):
    """A stop and a start under load: the connection outlives it, the file arrives whole, and both sensors account for all."""
    first, second = directory / "first", directory / "second"
    for folder in (first, second):
        folder.mkdir()
    pause = threading.Event()
    problems, copied = [], []
    with contextlib.ExitStack() as stack:
        network = stack.enter_context(Between())
        with Wire(network, first, driver=driver) as wire:
            connection = stack.enter_context(Connection(network))
            thread = threading.Thread(target=lambda: copied.extend(connection.copy(LOAD_BYTES, pause=pause, block_s=BLOCK_S)))
            thread.start()
            time.sleep(0.5)
            pause.set()  # a breath, in which the counters are read
            time.sleep(0.3)
            problems += [f"the first: {sentence}" for sentence in wire.problems()]
            pause.clear()
            time.sleep(0.1)
            if not thread.is_alive():
                problems.append("the file had arrived before the stop")
            problems += wire.ends()
        with Wire(network, second, driver=driver) as wire:
            pause.set()
            wire.mark()
            pause.clear()
            thread.join()
            problems += copied + connection.copy(1 << 20, out=False)
            problems += [f"the second: {sentence}" for sentence in wire.problems()] + wire.ends()
    return problems


def partner_down(directory, driver):
    """A port that is down for a moment: its pair goes on afterwards, the connection outlives it, and no frame is uncounted."""
    with Between() as network, Wire(network, directory, driver=driver, settings="mirror_links: false") as wire:
        with Connection(network) as connection:
            copied = []
            thread = threading.Thread(target=lambda: copied.extend(connection.copy(LOAD_BYTES, block_s=BLOCK_S)))
            thread.start()
            time.sleep(0.3)
            network.set_port("lan1", "down")
            time.sleep(0.5)
            network.set_port("lan1", "up")
            thread.join()
            problems = copied + connection.copy(1 << 20, out=False)
        # More than a ring holds, to a port that is down; what it kept leaves with the next frame that is sent.
        with raw.End(network.client, "c1") as sender:
            network.set_port("lan1", "down")
            sender.send([raw.build_frame("no ethertype", i) for i in range(DESCRIPTORS + 2000)])
            time.sleep(0.3)
            network.set_port("lan1", "up")
            sender.send([raw.build_frame("no ethertype", 1)])
        lost = wire.lost()
        if driver == "af_packet" and not lost.get(("wan1", "queue_full")):
            problems.append(f"the ring was full, and lost are {lost}")
        return problems + wire.problems(may_lose={"queue_full"}) + wire.ends()


def two_workers(directory, driver):
    """Two workers, each with queues of its own: a connection's frames are accounted for, its files arrive whole."""
    with Between() as network, Wire(network, directory, driver=driver, workers=2) as wire:
        with Connection(network) as connection:
            problems = connection.copy(FILE_BYTES) + connection.copy(FILE_BYTES, out=False)
        return problems + wire.problems() + wire.ends()


def passive_beside(directory, driver):
    """A port that stands in no pair listens: what it receives is counted and goes nowhere, while the pair forwards."""
    frames = [raw.build_frame("ip", i) for i in range(500)]
    with Between() as network, Wire(network, directory, ("wan0", "lan0", "wan1"), [("wan0", "lan0")], driver) as wire:
        with raw.End(network.client, "c1") as sender, raw.End(network.server, "s1") as receiver:
            sender.send(frames)
            with raw.End(network.client, "c0") as inline_sender, raw.End(network.server, "s0") as inline_receiver:
                inline_sender.send(frames)
                problems = raw.differences(frames, inline_receiver.received(len(frames)))
            if strays := receiver.received(1, 0.3):
                problems.append(f"{len(strays)} frames of the port that listens went on")
        problems += wire.problems()
        heard = wire.metric('mptap_port_rx_packets_total{port="wan1"}')
        if heard != len(frames):
            problems.append(f"the port that listens counts {heard:.0f} frames instead of {len(frames)}")
        if 'mptap_inline_received_total{port="wan1"}' in wire.scrape():
            problems.append("the port that listens is counted as inline")
        return problems + wire.ends()


MISTAKES = {
    "a port in two pairs": ("inline: [[wan0, lan0], [wan0, wan1]]", r"mptap\.yaml:{line}:\d+: .*`inline` names .?wan0.? twice"),
    "a port with itself": ("inline: [[wan0, wan0]]", r"mptap\.yaml:{line}:\d+: .*`inline` names .?wan0.? twice"),
    "no such port": ("inline: [[wan0, eth7]]", r"mptap\.yaml:{line}:\d+: .*eth7.*is no port"),
    "a pair of three": ("inline: [[wan0, lan0, wan1]]", r"mptap\.yaml:{line}:\d+: .*inline"),
    "no pairs": ("inline: yes", r"mptap\.yaml:{line}:\d+: .*inline"),
    "different MTUs": ("inline: [[wan0, lan0], [wan1, lan1]]", r"mptap\.yaml:{line}:\d+: .*`inline`.*MTU"),
}


def mistakes(directory, _):
    """Pairs that are no wire: check-config and run exit with 2, and say file, line and column."""
    problems = []
    with Between() as network:
        network.set_mtu(network.middle, "lan1", 1400)
        for name, (text, wanted) in MISTAKES.items():
            config = directory / "mptap.yaml"
            lines = [text if line.startswith("inline:") else line for line in config_of(directory).splitlines()]
            config.write_text("\n".join(lines) + "\n")
            pattern = wanted.format(line=lines.index(text) + 1)
            for command in (["check-config", str(config)], ["run", "--config", str(config)]):
                done = subprocess.run(command_in(network.middle, str(BINARY), *command), capture_output=True, text=True, timeout=30, check=False)
                if done.returncode != 2:
                    problems.append(f"{name}: {command[0]} exits with {done.returncode} instead of 2")
                if not re.search(pattern, done.stdout + done.stderr):
                    problems.append(f"{name}: {command[0]} says {(done.stdout + done.stderr)[-300:]!r}")
    return problems
