"""Plays a scenario on a network."""

import time

from traffic import Server

PORT = 8080
PAUSE_S = 0.3


def prepare(network, scenario):
    """Sets sysctls, limits and endpoints of both hosts."""
    for host, endpoints in ((network.client, scenario.client), (network.server, scenario.server)):
        for setting in scenario.sysctls:
            network.sysctl(host, *setting.split("="))
        network.mptcp(host, "limits set subflows 4 add_addr_accepted 4")
        for endpoint in endpoints:
            network.mptcp(host, f"endpoint add {endpoint}")


def play(network, scenario, monitors):
    """Takes the scenario's steps with each of its connections; `monitors` by side. Returns the bytes sent each way."""
    hosts = {"client": network.client, "server": network.server}
    server = Server(network.server, scenario.address, PORT, scenario.mptcp_server, scenario.one_address)
    connections = [server.connect(network.client) for _ in range(scenario.connections)]
    sent = 0
    for step in scenario.steps:
        verb, *rest = step.split()
        if verb in hosts:
            network.mptcp(hosts[verb], " ".join(rest))
        elif verb == "await":
            monitors[rest[0]].wait_for(rest[1], len(connections))
        elif verb == "pause":
            time.sleep(PAUSE_S)
        elif verb == "exchange":
            for connection in connections:
                connection.exchange(int(rest[0]))
                sent += int(rest[0])
        else:
            for connection in connections:
                {"close": connection.close, "abort": connection.abort}[verb]()
    server.close()
    return sent
