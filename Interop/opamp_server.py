"""An OpAMP server that is none of ours: `websockets` and `http.server` carry what protobuf's own library writes.

A `Mode` is what one test makes a server do; it counts how often it did it. Every message is kept as it came over the
wire and as it was sent."""

import asyncio
import contextlib
import hashlib
import http.server
import ssl
import tempfile
import threading
import time
import pathlib
import urllib.parse

from cryptography import x509
from google.protobuf.message import DecodeError
from websockets.asyncio.server import serve
from websockets.exceptions import ConnectionClosed

import pki
import wire

MESSAGES = wire.our_messages()
AgentToServer, ServerToAgent = MESSAGES["agent-to-server"], MESSAGES["server-to-agent"]
STATUS = {"applied": 1, "applying": 2, "failed": 3}
# AcceptsStatus, OffersConnectionSettings; AcceptsConnectionSettingsRequest.
CAPABILITIES, SIGNS = 0x1 | 0x20, 0x40
REQUESTS_UID = 0x1


class Mode:
    """Welcomes every agent and answers every message."""

    made = []

    def __init__(self):
        self.hits = 0
        Mode.made.append(self)

    def hit(self):
        self.hits += 1

    def admit(self, connection, request):
        """A response instead of the upgrade, or None."""

    def answer(self, server, heard):
        """What to say to a message, or None for nothing."""
        return server.reply(heard)


class Refuses(Mode):
    def __init__(self, status, times=None, **headers):
        super().__init__()
        self.status, self.times, self.headers = status, times, headers

    def admit(self, connection, request):
        if self.times is not None and self.hits >= self.times:
            return None
        self.hit()
        response = connection.respond(self.status, "no\n")
        for name, value in self.headers.items():
            response.headers[name.replace("_", "-")] = str(value)
        return response


class SaysNothing(Mode):
    def answer(self, server, heard):
        self.hit()


class SaysError(Mode):
    def answer(self, server, heard):
        self.hit()
        reply = server.reply(heard)
        reply.error_response.error_message = "I will not"
        return reply


class Renames(Mode):
    def __init__(self, uid):
        super().__init__()
        self.uid = uid

    def answer(self, server, heard):
        reply = server.reply(heard)
        if heard.instance_uid != self.uid:
            self.hit()
            reply.agent_identification.new_instance_uid = self.uid
        return reply


class Closes(Mode):
    """Upgrades, and is gone at the first message."""

    def answer(self, server, heard):
        self.hit()
        raise ConnectionError("closed by the mode")


class SaysRaw(Mode):
    def __init__(self, data):
        super().__init__()
        self.data = data

    def answer(self, server, heard):
        self.hit()
        return self.data


class Offers(Mode):
    """Offers the same in each answer, whatever the agent says of it."""

    def __init__(self, offers):
        super().__init__()
        self.offers = offers

    def answer(self, server, heard):
        self.hit()
        reply = server.reply(heard)
        reply.connection_settings.CopyFrom(self.offers)
        return reply


class NamesTheAgent(Mode):
    """Gives the agent that asks for it a uid, and nobody else."""

    def __init__(self, uid):
        super().__init__()
        self.uid = uid

    def answer(self, server, heard):
        reply = server.reply(heard)
        if heard.flags & REQUESTS_UID:
            self.hit()
            reply.agent_identification.new_instance_uid = self.uid
        return reply


class Issues(Mode):
    """Signs what an agent without a certificate asks for, once."""

    signs = 1

    def __init__(self, authority):
        super().__init__()
        self.authority = authority
        self.request = None

    def answer(self, server, heard):
        reply = server.reply(heard)
        reply.capabilities |= SIGNS
        request = heard.connection_settings_request.opamp.certificate_request.csr
        if request and self.hits < self.signs:
            self.hit()
            self.request = x509.load_pem_x509_csr(request)
            reply.connection_settings.CopyFrom(self.offer(b"first"))
        return reply

    def offer(self, hash, authority=None):
        """Another certificate for the same key, and nothing else."""
        offers = ServerToAgent().connection_settings
        offers.hash = hash
        offers.opamp.heartbeat_interval_seconds = 1
        certificate = (authority or self.authority).sign("host", self.request.public_key())
        offers.opamp.certificate.cert = pki.pem(certificate)
        return offers


class RefusesWhatItIssued(Issues):
    """Turns down the first connection with the certificate that it has signed."""

    signs = 2
    refusals = 0

    def admit(self, connection, request):
        if self.refusals or not connection.transport.get_extra_info("ssl_object").getpeercert(True):
            return None
        self.refusals += 1
        return connection.respond(403, "no\n")


class WantsFullState(Mode):
    def answer(self, server, heard):
        reply = server.reply(heard)
        if self.hits == 0 and len(server.heard) > 2:
            self.hit()
            reply.flags = 1
        return reply


class Server:
    """What both transports have in common. `is_plain` leaves TLS to a program in front, which says in a header what
    certificate the client has presented."""

    front = None

    def __init__(self, authority, mode=None, identity=None, host="127.0.0.1", clients=None, is_plain=False):
        self.authority = authority
        self.mode = mode or Mode()
        self.heard, self.leaves, self.uids, self.bytes = [], [], [], []
        self.opened, self.closed = [], []
        self.tls = None
        if is_plain:
            return
        identity = identity or authority.issue("listener", host=host)
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        with tempfile.TemporaryDirectory() as folder:
            self.tls.load_cert_chain(*identity.write(pathlib.Path(folder), "listener"))
        if clients is not None:
            self.tls.verify_mode = ssl.CERT_OPTIONAL
            self.tls.load_verify_locations(cadata="".join(clients))

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stop()

    @property
    def endpoint(self):
        return f"{self.scheme}://127.0.0.1:{self.front or self.port}/v1/opamp"

    def reply(self, heard):
        return ServerToAgent(instance_uid=heard.instance_uid, capabilities=CAPABILITIES)

    def hear(self, data, tls, headers):
        message = AgentToServer.FromString(data)
        if self.tls is not None:
            certificate = tls.getpeercert(True)
            self.leaves.append(hashlib.sha256(certificate).hexdigest() if certificate else None)
        else:
            text = urllib.parse.unquote(headers["X-Client-Certificate"])
            self.leaves.append(pki.fingerprint(x509.load_pem_x509_certificate(text.encode())))
        self.heard.append(message)
        return message

    @property
    def statuses(self):
        """Of offers: hash, status, message."""
        return [
            (s.last_connection_settings_hash, s.status, s.error_message)
            for s in (m.connection_settings_status for m in self.heard if m.HasField("connection_settings_status"))
        ]

    def wait(self, condition, seconds=15):
        """Whether it holds within the time."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if condition(self):
                return True
            time.sleep(0.02)
        return bool(condition(self))


class WebSocketServer(Server):
    scheme = "wss"

    def start(self, port=0):
        self.loop = asyncio.new_event_loop()
        ready = threading.Event()

        async def main():
            self.done = asyncio.Event()
            async with serve(
                self._talk,
                "127.0.0.1",
                port,
                ssl=self.tls,
                process_request=lambda c, r: self.mode.admit(c, r),
                max_size=1 << 27,
                compression=None,
                close_timeout=1,
            ) as server:
                self.port = server.sockets[0].getsockname()[1]
                self.connections = server
                ready.set()
                await self.done.wait()

        self.thread = threading.Thread(target=lambda: self.loop.run_until_complete(main()), daemon=True)
        self.thread.start()
        assert ready.wait(10)

    def stop(self):
        self.loop.call_soon_threadsafe(self.done.set)
        self.thread.join(10)

    async def _talk(self, connection):
        self.opened.append(time.monotonic())
        self.uids.append(connection.request.headers.get("OpAMP-Instance-UID"))
        tls = connection.transport.get_extra_info("ssl_object")
        try:
            async for data in connection:
                self.bytes.append(("agent", data))
                assert data[0] == 0, "the header of each message is a zero byte"
                answer = self.mode.answer(self, self.hear(data[1:], tls, connection.request.headers))
                if answer is not None:
                    await self._send(connection, answer)
        except ConnectionError:
            connection.transport.abort()
        except ConnectionClosed:
            pass
        await connection.wait_closed()
        self.closed.append((time.monotonic(), connection.close_code))

    async def _send(self, connection, message):
        data = message if isinstance(message, bytes) else b"\0" + message.SerializeToString()
        self.bytes.append(("server", data))
        # An agent that has left reads no answer; what it said before is still to be heard.
        with contextlib.suppress(ConnectionClosed):
            await connection.send(data)

    def say(self, message):
        """To every agent that is connected."""

        async def all_of_them():
            for connection in list(self.connections.connections):
                await self._send(connection, message)

        asyncio.run_coroutine_threadsafe(all_of_them(), self.loop).result(10)

    def offer(self, offers):
        self.say(ServerToAgent(connection_settings=offers, capabilities=CAPABILITIES))


class PollingServer(Server):
    scheme = "https"

    def start(self):
        outer = self
        self.waiting = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                data = self.rfile.read(int(self.headers["Content-Length"]))
                outer.bytes.append(("agent", data))
                outer.opened.append(time.monotonic())
                outer.uids.append(self.headers["OpAMP-Instance-UID"])
                assert self.headers["Content-Type"] == "application/x-protobuf"
                try:
                    heard = outer.hear(data, self.connection, self.headers)
                except DecodeError:
                    return self.send_error(400)
                answer = outer.mode.answer(outer, heard)
                if not isinstance(answer, bytes):
                    if outer.waiting:
                        answer.connection_settings.CopyFrom(outer.waiting.pop(0))
                    answer = answer.SerializeToString()
                outer.bytes.append(("server", answer))
                self.send_response(200)
                self.send_header("Content-Type", "application/x-protobuf")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_):
                pass

        class Quiet(http.server.ThreadingHTTPServer):
            def handle_error(self, *_):
                pass

        self.server = Quiet(("127.0.0.1", 0), Handler)
        if self.tls is not None:
            self.server.socket = self.tls.wrap_socket(self.server.socket, server_side=True)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()

    def offer(self, offers):
        """With the answer to the next poll."""
        self.waiting.append(offers)
