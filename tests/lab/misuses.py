"""What rogues do in the laboratory while honest connections talk: one row a misuse."""

import dataclasses
from collections.abc import Callable

import attacks
from rogue import ADDRESS

CLIENT, SERVER = "10.77.1.1", "10.77.1.2"
ANNOUNCED = f"10.77.2.2 id {attacks.SERVER_ID} signal"


@dataclasses.dataclass(frozen=True)
class Misuse:
    """`client`, `server` and `sysctls` as in a Scenario; `subflows` are those of each honest connection."""

    name: str
    attack: Callable
    notice: dict  # part of the row that it must raise within a second
    beside: str = "client"  # whose end of link 1 the rogue sits at: frames of his go to the other host
    subflows: int = 2
    client: tuple = ()
    server: tuple = (ANNOUNCED,)
    sysctls: tuple = ()
    settings: str = ""  # of the sensor, YAML
    later: tuple = ()  # notices that follow when the sensor stops
    rogue_states: tuple = ()  # of subflows with an address of the rogue's
    counters: dict = dataclasses.field(default_factory=dict)  # nstat of the host that he speaks to: it noticed, too


MISUSES = (
    Misuse(
        "a rogue joins with the right token and a wrong HMAC",
        attacks.join_with_wrong_hmac,
        {"note": "join_hmac", "cause": "ack", "src": ADDRESS, "dst": SERVER, "dst_p": 8080},
        rogue_states=("established",),
        counters={"MPJoinAckHMacFailure": 1},
    ),
    Misuse(
        "a rogue draws a join to himself and answers it with a wrong HMAC",
        attacks.answer_with_wrong_hmac,
        {"note": "join_hmac", "cause": "syn_ack", "src": ADDRESS, "dst": CLIENT},
        beside="server",
        rogue_states=("established",),
        counters={"MPJoinSynAckHMacFailure": 1},
    ),
    Misuse(
        "a rogue floods with joins that have the right token",
        attacks.flood_with_joins,
        {"note": "join_flood", "cause": "known_token", "dst": SERVER, "known_count": attacks.FLOOD_THRESHOLD + 1},
        settings=f"detectors: {{join_flood: {{known_token_threshold: {attacks.FLOOD_THRESHOLD}, interval: 1m}}}}",
        later=("half_open_join",) * attacks.FLOOD_JOINS,
        rogue_states=("established",) * attacks.FLOOD_JOINS,
    ),
    Misuse(
        "a rogue guesses tokens",
        attacks.guess_tokens,
        {"note": "token_guessing", "src": ADDRESS, "dst": SERVER, "count": attacks.GUESSES_THRESHOLD},
        rogue_states=("refused",) * attacks.GUESSES,
        counters={"MPJoinNoTokenFound": attacks.GUESSES},
    ),
    Misuse(
        "a rogue echoes another key than the server's",
        attacks.echo_another_key,
        {"note": "key_change", "cause": "responder", "src": ADDRESS, "dst": SERVER},
        rogue_states=("established",),
    ),
    Misuse(
        "a rogue changes his own key",
        attacks.change_own_key,
        {"note": "key_change", "cause": "initiator", "src": ADDRESS, "dst": SERVER},
        rogue_states=("established",),
    ),
    Misuse(
        "a rogue forges an ADD_ADDR",
        attacks.forge_add_addr,
        {"note": "add_addr_hmac", "src": SERVER, "dst": CLIENT, "address": ADDRESS, "address_id": attacks.FORGED_ID},
        beside="server",
    ),
    Misuse(
        "a rogue forges a REMOVE_ADDR",
        attacks.forge_remove_addr,
        {"note": "remove_addr_abuse", "cause": "mass", "src": SERVER, "dst": CLIENT, "count": attacks.PATHS_TAKEN},
        beside="server",
        counters={"RmAddr": attacks.PATHS_TAKEN},
    ),
    Misuse(
        "a rogue forges MP_PRIO on all paths but one",
        attacks.forge_priority,
        {"note": "priority_diversion", "cause": "all_but_one", "dst": CLIENT, "count": 2},
        beside="server",
        subflows=3,
        server=(ANNOUNCED, f"{SERVER} id 8 port 8099 signal"),
        counters={"MPPrioRx": 2},
    ),
    Misuse(
        "a rogue forges an MP_FASTCLOSE",
        attacks.forge_fastclose,
        {"note": "fastclose_key", "src": SERVER, "dst": CLIENT},
        beside="server",
    ),
)
