"""What the tests between foreign servers have in common."""

import contextlib

import pki
from agent import Agent
from opamp_server import STATUS, ServerToAgent, WebSocketServer


class World:
    """Two servers of different CAs, and a CA for hosts that both know."""

    def __init__(self):
        self.hosts, self.eu, self.us = pki.Authority("hosts"), pki.Authority("eu"), pki.Authority("us")
        self.stack = contextlib.ExitStack()
        self.programs = []

    def server(self, authority, mode=None, kind=WebSocketServer, **options):
        options.setdefault("clients", [pki.pem(self.hosts.certificate).decode()])
        server = self.stack.enter_context(kind(authority, mode, **options))
        server.ca = pki.pem(authority.certificate)
        return server

    def program(self, program):
        """One that has done its part when the test is over."""
        self.programs.append(program)
        return self.stack.enter_context(program)

    def stopped_agent(self, server, key="p256", **options):
        identity = self.hosts.issue("host", key=key)
        return self.stack.enter_context(Agent(server, identity, starts=False, **options))

    def agent(self, server, key="p256", is_enrolled=True, **options):
        identity = self.hosts.issue("host", key=key) if is_enrolled else None
        agent = self.stack.enter_context(Agent(server, identity, **options))
        assert server.wait(lambda s: len(s.heard) >= 2), agent.log
        return agent


def offers(target=None, hash=b"\x01", ca=None, **fields):
    """Settings for a server: its endpoint, and its CA for that endpoint only."""
    message = ServerToAgent().connection_settings
    message.hash = hash
    opamp = message.opamp
    opamp.heartbeat_interval_seconds = fields.pop("heartbeat", 1)
    if target is not None:
        opamp.destination_endpoint = target.endpoint
        ca = ca or target.ca
    if ca:
        opamp.tls.ca_pem_contents = ca.decode()
    for name, value in fields.items():
        setattr(opamp.tls if hasattr(opamp.tls, name) else opamp, name, value)
    return message


def verdict(server, status, hash=b"\x01", seconds=20):
    """Waits for a status of this hash, and gives its text back."""
    found = []

    def has_come(server):
        found[:] = [text for h, s, text in server.statuses if h == hash and s == STATUS[status]]
        return bool(found)

    assert server.wait(has_come, seconds), server.statuses
    return found[-1]
