"""A tree of /sys, /proc and /run in which drivers are bound and unbound as the kernel does it."""

import os
import pathlib
import select
import shutil
import subprocess
import threading

SCRIPT = pathlib.Path(__file__).resolve().parents[2] / "deploy/prepare-nic"
CARD = "0000:01:00.0"
SECOND = "0000:01:00.1"
NETWORK, DISK, BRIDGE = "0x020000", "0x010601", "0x060400"

STUBS = {
    # vfio-pci comes into view with its module.
    "modprobe": 'echo "$*" >>"$MPTAP_ROOT/modprobed"; mv "$MPTAP_ROOT/sys/bus/pci/drivers/.vfio-pci" "$MPTAP_ROOT/sys/bus/pci/drivers/vfio-pci"',
    "ip": 'cat "$MPTAP_ROOT/ip/$(echo "$*" | tr " " _)" 2>/dev/null || true',
    "ss": 'cat "$MPTAP_ROOT/ss"',
}


class FakeKernel:
    """As a context: a machine with one card of ixgbe, eth1, in IOMMU group 7, and 100 hugepages on each of two nodes."""

    def __init__(self, folder):
        self.root = pathlib.Path(folder)
        self.pci = self.root / "sys/bus/pci"
        self.state = self.root / "run/mptap-prepare-nic"
        self.refuses = False  # to bind vfio-pci
        self._natural = {}
        self._pipes = []  # in the order in which what was written to them is obeyed

    def __enter__(self):
        (self.root / "run").mkdir(parents=True)
        (self.root / "ss").touch()
        for name, text in STUBS.items():
            self.stub(name, text)
        for driver in ("ixgbe", ".vfio-pci", "ahci", "pcieport"):
            self._pipe(self.pci / "drivers" / driver / "unbind", self._unbind)
        self._pipe(self.pci / "drivers_probe", self._probe)
        self.add(CARD, "ixgbe", interface="eth1")
        for node in (0, 1):
            self.write(self.pages(node), "100")
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        self._thread.join()
        for pipe, _ in self._pipes:
            os.close(pipe)
        shutil.rmtree(self.root)

    def stub(self, name, text):
        """A program that the script finds before the real one."""
        path = self.root / "bin" / name
        self.write(path, f"#!/bin/sh\n{text}")
        path.chmod(0o755)

    def write(self, path, text):
        """A file and the folders above it."""
        path = self.root / path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text + "\n")

    def add(self, card, driver, device_class=NETWORK, group="7", interface=None, node="1"):
        """A device."""
        device = self.pci / "devices" / card
        self.write(device / "class", device_class)
        self.write(device / "driver_override", "(null)")
        self.write(device / "numa_node", node)
        self._natural[card] = (driver, interface)
        if group:
            folder = self.root / "sys/kernel/iommu_groups" / group
            (folder / "devices" / card).mkdir(parents=True)
            (device / "iommu_group").symlink_to(folder)
        if driver:
            self._bind(card, driver)

    def pages(self, node):
        """Where a node counts its hugepages."""
        return self.root / f"sys/devices/system/node/node{node}/hugepages/hugepages-2048kB/nr_hugepages"

    def default_route(self, interface, family=4):
        """Makes `ip` tell a default route."""
        self.write(f"ip/-{family}_-o_route_show_default", f"default via 192.0.2.1 dev {interface} proto dhcp metric 100")

    def address(self, interface, address):
        """Makes `ip` tell an address."""
        self.write(f"ip/-o_addr_show_dev_{interface}", f"2: {interface}    inet {address}/24 brd 192.0.2.255 scope global {interface}")

    def driver(self, card=CARD):
        """The driver of a card, or None."""
        link = self.pci / "devices" / card / "driver"
        return os.path.basename(os.readlink(link)) if link.is_symlink() else None

    def snapshot(self):
        """All files with their content, all links with their target."""
        found = {}
        for path in self.root.rglob("*"):
            if path.is_symlink():
                found[path] = os.readlink(path)
            elif path.is_file():
                found[path] = path.read_text()
            else:
                found[path] = ""
        return found

    def environment(self, **more):
        """That of the script."""
        kept = {name: value for name, value in os.environ.items() if name != "SSH_CONNECTION"}
        return kept | {"MPTAP_ROOT": str(self.root), "PATH": f"{self.root / 'bin'}:{os.environ['PATH']}"} | more

    def run(self, *arguments, **environment):
        """Runs the script."""
        return subprocess.run(
            [SCRIPT, *arguments], env=self.environment(**environment), capture_output=True, text=True, timeout=60
        )

    def run_shell(self, text):
        """Runs commands as a person would who copies them."""
        return subprocess.run(["bash", "-e"], input=text, env=self.environment(), capture_output=True, text=True, timeout=60)

    def _pipe(self, path, obey):
        path.parent.mkdir(parents=True, exist_ok=True)
        os.mkfifo(path)
        self._pipes.append((os.open(path, os.O_RDWR | os.O_NONBLOCK), obey))

    def _serve(self):
        while not self._stop.is_set():
            select.select([pipe for pipe, _ in self._pipes], [], [], 0.02)
            # Read backwards: of an unbind and the probe that follows it, the probe alone is never seen.
            written = [(obey, self._read(pipe)) for pipe, obey in reversed(self._pipes)]
            for obey, cards in reversed(written):
                for card in cards:
                    obey(card)

    @staticmethod
    def _read(pipe):
        try:
            return os.read(pipe, 4096).decode().split()
        except BlockingIOError:
            return []

    def _bind(self, card, driver):
        (self.pci / "devices" / card / "driver").symlink_to(self.pci / "drivers" / driver)
        natural, interface = self._natural[card]
        if driver == natural and interface:
            (self.pci / "devices" / card / "net" / interface).mkdir(parents=True)

    def _unbind(self, card):
        (self.pci / "devices" / card / "driver").unlink()
        shutil.rmtree(self.pci / "devices" / card / "net", ignore_errors=True)

    def _probe(self, card):
        wanted = (self.pci / "devices" / card / "driver_override").read_text().strip()
        driver = self._natural[card][0] if wanted in ("", "(null)") else wanted
        if self.driver(card) is None and driver and not (self.refuses and driver == "vfio-pci"):
            self._bind(card, driver)
