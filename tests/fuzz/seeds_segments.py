"""Scripts of segments (segment_script.h): of each kind of subflow one that goes as is right, alone and beside others, under
different options of the worker. No captures: a script's packets are its own."""

import itertools

SYN, ANSWER, THIRD_ACK, DATA, ACK, SIGNAL, FIN, RESET, REPEAT, TAMPER, RAW, WAIT, STRANGER, OTHER = range(14)
ACCEPTOR, ENDS_BURST = 8, 16
RIGHT = 100
TIMESTAMPS = 64


def step(verb, where, choice=RIGHT, bits=TIMESTAMPS, extra=7, amount=500, time=5):
    return bytes([verb, where, time, bits, choice, extra, amount >> 8, amount & 255])


NARROW = 1


def life(flow, kind, odd=RIGHT, bits=TIMESTAMPS):
    """A whole subflow; `odd` is the choice of some of its segments, `bits` those of its data."""
    yield step(SYN, flow, kind)
    yield step(ANSWER, flow | ACCEPTOR, kind)
    yield step(THIRD_ACK, flow, kind)
    for i in range(4):
        yield step(DATA, flow, odd if i == 2 else RIGHT, bits, amount=100 * i)
        yield step(ACK, flow | ACCEPTOR, odd if i == 1 else RIGHT, bits)
        yield step(DATA, flow | ACCEPTOR | ENDS_BURST, odd if i == 3 else RIGHT, bits, amount=1200)
    yield step(SIGNAL, flow, choice=odd)
    yield step(FIN, flow)
    yield step(FIN, flow | ACCEPTOR)
    yield step(ACK, flow, 0)
    yield step(ACK, flow | ACCEPTOR, 0)


def flood(flow):
    for i in range(64):
        yield step(SYN, flow | (ENDS_BURST if i % 8 == 7 else 0), 2, extra=i % 48, time=1)
    yield step(ANSWER, flow | ACCEPTOR, 2, extra=47)


def refused(flow):
    yield step(SYN, flow, 0)
    yield step(SYN, flow, 3)
    yield step(ANSWER, flow | ACCEPTOR, 5)
    yield step(RESET, flow, bits=TIMESTAMPS | 3)


def midstream(flow):
    for direction in (0, ACCEPTOR):
        yield step(DATA, flow | direction, amount=700)
        yield step(STRANGER, flow | direction, choice=9, bits=2, amount=40000, extra=200)
        yield step(REPEAT, flow)
        yield step(TAMPER, flow, amount=40, extra=16)
    yield step(WAIT, flow, time=250)
    yield step(OTHER, flow, 0)
    yield step(OTHER, flow, 2)


NAMES_OF_KINDS = ("v1", "v0", "join")


def named_seeds():
    """Each oddity in the middle of each kind of subflow, held against the way of all others."""
    for odd in range(20):
        for kind, name in enumerate(NAMES_OF_KINDS):
            yield f"odd-{odd}-{name}", bytes((0, 2, 1, 0)) + b"".join(life(kind, kind, odd))
        yield f"narrow-{odd}", bytes((0, 2, 1, 0)) + b"".join(life(0, 0, odd, TIMESTAMPS | NARROW))
    yield "flood-v4", bytes((0, 2, 1, 0)) + b"".join(flood(6))
    for bits, name in ((16, "fin"), (32, "rst")):
        odd = step(SYN, 6, 2, bits=TIMESTAMPS | bits, extra=200)
        yield f"flood-{name}", bytes((0, 2, 1, 0)) + b"".join(flood(6)) + odd


def seeds_of(_):
    heads = [bytes(head) for head in ((0, 2, 1, 0), (1, 2, 1, 0), (2, 1, 1, 0), (4, 3, 1, 0), (8, 0, 1, 0), (0, 0, 1, 7))]
    scripts = [life(flow, kind) for flow in range(8) for kind in range(3)]
    scripts += [life(flow, kind, odd) for odd in range(20) for flow, kind in ((0, 0), (1, 2))]
    scripts += [flood(6), flood(7), refused(0), refused(3), midstream(0), midstream(5)]
    scripts = [b"".join(script) for script in scripts]
    both = itertools.zip_longest(life(0, 0), life(1, 2), life(4, 1), fillvalue=b"")
    scripts.append(b"".join(itertools.chain.from_iterable(both)))
    for script, head in itertools.product(scripts, heads):
        yield head + script
