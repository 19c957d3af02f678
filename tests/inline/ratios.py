"""Throughput and latency of one MPTCP connection through mptap beside a bridge of the kernel's between the same ports."""

import pathlib
import statistics
import tempfile

from between import Between
from bump import Wire
from transfer import Connection, median_us

ROUND_TRIPS = 300
# Driver, settings: how long an idle worker rests is what a single frame waits for.
WIRES = (("af_packet", ""), ("af_packet", "max_rest: 10us"), ("af_xdp", ""), ("af_xdp", "max_rest: 10us"))


def show(pairs, seconds):
    """Prints both and their ratios, of runs that take turns: bridge, wire, bridge, wire."""
    for driver, settings in WIRES:
        try:
            _show_wire(driver, settings, pairs, seconds)
        except RuntimeError as error:
            print(f"{driver} beside a bridge: not measured ({error})")


def _show_wire(driver, settings, pairs, seconds):
    bridged, wired = [], []
    with Between() as network:
        for _ in range(pairs):
            network.bridge()
            bridged.append(_measure(network, seconds))
            network.unbridge()
            with tempfile.TemporaryDirectory() as directory, Wire(network, pathlib.Path(directory), driver=driver, settings=settings) as wire:
                wired.append(_measure(network, seconds))
                wire.stop()
    for what, unit, place in (("throughput", "Gbit/s", 0), ("round trip", "us", 1)):
        ours, theirs = [run[place] for run in wired], [run[place] for run in bridged]
        ratios = sorted(one / other for one, other in zip(ours, theirs))
        print(f"{' '.join((driver, settings)).strip()} beside a bridge, {what}: {statistics.median(ours):.3g} and "
              f"{statistics.median(theirs):.3g} {unit}, ratio {statistics.median(ratios):.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f})")  # fmt: skip


def _measure(network, seconds):
    """(Gbit/s, median round trip in microseconds)"""
    with Connection(network) as connection:
        round_trip = median_us(connection.round_trips(ROUND_TRIPS))
        return connection.rate(seconds) * 8 / 1e9, round_trip
