"""What happens to a soaked sensor, at random: each is a method that returns when it is over."""

import contextlib
import random
import signal
import socket
import subprocess
import time

from mptap import BINARY, METRICS, START_S
from netns import inside, run_in

BAD_CONFIGS = ("ports: [", "detectors: {join_flood: {threshold: many}}\n", "\x00\x01\x02", "no: such setting\n")
QUESTIONS = (["status"], ["status", "--json"], ["connections"], ["connections", "--json"], ["config"])
SLOW_S = 3
ANSWER_S = 20


class Faults:
    """`counts` says how often each happened, `notes` when (begin, end, name, by the wall clock), `problems` what went wrong at once."""

    def __init__(self, network, sensor, gate, attacker, unseen, seed):
        """`unseen()`: packets that the port has counted and the sensor has not, once they are settled."""
        self._unseen = unseen
        self.unheard = 0  # of them, as the port went down or came up
        self.unmirrored = 0  # packets that the mirror could not hand on meanwhile
        self._network, self._sensor, self._gate, self._attacker = network, sensor, gate, attacker
        self._random = random.Random(seed)
        self._slow = []  # (when it is to be closed, socket)
        self.counts = {}
        self.notes = []
        self.problems = []
        self.reloads = {"applied": 0, "refused": 0}
        self._ordinary = (self.good_reload, self.bad_reload, self.rotate, self.slow_scrape, self.scrape, self.ask, self.ask)
        self._rare = (self.stop_and_continue, self.path_down, self.port_down, self.move_logs)

    def happen(self):
        """One of them."""
        what = self._random.choice(self._rare if self._random.random() < 0.25 else self._ordinary)
        self.counts[what.__name__] = self.counts.get(what.__name__, 0) + 1
        begin = time.time()
        what()
        self.notes.append((begin, time.time(), what.__name__))
        self._close_slow(time.monotonic())

    def end(self):
        """Closes what is still open."""
        self._close_slow(float("inf"))

    def good_reload(self):
        """A changed setting."""
        self._sensor.configure(self._random.randint(500, 5000))
        self._reload("applied")

    def bad_reload(self):
        """Garbage in the place of the configuration."""
        good = self._sensor.config.read_text()
        self._sensor.config.write_text(self._random.choice(BAD_CONFIGS))
        self._reload("refused")
        self._sensor.config.write_text(good)

    def _reload(self, result):
        self.reloads[result] += 1
        wanted = self.reloads[result]
        self._signal(signal.SIGHUP)
        deadline = time.monotonic() + ANSWER_S
        while self._sensor.metric(f'mptap_config_reloads_total{{result="{result}"}}') < wanted:
            if time.monotonic() > deadline:
                self.problems.append(f"a reload is not {result} within {ANSWER_S} s")
                return
            time.sleep(0.1)

    def rotate(self):
        """As logrotate does."""
        for path in self._sensor.logs.glob("*.log"):
            path.rename(path.with_name(f"{path.name}.{sum(self.counts.values())}"))
        self._reopen()

    def move_logs(self):
        """The whole directory goes away, and is there again a moment later. Evidence that fills its file meanwhile is lost."""
        away = self._sensor.logs.with_name(f"logs-{len(self._sensor.moved)}")
        self._sensor.logs.rename(away)
        self._sensor.moved.append(away)
        time.sleep(self._random.uniform(0.1, 1))
        self._sensor.logs.mkdir(mode=0o750)
        self._reopen()

    def _reopen(self):
        self._signal(signal.SIGUSR1)

    def slow_scrape(self):
        """Asks, and does not take the answer; goes away later."""
        with inside(self._network.sensor):
            slow = socket.create_connection(METRICS, timeout=5)
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        request = b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"
        slow.sendall(request[: self._random.choice((1, 10, len(request)))])
        self._slow.append((time.monotonic() + self._random.uniform(0, SLOW_S), slow))

    def _close_slow(self, now):
        for end, slow in self._slow:
            if end <= now:
                slow.close()
        self._slow = [(end, slow) for end, slow in self._slow if end > now]

    def scrape(self):
        """As Prometheus does."""
        self._sensor.scrape()

    def ask(self):
        """One of the commands that ask a running sensor."""
        question = self._random.choice(QUESTIONS)
        done = subprocess.run([BINARY, *question, "--socket", self._sensor.socket], capture_output=True, timeout=ANSWER_S)
        if done.returncode != 0:
            self.problems.append(f"mptap {' '.join(question)} ends with {done.returncode}: {done.stderr.decode().strip()}")

    def stop_and_continue(self):
        """As a machine that swaps or is suspended: shorter than what the port's memory holds."""
        self._signal(signal.SIGSTOP)
        time.sleep(self._random.uniform(0.05, 0.5))
        self._signal(signal.SIGCONT)

    def path_down(self):
        """The second path of the hosts breaks and heals."""
        run_in(self._network.server, "ip", "link", "set", "s2", "down")
        time.sleep(self._random.uniform(0.2, 1.5))
        run_in(self._network.server, "ip", "link", "set", "s2", "up")

    def port_down(self):
        """The sensor's port goes down and up, while nothing honest is under way.

        The kernel counts a packet that comes while it takes the sensor's socket from the port, or has not given it back.
        """
        with self._gate.shut(), self._attacker.hold:
            before, failed_before = self._unseen(), self._network.mirrored()[1]
            run_in(self._network.sensor, "ip", "link", "set", self._network.tap, "down")
            time.sleep(self._random.uniform(0.1, 1))
            run_in(self._network.sensor, "ip", "link", "set", self._network.tap, "up")
            self._await_port()
            self.unheard += self._unseen() - before
            self.unmirrored += self._network.mirrored()[1] - failed_before

    def _await_port(self):
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError):
                if "LOWER_UP" in run_in(self._network.sensor, "ip", "link", "show", "dev", self._network.tap):
                    return
            time.sleep(0.05)
        self.problems.append("the port does not come up again")

    def _signal(self, number):
        self._sensor.signal(number)
