"""The agent between two servers that are none of ours: each behaviour of the specification that a handover needs.

The numbers are those of docs/faults.md. What leads through a proxy is in test_proxies.py, what needs a token in
docs/faults.md."""

import gzip
import os
import signal
import time

import pytest

import pki
from opamp_server import (
    STATUS,
    ServerToAgent,
    Closes,
    Issues,
    Mode,
    NamesTheAgent,
    Offers,
    PollingServer,
    Refuses,
    RefusesWhatItIssued,
    Renames,
    SaysError,
    SaysNothing,
    SaysRaw,
    WantsFullState,
    WebSocketServer,
)
from world import offers, verdict


@pytest.mark.parametrize("repeats_leaf", [False, True])
@pytest.mark.parametrize("target_kind", [WebSocketServer, PollingServer])
@pytest.mark.parametrize("source_kind", [WebSocketServer, PollingServer])
def test_H1_H2_H3_H4_H21_an_agent_moves_and_stays_who_it_is(world, source_kind, target_kind, repeats_leaf):
    source, target = world.server(world.eu, kind=source_kind), world.server(world.us, kind=target_kind)
    agent = world.agent(source)
    offered = offers(target)
    if repeats_leaf:
        offered.opamp.certificate.cert = pki.pem(agent.identity.certificate)
    source.offer(offered)
    verdict(target, "applied")
    leaf = pki.fingerprint(agent.identity.certificate)
    assert set(target.leaves) == {leaf} and target.heard[0].instance_uid == source.heard[0].instance_uid
    # H2: everything is said to the source before the target hears of the agent.
    assert source.statuses[-1][1] == STATUS["applying"] and source.heard[-1].HasField("agent_disconnect")
    if source_kind is WebSocketServer:
        assert source.wait(lambda s: s.closed) and source.closed[0][1] == 1000
        assert len(source.opened) == 1
    # H3
    first = target.heard[0]
    assert first.agent_description.identifying_attributes and first.capabilities and first.HasField("health")
    assert first.sequence_num == source.heard[-1].sequence_num + 1
    # H4
    target.wait(lambda s: len(s.heard) > 4, 6)
    assert [s for _, s, _ in target.statuses].count(STATUS["applied"]) == 1
    assert agent.status()["active"]["endpoint"] == target.endpoint


@pytest.mark.parametrize("key", ["rsa", "p384", "ed25519"])
def test_a_host_may_have_a_key_of_any_kind_encrypted_or_not(world, key):
    source, target = world.server(world.eu), world.server(world.us)
    agent = world.agent(source, key=key, passphrase=b"a passphrase" if key == "rsa" else None)
    source.offer(offers(target))
    verdict(target, "applied")
    assert set(target.leaves) == {pki.fingerprint(agent.identity.certificate)}


@pytest.mark.parametrize("fault", ["another CA", "another name", "expired"])
def test_H5_an_unverified_target_hears_nothing(world, fault):
    source = world.server(world.eu)
    identity = {
        "another CA": lambda: world.eu.issue("listener", host="127.0.0.1"),
        "another name": lambda: world.us.issue("listener", host="elsewhere.example"),
        "expired": lambda: world.us.issue("listener", host="127.0.0.1", days=-1),
    }[fault]()
    target = world.server(world.us, identity=identity)
    agent = world.agent(source, headers=[("Authorization", "Bearer-canary")])
    source.offer(offers(target))
    text = verdict(source, "failed")
    cause = {"another CA": "tls-untrusted", "another name": "tls-name", "expired": "tls-expired"}[fault]
    assert text.startswith(cause), text
    assert not target.opened and not target.bytes
    assert agent.status()["active"]["endpoint"] == source.endpoint


@pytest.mark.parametrize("status", [401, 403, 404])
def test_H6_a_target_that_refuses_by_status_is_told_quickly(world, status):
    source, mode = world.server(world.eu), Refuses(status)
    target = world.server(world.us, mode)
    world.agent(source)
    source.offer(offers(target))
    assert verdict(source, "failed").startswith(f"http-{status}")
    assert mode.hits == 1


def test_H6_a_target_that_does_not_know_the_leaf_is_named_as_such(world):
    source = world.server(world.eu)
    target = world.server(world.us, clients=[pki.pem(world.us.certificate).decode()])
    world.agent(source)
    source.offer(offers(target))
    assert verdict(source, "failed").startswith("tls-leaf-refused")


@pytest.mark.parametrize("mode", [SaysNothing(), SaysError(), Closes(), SaysRaw(b"\0\xff\xff"), SaysRaw(b"\x08\x01")])
def test_H7_H9_an_agent_comes_back_from_a_target_that_does_not_take_it(world, mode):
    source, target = world.server(world.eu), world.server(world.us, mode)
    agent = world.agent(source)
    source.offer(offers(target))
    verdict(source, "failed")
    assert mode.hits > 0 and agent.status()["active"]["endpoint"] == source.endpoint


def test_H8_a_target_that_asks_for_a_pause_gets_it(world):
    source, mode = world.server(world.eu), Refuses(503, times=1, Retry_After=1)
    target = world.server(world.us, mode)
    world.agent(source)
    source.offer(offers(target))
    verdict(target, "applied")
    assert mode.hits == 1


@pytest.mark.parametrize("target_mode", [SaysNothing, Mode])
def test_H10_killed_during_the_verification_the_agent_tries_the_target_again(world, target_mode):
    source, silent = world.server(world.eu), SaysNothing()
    target = world.server(world.us, silent)
    agent = world.agent(source)
    source.offer(offers(target))
    assert target.wait(lambda s: s.heard)
    agent.end(signal.SIGKILL)
    target.mode = target_mode()
    agent.start()
    if target_mode is Mode:
        verdict(target, "applied")
    else:
        verdict(source, "failed")
    assert silent.hits > 0


def test_H11_killed_after_the_adoption_the_agent_starts_at_the_target(world):
    source, target = world.server(world.eu), world.server(world.us)
    agent = world.agent(source)
    source.offer(offers(target))
    verdict(target, "applied")
    count = len(source.opened)
    agent.end(signal.SIGKILL)
    agent.start()
    assert target.wait(lambda s: len(s.opened) == 2)
    time.sleep(0.5)
    assert len(source.opened) == count


def test_H12_a_verdict_survives_the_process_that_reached_it(world):
    source, target = world.server(world.eu), world.server(world.us, Refuses(404))
    agent = world.agent(source)
    source.mode = SaysNothing()
    source.offer(offers(target))
    assert agent.wait(lambda a: a.status().get("last_verdict"))
    agent.end(signal.SIGKILL)
    source.mode = Mode()
    heard = len(source.heard)
    agent.start()
    assert source.wait(lambda s: any(m.connection_settings_status.status == STATUS["failed"] for m in s.heard[heard:]))


def test_H13_a_hash_that_comes_again_and_again_changes_nothing(world):
    mode = None
    source, target = world.server(world.eu), world.server(world.us)
    world.agent(source)
    source.offer(offers(target))
    verdict(target, "applied")
    mode = target.mode = Offers(offers(target))
    heard = len(target.heard)
    target.wait(lambda s: len(s.heard) > heard + 4, 8)
    assert len(target.opened) == 1 and mode.hits >= 3
    assert len(target.heard) < heard + 14, "no answer to an answer without end"


def test_H14_a_heartbeat_alone_needs_no_connection(world):
    source = world.server(world.eu)
    world.agent(source)
    source.offer(offers(heartbeat=7))
    verdict(source, "applied")
    heard = len(source.heard)
    time.sleep(3)
    assert len(source.opened) == 1 and len(source.heard) <= heard + 1


def test_H15_heartbeat_0_ends_no_polling(world):
    source = world.server(world.eu, kind=PollingServer)
    world.agent(source)
    source.offer(offers(heartbeat=0))
    verdict(source, "applied")
    heard = len(source.heard)
    assert source.wait(lambda s: len(s.heard) > heard + 2, 8)


def test_H16_a_new_CA_for_the_same_endpoint_is_proven_by_a_connection(world):
    source = world.server(world.eu)
    agent = world.agent(source)
    both = source.ca + pki.pem(world.us.certificate)
    source.offer(offers(ca=both))
    verdict(source, "applied")
    assert len(source.opened) == 2 and set(source.leaves) == {pki.fingerprint(agent.identity.certificate)}
    source.offer(offers(ca=pki.pem(world.us.certificate), hash=b"\x02"))
    assert verdict(source, "failed", b"\x02").startswith("tls-untrusted")


@pytest.mark.parametrize(
    "fields",
    [
        {"ca": b"no PEM"},
        {"min_version": "1.7"},
        {"cipher_suites": "NO_SUCH_SUITE"},
        {"insecure_skip_verify": True},
        {"destination_endpoint": "ws://127.0.0.1:1/"},
        {"destination_endpoint": "ftp://127.0.0.1/"},
        {"certificate": "another key"},
        {"certificate": "no PEM"},
    ],
    ids=str,
)
def test_H18_H19_what_cannot_be_meant_is_refused_without_leaving(world, fields):
    source = world.server(world.eu)
    world.agent(source)
    offered = offers(ca=fields.get("ca"))
    if "min_version" in fields:
        offered.opamp.tls.min_version = fields["min_version"]
    if "cipher_suites" in fields:
        offered.opamp.tls.cipher_suites.append(fields["cipher_suites"])
    if "insecure_skip_verify" in fields:
        offered.opamp.tls.insecure_skip_verify = True
    if "destination_endpoint" in fields:
        offered.opamp.destination_endpoint = fields["destination_endpoint"]
    if "certificate" in fields:
        other = pki.pem(world.hosts.issue("other").certificate)
        offered.opamp.certificate.cert = other if fields["certificate"] == "another key" else b"no PEM"
    source.offer(offered)
    assert verdict(source, "failed")
    assert len(source.opened) == 1


@pytest.mark.parametrize("kind", [WebSocketServer, PollingServer])
def test_H22_a_new_uid_is_taken_and_kept(world, kind):
    uid = bytes.fromhex("0198c9a4000070008000000000000000")
    source, target = world.server(world.eu), world.server(world.us, Renames(uid), kind=kind)
    agent = world.agent(source)
    source.offer(offers(target))
    verdict(target, "applied")
    assert target.wait(lambda s: s.heard[-1].instance_uid == uid)
    assert target.mode.hits == 1 and agent.status()["instance_uid"] == "0198c9a4-0000-7000-8000-000000000000"
    if kind is PollingServer:
        assert target.wait(lambda s: s.uids[-1] == "0198c9a4-0000-7000-8000-000000000000")


def test_H23_servers_that_play_ping_pong_are_stopped(world):
    source, target = world.server(world.eu), world.server(world.us)
    agent = world.agent(source)
    source.mode, target.mode = Offers(offers(target, hash=b"to us")), Offers(offers(source, hash=b"to eu"))
    agent.wait(lambda a: "offer.too-many-adoptions" in a.log, 20)
    assert "offer.too-many-adoptions" in agent.log
    assert source.mode.hits and target.mode.hits and len(source.opened) + len(target.opened) < 12


def test_H24_of_two_offers_the_last_one_wins_after_the_verdict(world):
    source, silent, third = world.server(world.eu), world.server(world.us, SaysNothing()), world.server(world.us)
    world.agent(source)
    source.offer(offers(silent))
    assert silent.wait(lambda s: s.heard)
    source.mode = Offers(offers(third, hash=b"\x02"))
    verdict(third, "applied", b"\x02", 25)
    assert silent.mode.hits and source.mode.hits
    assert silent.closed[0][0] <= third.opened[0], "never two connections"


def test_H25_after_a_handover_the_whole_state_is_there_and_comes_again_when_asked_for(world):
    source, target = world.server(world.eu), world.server(world.us, WantsFullState())
    world.agent(source)
    source.offer(offers(target))
    verdict(target, "applied")
    assert target.wait(lambda s: sum(m.HasField("agent_description") for m in s.heard) == 2)
    full = [m for m in target.heard if m.HasField("agent_description")]
    assert full[0].health.healthy == full[1].health.healthy == source.heard[0].health.healthy
    assert target.mode.hits == 1 and full[1].connection_settings_status.status == STATUS["applied"]


def test_H26_a_server_that_accepts_and_closes_is_not_flooded(world):
    source = world.server(world.eu)
    world.agent(source)
    source.mode = Closes()
    begun = len(source.opened)
    time.sleep(6)
    assert source.mode.hits and len(source.opened) - begun < 12


def test_H29_an_answer_beyond_the_limit_is_refused_and_the_agent_lives(world):
    source = world.server(world.eu, kind=PollingServer)
    agent = world.agent(source, more="limits:\n  received: 64KiB\n")
    source.mode = SaysRaw(gzip.compress(bytes(1 << 20)) + bytes(1 << 17))
    assert agent.wait(lambda a: "longer than 65536 bytes" in a.log)
    source.mode, heard = Mode(), len(source.heard)
    assert source.wait(lambda s: len(s.heard) > heard + 1)
    assert agent.process.poll() is None


def test_H30_a_damaged_state_is_not_the_end(world):
    source = world.server(world.eu)
    agent = world.agent(source)
    uid = source.heard[0].instance_uid
    assert agent.end() == 0
    for name in ("connection", "connection.previous"):
        path = agent.folder / "state" / name
        if path.exists():
            path.write_bytes(path.read_bytes()[: os.path.getsize(path) // 2])
    opened = len(source.opened)
    agent.start()
    assert source.wait(lambda s: len(s.opened) > opened), agent.log
    assert source.heard[-1].instance_uid == uid and "damaged" in agent.log


def test_an_agent_says_goodbye(world):
    source = world.server(world.eu)
    agent = world.agent(source)
    assert agent.end() == 0
    assert source.wait(lambda s: s.closed)
    assert source.heard[-1].HasField("agent_disconnect") and source.closed[0][1] == 1000


def test_H17_a_leaf_is_renewed_for_the_same_key_and_the_former_one_stays_until_it_works(world):
    issues = Issues(world.hosts)
    source, target = world.server(world.eu, issues), world.server(world.us)
    agent = world.agent(source, is_enrolled=False)
    verdict(source, "applied", b"first")
    assert source.wait(lambda s: s.leaves[-1]), agent.log
    first = source.leaves[-1]
    assert source.leaves[0] is None and agent.status()["leaf"]["fingerprint"] == first

    # Of a CA that no listener knows: the agent comes back with what it had.
    source.offer(issues.offer(b"bad", authority=pki.Authority("nobody")))
    assert verdict(source, "failed", b"bad").startswith("tls-leaf-refused")
    assert source.leaves[-1] == first and agent.status()["leaf"]["fingerprint"] == first

    renewed = issues.offer(b"good")
    source.offer(renewed)
    verdict(source, "applied", b"good")
    second = agent.status()["leaf"]["fingerprint"]
    assert second != first and source.leaves[-1] == second
    source.offer(offers(target, hash=b"on"))
    verdict(target, "applied", b"on")
    assert set(target.leaves) == {second} and target.heard[0].instance_uid == source.heard[0].instance_uid


def test_H17_a_certificate_that_comes_with_a_key_is_refused(world):
    issues = Issues(world.hosts)
    source = world.server(world.eu, issues)
    world.agent(source, is_enrolled=False)
    verdict(source, "applied", b"first")
    assert source.wait(lambda s: s.leaves[-1])
    opened = len(source.opened)
    other, offered = world.hosts.issue("other"), issues.offer(b"with a key")
    offered.opamp.certificate.cert, offered.opamp.certificate.private_key = pki.pem(other.certificate), other.key_pem()
    source.offer(offered)
    assert "offer.private-key-offered" in verdict(source, "failed", b"with a key")
    assert len(source.opened) == opened


def test_H27_with_the_former_server_gone_as_well_the_agent_tries_until_it_is_back(world):
    silent = SaysNothing()
    source, target = world.server(world.eu), world.server(world.us, silent)
    agent = world.agent(source)
    source.offer(offers(target))
    assert target.wait(lambda s: s.heard)
    port, heard = source.port, len(source.heard)
    source.stop()
    assert agent.wait(lambda a: "move.failed" in a.log and a.log.count("connection.lost") > 2, 20), agent.log
    assert agent.process.poll() is None
    source.start(port)
    assert source.wait(lambda s: any(m.connection_settings_status.status == STATUS["failed"] for m in s.heard[heard:]))
    assert agent.status()["active"]["endpoint"] == source.endpoint


def test_H28_without_a_place_for_its_state_the_agent_refuses_the_offer_and_stays(world):
    source, target = world.server(world.eu), world.server(world.us)
    agent = world.agent(source, is_ordinary=True)
    state = agent.folder / "state"
    state.chmod(0o500)
    source.offer(offers(target))
    assert verdict(source, "failed").startswith("storage")
    assert not target.opened and len(source.opened) == 1 and agent.process.poll() is None
    state.chmod(0o700)
    source.offer(offers(target, hash=b"\x02"))
    verdict(target, "applied", b"\x02")


def test_C23_a_uid_of_the_server_is_asked_for_until_it_comes(world):
    uid = bytes.fromhex("0198c9a4000070008000000000000001")
    source = world.server(world.eu, NamesTheAgent(uid))
    agent = world.agent(source, more="request_instance_uid: true\n")
    assert source.wait(lambda s: s.heard[-1].instance_uid == uid), agent.log
    assert source.heard[0].flags and source.heard[0].instance_uid != uid
    assert not any(m.flags for m in source.heard if m.instance_uid == uid)
    assert agent.status()["instance_uid"] == "0198c9a4-0000-7000-8000-000000000001"


def test_C54_a_certificate_counts_once_its_server_accepts_it(world):
    source = world.server(world.eu, RefusesWhatItIssued(world.hosts))
    agent = world.agent(source, is_enrolled=False)
    assert verdict(source, "failed", b"first", 60).startswith("http-403"), agent.log
    assert source.leaves[-1] is None and "enrolment.leaf-not-accepted" in agent.log
    verdict(source, "applied", b"first", 60)
    assert source.leaves[-1] == agent.status()["leaf"]["fingerprint"] and agent.status()["is_enrolled"]
    assert source.mode.refusals == 1 and len({m.instance_uid for m in source.heard}) == 1


def test_C61_Z10_a_server_hears_nothing_that_it_did_not_list_and_of_each_offer_what_became_of_it(world):
    source = world.server(world.eu)
    world.agent(source)
    others = ServerToAgent().connection_settings
    others.hash = b"others"
    others.own_metrics.destination_endpoint = "https://metrics.example/"
    source.offer(others)
    assert "offer.other-settings-only" in verdict(source, "failed", b"others")
    assert not any(m.HasField("custom_message") for m in source.heard)


def test_every_mode_of_the_server_has_a_test():
    def modes(mode):
        return {mode}.union(*(modes(other) for other in mode.__subclasses__()))

    with open(__file__, encoding="utf-8") as file:
        text = file.read()
    # Beside its import.
    assert [mode.__name__ for mode in modes(Mode) if text.count(mode.__name__) < 2] == []
