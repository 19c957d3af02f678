"""What the laboratory plays: one row a scenario.

Steps, in order:
    exchange N         N bytes from client to server, then N back
    await SIDE EVENT   until the kernel of client or server reports that event
    SIDE ARGUMENTS     `ip mptcp ARGUMENTS` on client or server
    pause              a moment for what the kernel does not report
    close | abort      an orderly end | MP_FASTCLOSE
"""

import dataclasses

V4 = "10.77.1.2"
V6 = "fd77:1::2"
JOINED = ("exchange 1000", "await client SF_ESTABLISHED", "await server SF_ESTABLISHED", "exchange 20000")


@dataclasses.dataclass(frozen=True)
class Scenario:
    """Endpoints are `ip mptcp endpoint add` arguments.

    `subflows` and `notices` are those of one connection; established subflows count, the initial one included.
    """

    name: str
    steps: tuple
    subflows: int = 1
    connections: int = 1
    address: str = V4
    client: tuple = ()
    server: tuple = ()
    sysctls: tuple = ()
    mptcp_server: bool = True
    one_address: bool = False  # the server listens on `address` alone
    other_states: tuple = ()  # of subflows that were not established
    notices: tuple = ()
    events: tuple = ()  # dicts, each of them part of some row of mptcp_event.log
    connection: dict = dataclasses.field(default_factory=dict)  # part of every row of mptcp_conn.log


SCENARIOS = (
    Scenario("one subflow, IPv4", ("exchange 20000", "close")),
    Scenario("one subflow, IPv6", ("exchange 20000", "close"), address=V6),
    Scenario("more than a window of data", ("exchange 3000000", "close")),
    Scenario(
        "twenty connections at once",
        (*JOINED, "close"),
        subflows=2,
        connections=20,
        server=("10.77.2.2 id 7 signal",),
    ),
    Scenario(
        "checksums on",
        ("exchange 20000", "close"),
        sysctls=("net.mptcp.checksum_enabled=1",),
        connection={"checksums": True},
    ),
    Scenario("the server announces an address, IPv4", (*JOINED, "close"), subflows=2, server=("10.77.2.2 id 7 signal",)),
    Scenario(
        "the server announces an address, IPv6",
        (*JOINED, "close"),
        subflows=2,
        address=V6,
        server=("fd77:2::2 id 7 signal",),
    ),
    Scenario(
        "the server announces an address and a port",
        (*JOINED, "close"),
        subflows=2,
        server=("10.77.2.2 id 7 port 8099 signal",),
        events=({"event": "mp_add_addr", "address_id": 7, "address": "10.77.2.2", "port": 8099, "echo": False},),
    ),
    Scenario(
        "the client opens a second subflow, IPv4",
        (*JOINED, "close"),
        subflows=2,
        client=("10.77.2.1 dev c2 id 5 subflow",),
    ),
    Scenario(
        "the client opens a second subflow, IPv6",
        (*JOINED, "close"),
        subflows=2,
        address=V6,
        client=("fd77:2::1 dev c2 id 5 subflow",),
    ),
    Scenario(
        "the client announces an address, the server opens a subflow",
        (*JOINED, "close"),
        subflows=2,
        client=("10.77.2.1 id 9 port 8101 signal",),
        events=({"event": "mp_add_addr", "address_id": 9, "address": "10.77.2.1", "port": 8101, "echo": True},),
    ),
    Scenario(
        "a backup path",
        (*JOINED, "close"),
        subflows=2,
        client=("10.77.2.1 dev c2 id 5 subflow backup",),
        events=({"event": "mp_join", "backup": True, "address_id": 5},),
    ),
    Scenario(
        "a backup path by the server's word",
        (*JOINED, "close"),
        subflows=2,
        server=("10.77.2.2 id 7 signal backup",),
        events=({"event": "mp_join", "backup": True, "is_orig": False},),
    ),
    Scenario(
        "a path becomes a backup",
        (*JOINED, "client endpoint change id 5 backup", "await server SF_PRIO", "exchange 20000", "close"),
        subflows=2,
        client=("10.77.2.1 dev c2 id 5 subflow",),
        events=({"event": "mp_prio", "backup": True},),
    ),
    Scenario(
        "an address is removed",
        (*JOINED, "server endpoint delete id 7", "await client REMOVED", "pause", "exchange 20000", "close"),
        subflows=2,
        server=("10.77.2.2 id 7 signal",),
        events=({"event": "mp_remove_addr", "address_id": 7},),
    ),
    Scenario(
        "checksums on, two subflows, IPv6",
        (*JOINED, "close"),
        subflows=2,
        address=V6,
        server=("fd77:2::2 id 7 signal",),
        sysctls=("net.mptcp.checksum_enabled=1",),
        connection={"checksums": True},
    ),
    Scenario(
        "fast close",
        (*JOINED, "abort"),
        subflows=2,
        client=("10.77.2.1 dev c2 id 5 subflow",),
        events=({"event": "mp_fastclose"},),
        connection={"close": "fastclose"},
    ),
    Scenario(
        "a join that is refused",
        ("exchange 1000", "await client SF_CLOSED", "exchange 20000", "close"),
        one_address=True,
        other_states=("refused",),
        server=("10.77.2.2 id 7 signal",),
    ),
    Scenario(
        "a server without MPTCP",
        ("exchange 20000", "close"),
        subflows=0,
        mptcp_server=False,
        other_states=("denied",),
        notices=("rejected",),
    ),
)
