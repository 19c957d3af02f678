"""Runs in the virtual machine, as root, at the end of its first boot: the package, the service, real MPTCP, and its end.

    checks.py PACKAGE

Prints a line of JSON for each check, [name, problems, reason to skip], remarks as plain lines, and `end` at last.
"""

import contextlib
import json
import os
import pathlib
import platform
import signal
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "deploy"), str(HERE.parent / "lab")]

import service_checks as service  # noqa: E402
from opener import Opener  # noqa: E402

LOGS = pathlib.Path("/var/log/mptap")
CLIENT, SERVER = "mptap-client", "mptap-server"
SPEECH = 1 << 20
SMALL_DISK_CONNECTIONS = 2_000
# What a package may leave when it is purged: what is not its own.
LEFT = ("usr/bin/mptap", "etc/mptap", "lib/systemd/system/mptap.service", "usr/lib/systemd/system/mptap.service", "etc/logrotate.d/mptap",
        "usr/lib/sysusers.d/mptap.conf", "usr/lib/tmpfiles.d/mptap.conf")  # fmt: skip


def ran(*command):
    """Exit code and everything a command says."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    return done.returncode, (done.stdout + done.stderr).strip()


def must(*command):
    """Runs a command that the check itself needs."""
    code, said = ran(*command)
    if code != 0:
        raise RuntimeError(f"{' '.join(command)} ends with {code}: {said[-400:]}")
    return said


def installs(package):
    """The package, of which everything it needs is there."""
    code, said = ran("dpkg", "--install", package)
    if code != 0:
        yield f"dpkg --install ends with {code}: {said[-600:]}"
        return
    if (code := ran("mptap", "--version")[0]) != 0:
        yield f"mptap --version ends with {code}"
    if ran("getent", "passwd", "mptap")[0] != 0:
        yield "there is no user mptap"
    verified = ran("systemd-analyze", "verify", "mptap.service")[1].splitlines()
    yield from (f"systemd-analyze verify: {line}" for line in verified if "Command 'man " not in line)  # there is no man here
    if (code := ran("systemctl", "is-failed", "--quiet", "mptap")[0]) == 0:
        yield f"the service has failed without a configuration: {service.journal()}"


def namespaces():
    """Client and server, joined by two paths, and what the client sends and gets mirrored to the tap."""
    for namespace in (CLIENT, SERVER):
        must("ip", "netns", "add", namespace)
    for path in ("1", "2"):
        must("ip", "link", "add", f"c{path}", "netns", CLIENT, "type", "veth", "peer", "name", f"s{path}", "netns", SERVER)
        for namespace, end, host in ((CLIENT, f"c{path}", 1), (SERVER, f"s{path}", 2)):
            must("ip", "-n", namespace, "address", "add", f"10.7.{path}.{host}/24", "dev", end)
            must("ip", "-n", namespace, "link", "set", end, "up")
            must("ip", "netns", "exec", namespace, "ethtool", "-K", end, "gro", "off", "gso", "off", "tso", "off")
    must("ip", "link", "set", service.SPAN, "netns", CLIENT)  # its other end is the tap
    must("ip", "-n", CLIENT, "link", "set", service.SPAN, "up")
    for path in ("1", "2"):
        for parent, hook in (("ffff:", "ingress"), ("1:", "prio")):
            handle = ("handle", "ffff:", "ingress") if hook == "ingress" else ("root", "handle", "1:", "prio")
            must("tc", "-n", CLIENT, "qdisc", "add", "dev", f"c{path}", *handle)
            must("tc", "-n", CLIENT, "filter", "add", "dev", f"c{path}", "parent", parent, "matchall",
                 "action", "mirred", "egress", "mirror", "dev", service.SPAN)  # fmt: skip
    for namespace in (CLIENT, SERVER):
        must("ip", "-n", namespace, "mptcp", "limits", "set", "subflows", "4", "add_addr_accepted", "4")
    must("ip", "-n", CLIENT, "mptcp", "endpoint", "add", "10.7.2.1", "dev", "c2", "subflow")


SERVER_PROGRAM = """
import socket
listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, 262)
listener.bind(("10.7.1.2", 443)); listener.listen(); print("ready", flush=True)
peer, _ = listener.accept(); got = 0
while data := peer.recv(65536): got += len(data)
peer.close(); print(got, flush=True)
"""
CLIENT_PROGRAM = f"""
import socket, time
peer = socket.socket(socket.AF_INET, socket.SOCK_STREAM, 262)
peer.connect(("10.7.1.2", 443)); time.sleep(0.5)
for _ in range(16): peer.sendall(bytes({SPEECH // 16})); time.sleep(0.05)
peer.close()
"""


def real_mptcp(_):
    """Two kernels speak MPTCP over two paths; the service tells the connection, its subflows and their proofs."""
    namespaces()
    service.write()
    service.start()
    for namespace in (CLIENT, SERVER):
        must("ip", "netns", "exec", namespace, "sysctl", "-qw", "net.mptcp.enabled=1")
    server = subprocess.Popen(["ip", "netns", "exec", SERVER, "python3", "-c", SERVER_PROGRAM], stdout=subprocess.PIPE, text=True)
    server.stdout.readline()
    must("ip", "netns", "exec", CLIENT, "python3", "-c", CLIENT_PROGRAM)
    received = int(server.stdout.readline())
    server.wait(20)
    if received != SPEECH:
        yield f"the server got {received} bytes of {SPEECH}"
    if not service.soon(lambda: service.metric("mptap_connections_established_total") >= 1):
        yield "no connection was seen"
    print(f"two kernels: {received} bytes over {service.metric('mptap_subflows_established_total'):.0f} subflows, "
          f"{service.metric('mptap_hmac_valid_total'):.0f} HMACs valid; {ran('mptap', 'status')[1].splitlines()[1]}", flush=True)  # fmt: skip
    yield from service.stop()
    rows = [json.loads(line) for line in (LOGS / "mptcp_conn.log").read_text().splitlines()]
    row = next((row for row in rows if row["resp_h"] == "10.7.1.2"), None)
    if row is None or row["subflows"] != 2 or row["orig_bytes"] != SPEECH:
        yield f"the connection is told as {row}"
    subflows = [json.loads(line) for line in (LOGS / "mptcp_subflow.log").read_text().splitlines()]
    joins = [row for row in subflows if row["orig_h"] == "10.7.2.1"]
    if len(joins) != 1 or joins[0]["hmac_synack"] is not True or joins[0]["hmac_ack"] is not True:
        yield f"the join is told as {joins}"
    must("ip", "-n", CLIENT, "link", "set", service.SPAN, "netns", "1")
    must("ip", "link", "set", service.SPAN, "up")
    for namespace in (CLIENT, SERVER):
        must("ip", "netns", "delete", namespace)


def killed(opener):
    """A worker's thread is killed, which ends the process, as Linux has it; then the process: each time it comes back and sees."""
    service.write()
    service.start()
    for name in ("mptap-worker-0", "mptap"):
        yield from service.sees(opener)
        process = service.shown("MainPID")
        tasks = pathlib.Path(f"/proc/{process}/task").iterdir()
        thread = next(task.name for task in tasks if (task / "comm").read_text().strip() == name)
        os.kill(int(thread), signal.SIGKILL)
        if not service.soon(lambda: service.shown("MainPID") not in (process, "0") and service.metric("mptap_polls_total") > 0):
            yield f"{name} was killed, and the service does not come back: {service.journal()}"
            return
        print(f"{name} killed: process {process} is now {service.shown('MainPID')}, {service.shown('NRestarts')} restarts", flush=True)
    yield from service.sees(opener)
    print(f"systemctl status says: {service.shown('StatusText')}", flush=True)
    yield from service.stop()


def full_disk(opener):
    """The disk of the logs is full: rows are lost and counted, nothing else is; once there is room, rows are written again."""
    must("mount", "-t", "tmpfs", "-o", "size=200k,mode=750,uid=mptap,gid=mptap", "none", str(LOGS))
    try:
        service.write()
        service.start()
        opener.open(SMALL_DISK_CONNECTIONS)
        if not service.soon(lambda: service.metric("mptap_log_write_errors_total") > 0):
            yield f"no row was lost on a disk of 200 KiB: {service.metric('mptap_log_rows_written_total')} were written"
        lost, written = service.metric("mptap_log_write_errors_total"), service.metric("mptap_log_rows_written_total")
        print(f"full disk: {written:.0f} rows written, {lost:.0f} lost and counted", flush=True)
        yield from service.sees(opener)
        must("mount", "-o", "remount,size=20m", str(LOGS))
        opener.open(100)
        if not service.soon(lambda: service.metric("mptap_log_rows_written_total") > written):
            yield "with room again no row is written"
        must("systemctl", "stop", "mptap")
        if (result := service.shown("Result")) != "exit-code":
            yield f"rows were lost, and it ends with {result}"
        for path in LOGS.glob("*.log"):
            for line in path.read_text().splitlines():
                with contextlib.suppress(ValueError):
                    json.loads(line)
                    continue
                yield f"{path.name} has a broken line: {line[:80]}"
                break
    finally:
        must("umount", str(LOGS))


def goes(_):
    """Removed and purged, nothing of it is left; logs are the operator's."""
    for verb in ("remove", "purge"):
        code, said = ran("apt-get", "--quiet", "--yes", verb, "mptap")
        if code != 0:
            yield f"apt-get {verb} ends with {code}: {said[-400:]}"
    if service.shown("LoadState") != "not-found":
        yield f"systemd still knows the service: {service.shown('LoadState')}"
    yield from (f"/{path} is left" for path in LEFT if pathlib.Path("/", path).exists())


def tell(name, problems_of, argument):
    problems = []
    try:
        for problem in problems_of(argument):
            problems.append(problem)  # noqa: PERF402 - those before an exception stay
    except (service.NotStarted, RuntimeError, OSError, subprocess.SubprocessError, KeyError, ValueError) as error:
        problems.append(f"{type(error).__name__}: {error}")
    print(json.dumps([f"vm: {name}", problems, None]), flush=True)


def main():
    started = time.monotonic()
    print(f"Linux {platform.release()}, {must('systemctl', '--version').splitlines()[0]}", flush=True)
    tell("the package installs", installs, sys.argv[1])
    service.build_network()
    opener = Opener(None, service.SPAN)
    for name, (problems_of, why_not) in service.CHECKS.items():
        print(json.dumps([f"vm: {name}", *service.result(problems_of, why_not, opener)]), flush=True)
    tell("killed, it comes back", killed, opener)
    tell("a full disk", full_disk, opener)
    opener.close()
    tell("real MPTCP over two paths", real_mptcp, None)
    tell("the package goes", goes, None)
    print(f"{time.monotonic() - started:.0f} s in the machine", flush=True)
    print("end", flush=True)


if __name__ == "__main__":
    main()
