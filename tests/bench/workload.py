"""The workloads of benches on a replayed capture, and the sensor on them."""
import os
import socket
import tempfile
import threading
import urllib.request

from rig import Rig, generate

PACKETS = 100_000
REWRITING = {"plain": "none", "mixed": "connections", "dss": "segments", "flood": "flood", "storm": "connections"}


class Scraper(threading.Thread):
    """Reads the metrics once a second, as Prometheus would more rarely."""

    def __init__(self):
        super().__init__(daemon=True)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.address = "127.0.0.1:%d" % free.getsockname()[1]
        self.ended = threading.Event()
        self.scrapes = 0

    def run(self):
        while not self.ended.wait(1):
            try:
                with urllib.request.urlopen(f"http://{self.address}/metrics", timeout=5) as answer:
                    self.scrapes += len(answer.read()) > 0
            except OSError:
                pass  # not there yet, or no longer


class Workload:
    """A capture, what changes in it from round to round, and the programs on it. `partner`: a device that it leaves by."""

    def __init__(self, name, options, scratch, partner=None):
        self.name, self.options = name, options
        self.seconds = options.seconds
        self.keys = {"rewrite": options.rewrite if options.capture else REWRITING[name]}
        self.scratch = scratch
        seeds = range(1, options.workers + 1)
        if options.capture:
            captures = [options.capture] * options.workers
        else:
            captures = [generate(options.build, f"line-{name}", "--packets", str(PACKETS), seed=seed) for seed in
                        (seeds if name == "dss" else [1] * options.workers)]
        self.rig = Rig(captures, options.build, not options.no_hugepages, partner)
        self.keys["capture"] = captures
        if self.keys["rewrite"] == "connections":
            self.keys["keys"] = os.path.join(scratch, f"{name}.keys")
            self.keys["rounds"] = max(64, int((self.seconds + 2) * (60 if name == "storm" else 250)))
        self.opening = {}
        if name == "dss" and not options.capture:
            self.opening = {"opening": [generate(options.build, "line-dss", "--packets", str(PACKETS), "--opening", seed=seed) for seed in seeds]}

    def run_sensor(self, **more):
        with tempfile.TemporaryDirectory(dir=self.scratch) as logs:
            scraper = Scraper()
            scraper.start()
            result = self.rig.run("sensor", self.seconds, logs=logs, listen=scraper.address, **self.keys, **self.opening, **more)
            scraper.ended.set()
            scraper.join()
            result["scrapes"] = scraper.scrapes
            result["log_bytes"] = sum(entry.stat().st_size for entry in os.scandir(logs))
        return result

    def run_rxonly(self, **keys):
        return self.run_bare("rxonly", **keys)

    def run_bare(self, side, **keys):
        """What throws the packets away, or sends them on, without looking at them."""
        return self.rig.run(side, self.seconds, **{**self.keys, **keys})


def rate(result):
    """Million packets a second."""
    return sum(worker["rx_packets"] for worker in result["workers"]) / result["seconds"] / 1e6
