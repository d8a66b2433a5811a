"""The agent through proxies that are none of ours, between servers that are none of ours either.

The numbers are those of docs/faults.md."""

import re

import pytest

import pki
import test_handover
from opamp_server import PollingServer, WebSocketServer
from programs import Nginx, Squid, Tinyproxy
from world import offers, verdict

TRANSPORTS = pytest.mark.parametrize("kind", [WebSocketServer, PollingServer])


def origin(server):
    return f"127.0.0.1:{server.port}"


@TRANSPORTS
@pytest.mark.parametrize("proxy", ["tinyproxy", "squid", "squid with TLS"])
def test_H20_an_agent_moves_through_the_proxy_of_its_host(world, proxy, kind):
    certificate = world.hosts.issue("host-7")
    if proxy == "tinyproxy":
        program = world.program(Tinyproxy())
        settings = program.settings()
    else:
        program = world.program(Squid(clients=world.hosts, is_https=proxy != "squid"))
        settings = program.trust(certificate) if program.is_https else program.settings()
    source, target = world.server(world.eu, kind=kind), world.server(world.us, kind=kind)
    agent = world.agent(source, proxy=settings, headers=[("Authorization", "Bearer-canary")])
    status, text = agent.check()
    assert status == 0 and f"proxy         {program.url}\n" in text, text
    # The offer names no proxy.
    source.offer(offers(target))
    verdict(target, "applied")
    assert set(target.leaves) == {pki.fingerprint(agent.identity.certificate)}
    assert agent.status()["proxy"] == {"url": program.url, "source": "host"}
    agent.end()
    # All that the servers have seen came through the proxy, which notes a tunnel when it ends.
    count = len(source.opened) + len(target.opened)
    assert agent.wait(lambda _: len(program.connects) == count), program.log
    assert set(program.connects) == {origin(source), origin(target)}
    assert "canary" not in agent.log + program.log


@TRANSPORTS
@pytest.mark.parametrize("form", ["http://{}", "{}", "https://{}"])
def test_H20_an_offered_proxy_leads_to_the_candidate(world, form, kind):
    is_https = form.startswith("https")
    program = world.program(Squid(clients=world.hosts, is_https=is_https))
    source, target = world.server(world.eu, kind=kind), world.server(world.us, kind=kind)
    # The host says how it is known to https proxies, and names none itself.
    settings = program.trust(world.hosts.issue("host-7"))[1:] if is_https else ()
    agent = world.agent(source, proxy=settings, headers=[("X-Server-Only", "canary")])
    offered = offers(target)
    offered.opamp.proxy.url = form.format(f"127.0.0.1:{program.tls_port if is_https else program.port}")
    if not is_https:
        header = offered.opamp.proxy.connect_headers.headers.add()
        # host-7:canary-password
        header.key, header.value = "Proxy-Authorization", "Basic aG9zdC03OmNhbmFyeS1wYXNzd29yZA=="
    source.offer(offered)
    verdict(target, "applied")
    assert agent.status()["proxy"] == {"url": program.url, "source": "offer"}
    agent.end()
    assert agent.wait(lambda _: len(program.connects) == len(target.opened)), program.log
    assert set(program.connects) == {origin(target)}
    assert set(program.users) == {"-" if is_https else "host-7"}
    assert set(target.leaves) == {pki.fingerprint(agent.identity.certificate)}


@pytest.mark.parametrize(
    "fault, status, next",
    [
        ("another password at tinyproxy", "HTTP status 40[17]", "proxy.password_file"),
        ("another password at squid", "HTTP status 407", "proxy.password_file"),
        ("its rules", "HTTP status 403", "the proxy's rules"),
        ("the server is gone", "HTTP status 503", "can resolve and reach it"),
        ("no certificate", 'alert "certificate required"|closed|broke', "proxy"),
        ("a stranger's certificate", 'alert "|closed|broke', "proxy"),
        ("another CA", "its certificate was refused", "proxy.tls.ca_file"),
        ("gone", "Connection refused", "the proxy listens at 127.0.0.1:"),
    ],
)
def test_H20_a_proxy_that_does_not_help_is_named_with_what_to_do(world, fault, status, next):
    source = world.server(world.eu)
    is_https = fault in ("no certificate", "a stranger's certificate", "another CA")
    if "tinyproxy" in fault:
        program = world.program(Tinyproxy())
    else:
        rules = [source.port] if fault == "its rules" else []
        program = Squid(clients=world.hosts, is_https=is_https, refused_ports=rules)
        world.program(program) if not is_https else world.stack.enter_context(program)
    if is_https:
        stranger = pki.Authority("stranger")
        identity = {"no certificate": None, "a stranger's certificate": stranger.issue("host-7")}.get(fault)
        settings = program.trust(identity)
        if fault == "another CA":
            (program.folder / "ca.pem").write_bytes(pki.pem(stranger.certificate))
    else:
        settings = program.settings(password="wrong" if "password" in fault else None)
    agent = world.stopped_agent(source, proxy=settings)
    if fault == "gone":
        assert agent.check()[0] == 0
        program.stop()
    if fault == "the server is gone":
        source.stop()
    exit_status, text = agent.check()
    result = text[text.index("result") : text.index("a handover would")]
    assert exit_status == 5 and re.search(status, result) and next in result, text
    assert "the proxy 127.0.0.1:" in result and "dial.proxy" in result
    assert "canary" not in text


def test_H20_a_proxy_that_comes_back_is_used_again(world):
    program = world.program(Tinyproxy())
    source = world.server(world.eu)
    agent = world.agent(source, proxy=program.settings())
    opened = len(source.opened)
    program.stop()
    assert agent.wait(lambda a: "the proxy listens at" in a.log), agent.log
    program.start()
    assert source.wait(lambda s: len(s.opened) > opened), agent.log


@TRANSPORTS
@pytest.mark.parametrize("ends_tls", [True, False])
def test_H1_an_agent_moves_between_servers_behind_nginx(world, ends_tls, kind):
    source = world.server(world.eu, kind=kind, is_plain=ends_tls)
    target = world.server(world.us, kind=kind, is_plain=ends_tls)
    nginx = Nginx(world.hosts)
    for server in (source, target):
        nginx.stands_before(server, ends_tls)
    world.program(nginx)
    agent = world.agent(source)
    source.offer(offers(target))
    verdict(target, "applied")
    assert set(target.leaves) == {pki.fingerprint(agent.identity.certificate)}
    assert target.heard[0].instance_uid == source.heard[0].instance_uid
    assert agent.status()["active"]["endpoint"] == target.endpoint


def test_H6_nginx_that_does_not_know_the_leaf_sends_the_agent_back(world):
    source, target = world.server(world.eu), world.server(world.us, is_plain=True)
    nginx = Nginx(pki.Authority("other hosts"))
    nginx.stands_before(target, ends_tls=True)
    world.program(nginx)
    world.agent(source)
    source.offer(offers(target))
    assert verdict(source, "failed").startswith("http-400")
    assert not target.heard


def test_every_reaction_of_the_agent_has_a_test_here():
    names = " ".join(name for module in (test_handover, globals()) for name in vars_of(module) if "test_" in name)
    assert set(re.findall(r"H(\d+)", names)) == {str(number) for number in range(1, 31)}


def vars_of(module):
    return module if isinstance(module, dict) else vars(module)
