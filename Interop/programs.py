"""Proxies that are none of ours: tinyproxy, squid and nginx, each on 127.0.0.1 with a configuration of its own."""

import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time

import pki


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Program:
    """Runs in the foreground with the configuration that a subclass writes."""

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix=f"{self.name}-"))
        self.port = free_port()
        self.process = None

    def __enter__(self):
        self.write_configuration()
        # A program that root starts becomes a user of its own.
        if os.geteuid() == 0 and self.user:
            for path in [self.folder, *self.folder.iterdir()]:
                shutil.chown(path, self.user)
        self.start()
        return self

    def __exit__(self, *_):
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self):
        with open(self.folder / "output", "ab") as output:
            self.process = subprocess.Popen(
                self.command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=self.environment
            )
        end = time.monotonic() + 20
        while time.monotonic() < end and self.process.poll() is None:
            if all(answers(port) for port in self.ports):
                return
            time.sleep(0.05)
        raise AssertionError(f"{self.name} does not listen: {self.log}")

    def stop(self, number=signal.SIGTERM):
        if self.process.poll() is None:
            self.process.send_signal(number)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    user = None
    environment = {**os.environ, "PATH": os.environ["PATH"] + ":/usr/sbin:/sbin"}

    @property
    def ports(self):
        return [self.port]

    @property
    def log(self):
        paths = [self.folder / name for name in ("output", "error.log", "access.log")]
        return "".join(path.read_text(errors="replace") for path in paths if path.exists())


def answers(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


class Proxy(Program):
    """Lets whoever knows a user and its password connect anywhere."""

    username, password = "host-7", "canary-password"

    @property
    def connects(self):
        """The host and port of each CONNECT that is over, refused ones included."""
        return re.findall(r"CONNECT (127\.0\.0\.1:\d+)", self.log)

    @property
    def hits(self):
        return len(self.connects)

    def settings(self, username=None, password=None):
        """What an agent's file says to go through it."""
        path = self.folder / "agent-password"
        path.touch(mode=0o600)
        path.write_text((password or self.password) + "\n")
        return [
            f"url: {self.url}",
            f"username: {username or self.username}",
            f"password_file: {path}",
        ]

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"


class Tinyproxy(Proxy):
    name = "tinyproxy"

    def write_configuration(self):
        (self.folder / "configuration").write_text(
            f"Port {self.port}\nListen 127.0.0.1\nTimeout 600\nMaxClients 50\nLogLevel Connect\n"
            f"BasicAuth {self.username} {self.password}\n"
        )

    @property
    def command(self):
        return ["tinyproxy", "-d", "-c", self.folder / "configuration"]


class Squid(Proxy):
    """With a port for TLS, which asks for a certificate of the given CA and for no password."""

    name, user = "squid", "proxy"

    def __init__(self, clients=None, is_https=False, refused_ports=()):
        super().__init__()
        self.tls_port, self.is_https = free_port(), is_https
        self.authority, self.clients = pki.Authority("proxy"), clients or pki.Authority("nobody")
        self.refused_ports = refused_ports

    def write_configuration(self):
        folder = self.folder
        certificate, key = self.authority.issue("listener", host="127.0.0.1").write(folder, "listener")
        (folder / "ca.pem").write_bytes(pki.pem(self.authority.certificate))
        (folder / "clients.pem").write_bytes(pki.pem(self.clients.certificate))
        digest = subprocess.run(
            ["openssl", "passwd", "-apr1", self.password], capture_output=True, text=True, check=True
        ).stdout.strip()
        (folder / "passwords").write_text(f"{self.username}:{digest}\n")
        refused = "".join(f"acl refused port {port}\nhttp_access deny refused\n" for port in self.refused_ports)
        (folder / "configuration").write_text(
            f"http_port 127.0.0.1:{self.port}\n"
            f"https_port 127.0.0.1:{self.tls_port} tls-cert={certificate} tls-key={key} clientca={folder}/clients.pem\n"
            f"pid_filename none\nvisible_hostname localhost\nshutdown_lifetime 0 seconds\ncache deny all\n"
            f"logfile_rotate 0\npinger_enable off\ncoredump_dir none\n"
            f"access_log stdio:{folder}/access.log\ncache_log {folder}/error.log\n"
            f"auth_param basic program /usr/lib/squid/basic_ncsa_auth {folder}/passwords\n"
            "acl known proxy_auth REQUIRED\nacl CONNECT method CONNECT\n"
            f"acl certified localport {self.tls_port}\n"
            f"http_access deny !CONNECT\n{refused}http_access allow certified\n"
            "http_access allow known\nhttp_access deny all\n"
        )

    @property
    def command(self):
        return ["squid", "-N", "-f", self.folder / "configuration"]

    @property
    def ports(self):
        return [self.port, self.tls_port]

    @property
    def url(self):
        return f"https://127.0.0.1:{self.tls_port}" if self.is_https else super().url

    def trust(self, identity=None):
        """What an agent's file says to verify it, and to be known to it."""
        lines = [f"url: {self.url}", "tls:", f"  ca_file: {self.folder}/ca.pem"]
        if identity:
            certificate, key = identity.write(self.folder, "agent")
            lines += [f"  cert_file: {certificate}", f"  key_file: {key}"]
        return lines

    @property
    def users(self):
        """Who sent each CONNECT that was let through."""
        return [line.split()[7] for line in self.log.splitlines() if "TCP_TUNNEL/200" in line]


class Nginx(Program):
    """Ends TLS in front of servers without it and passes the client's certificate on in a header, or passes bytes on to
    servers with TLS."""

    name = "nginx"

    def __init__(self, clients):
        super().__init__()
        self.clients = clients
        self.fronts = []

    def stands_before(self, server, ends_tls):
        """To be said before it starts."""
        server.front = self.port if not self.fronts else free_port()
        self.fronts.append((server, ends_tls))

    @property
    def ports(self):
        return [server.front for server, _ in self.fronts]

    def write_configuration(self):
        folder = self.folder
        (folder / "clients.pem").write_bytes(pki.pem(self.clients.certificate))
        http, stream = "", ""
        for server, ends_tls in self.fronts:
            listen = f"listen 127.0.0.1:{server.front}"
            if not ends_tls:
                stream += f"server {{ {listen}; proxy_pass 127.0.0.1:{server.port}; }}\n"
                continue
            identity = server.authority.issue("listener", host="127.0.0.1")
            certificate, key = identity.write(folder, f"listener-{server.front}")
            http += (
                f"server {{ {listen} ssl; ssl_certificate {certificate}; ssl_certificate_key {key};\n"
                f"  ssl_client_certificate {folder}/clients.pem; ssl_verify_client on;\n"
                f"  location / {{ proxy_pass http://127.0.0.1:{server.port}; proxy_http_version 1.1;\n"
                "    proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection $connection_to_server;\n"
                "    proxy_set_header Host $http_host; proxy_set_header X-Client-Certificate $ssl_client_escaped_cert;\n"
                "    client_max_body_size 100m; } }\n"
            )
        places = "".join(
            f"{kind}_temp_path {folder}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        (folder / "configuration").write_text(
            "load_module /usr/lib/nginx/modules/ngx_stream_module.so;\n"
            f"daemon off; master_process off; pid {folder}/pid; error_log {folder}/error.log info;\n"
            "events { worker_connections 200; }\n"
            f"http {{ access_log {folder}/access.log;\n{places}"
            "map $http_upgrade $connection_to_server { default upgrade; '' close; }\n"
            f"{http}}}\nstream {{ {stream}}}\n"
        )

    @property
    def command(self):
        return ["nginx", "-p", self.folder, "-c", self.folder / "configuration"]

    @property
    def hits(self):
        """Requests, and connections that were passed on."""
        return self.log.count(" HTTP/1.1\" ") + self.log.count(" connected to 127.0.0.1:")
