"""The cells of the corpus: which misuse, and under what conditions a tap sees it."""

import dataclasses

# What each scenario plays, in the order of the table.
MISUSE = (
    "duplicate-add-addr",
    "address-id-exhaustion",
    "add-addr-hmac",
    "key-change",
    "key-change-number",
    "join-hmac-syn-ack",
    "join-hmac-ack",
    "unknown-join",
    "token-guessing",
    "join-flood",
    "join-flood-known",
    "half-open-join",
    "premature-join",
    "join-after-c-flag",
    "join-to-removed",
    "rejected",
    "other-version",
    "fallback-burst",
    "fastclose-key",
    "remove-addr-data",
    "remove-addr-mass",
    "priority-diversion",
    "priority-of-another",
    "data-ack-beyond",
    "mapping-conflict",
    "infinite-mapping",
    "checksum-absent",
    "checksum-unexpected",
    "unknown-version",
    "unknown-algorithm",
    "reserved-bits",
    "malformed-option",
    "token-reuse",
    "cross-path-scatter",
)


@dataclasses.dataclass(frozen=True)
class Cell:
    """One column of the table: options of the generator. With partial sight silence is right, false alarms are not."""

    name: str
    options: tuple = ()
    full_sight: bool = True


def _cells(clean):
    buried = ("--clean", str(clean))
    return (
        Cell("v1", ("--version", "1")),
        Cell("v0", ("--version", "0")),
        Cell("IPv6", ("--ipv6",)),
        Cell("buried", buried),
        Cell("v0 buried", ("--version", "0", *buried)),
        Cell("loss 1 %", ("--loss", "0.01", "--miss", "0", *buried)),
        Cell("loss 5 %", ("--loss", "0.05", "--miss", "0", *buried)),
        Cell("late", ("--reorder", "0.05", *buried)),
        Cell("twice", ("--duplicate", "1", *buried)),
        Cell("NAT", ("--behind-nat", *buried)),
        Cell("VLAN", ("--encap", "vlan", *buried)),
        Cell("GRE", ("--encap", "gre", *buried)),
        Cell("missed 2 %", ("--miss", "0.02", *buried), full_sight=False),
        Cell("opener only", ("--one-direction", "opener", *buried), full_sight=False),
        Cell("acceptor only", ("--one-direction", "acceptor", *buried), full_sight=False),
    )


QUICK = ("v1", "v0", "IPv6")


def cells(quick, clean):
    """The columns; a quick selection has those without clean traffic, and clean traffic alone is measured beside."""
    return tuple(cell for cell in _cells(clean) if not quick or cell.name in QUICK)


def clean_cells(quick, clean):
    """Columns for clean traffic alone: every one of them, with fewer connections when quick."""
    return _cells(60 if quick else clean)
