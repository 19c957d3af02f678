"""What benches on DPDK devices share: the memory and cores both sides of a pair get, hugepages, testpmd."""
import json
import os
import re
import statistics
import subprocess

from bench import Failed, count_packets

HUGEPAGES = "/proc/sys/vm/nr_hugepages"
HEADROOM = 128


class Rig:
    """Device, memory and cores, the same for every program under measurement. `partner`: the device that packets leave by."""

    def __init__(self, captures, build, hugepages=True, partner=None):
        counted = [count_packets(capture) for capture in captures]
        self.captures, self.build, self.hugepages = captures, build, hugepages
        self.packets = sum(packets for packets, _ in counted)
        if not all(packets for packets, _ in counted):
            raise Failed(f"{captures[0]}: holds no packet")
        self.vdev = "net_pcap0," + ",".join(f"rx_pcap={os.path.abspath(capture)}" for capture in captures) + ",infinite_rx=1"
        self.max_frame = max(2048, -(-max(longest for _, longest in counted) // 64) * 64)
        # The device keeps the capture in buffers; as many again are on their way.
        self.mbufs = (1 << (self.packets + 8192).bit_length()) - 1
        self.partner = partner
        if partner:
            self.mbufs *= 2  # the sensor shares them out among its ports
        self.memory_mib = -(-self.mbufs * (self.max_frame + HEADROOM + 192) * 5 // 4 >> 20) + 64
        cores = sorted(os.sched_getaffinity(0))
        self.control, self.worker = cores[0], cores[1 % len(cores)]

    def describe(self):
        return (f"{self.packets} packets, {self.mbufs} buffers of {self.max_frame + HEADROOM} bytes in "
                f"{'hugepages' if self.hugepages else 'ordinary pages'}, worker on core {self.worker}")

    def run(self, side, seconds, **keys):
        """One run of worker_rate: its JSON."""
        program = os.path.join(self.build, "tests/bench/worker_rate")
        keys = {"mbufs": self.mbufs, "max_frame": self.max_frame, "memory_mib": self.memory_mib,
                "hugepages": "always" if self.hugepages else "never", **({"partner": self.partner} if self.partner else {}), **keys}
        pairs = [f"{key}={value}" for key, values in keys.items() for value in (values if isinstance(values, list) else [values])]
        done = subprocess.run([program, side, self.vdev, str(seconds), *pairs], capture_output=True, text=True)
        if done.returncode:
            raise Failed(f"worker_rate {side} failed: {done.stderr.strip()}")
        return json.loads(done.stdout)

    def run_testpmd(self, seconds):
        """Packets a second of dpdk-testpmd by its own statistics: --forward-mode=io where there is a partner, else rxonly."""
        # Without hugepages testpmd's pool puts no buffer across the end of a page.
        paged_mib = self.mbufs * (-(-(self.max_frame + HEADROOM + 192) // 4096)) * 4096 * 5 // 4 >> 20
        memory = ["--in-memory"] if self.hugepages else ["--no-huge", "--no-shconf", "-m", str(paged_mib + 64)]
        command = ["dpdk-testpmd", "--lcores", f"0@{self.control},1@{self.worker}", "--no-pci", "--no-telemetry", *memory,
                   "--vdev", self.vdev, *(["--vdev", self.partner] if self.partner else []), "--",
                   f"--forward-mode={'io' if self.partner else 'rxonly'}", "--auto-start", "--rxq=1", "--nb-cores=1",
                   "--burst=64", "--no-lsc-interrupt", f"--mbuf-size={self.max_frame + HEADROOM}",
                   f"--total-num-mbufs={self.mbufs}", "--mbcache=256", "--stats-period=1"]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        rates, said = [], []
        for line in process.stdout:
            said.append(line.rstrip())
            if (found := re.search(r"Rx-pps:\s+(\d+)", line)) and int(found[1]) > 0:
                rates.append(int(found[1]))
            if len(rates) > seconds:
                process.terminate()
                break
        process.communicate()
        if len(rates) <= seconds:
            raise Failed("dpdk-testpmd gave too few rates; it said:\n" + "\n".join(said[-5:]))
        return statistics.median(rates[1:])  # the first second warms up


class ReservedHugepages:
    """Reserves what a run needs, and gives it back."""

    def __init__(self, mib):
        self.pages = mib // 2 + 64

    def __enter__(self):
        with open(HUGEPAGES) as file:
            self.before = file.read()
        try:
            with open(HUGEPAGES, "w") as file:
                file.write(str(self.pages + int(self.before)))
        except PermissionError:
            raise Failed("this reserves hugepages: run it as root, or with --no-hugepages") from None
        return self

    def __exit__(self, *_):
        with open(HUGEPAGES, "w") as file:
            file.write(self.before)


def need_programs(build, *names):
    """Says what is missing and how to build it."""
    for name in names:
        if not os.access(os.path.join(build, name), os.X_OK):
            raise Failed(f"{build}/{name} is not built: cmake --preset release && cmake --build --preset release")


def generate(build, scenario, *arguments, seed=1, truth=None, again=False, keep_payload=16):
    """A capture of the generator's, made once and kept beside the build; `again`: anew, for its truth."""
    generator = os.path.join(build, "tests/support/mptap-generate")
    folder = os.path.join(build, "tests/bench/captures")
    os.makedirs(folder, exist_ok=True)
    name = "-".join([scenario, *(argument.strip("-") for argument in arguments), f"seed{seed}"])
    path = os.path.join(folder, name + ".pcap")
    if again or not os.path.exists(path) or os.path.getmtime(path) < os.path.getmtime(generator):
        command = [generator, scenario, *arguments, "--seed", str(seed), "--keep-payload", str(keep_payload), "--out", path + ".new"]
        done = subprocess.run(command + (["--truth", truth] if truth else []), capture_output=True, text=True)
        if done.returncode:
            raise Failed(f"{' '.join(command)}: {done.stderr.strip()}")
        os.rename(path + ".new", path)
    return path
