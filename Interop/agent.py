"""The opamp-agent program on a host of its own."""

import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time

PROGRAM = pathlib.Path(os.environ.get("INTEROP_TOOL", "interop-tool")).parent / "opamp-agent"


class Agent:
    """With the certificate of a host's PKI, or without one: then a token gets it one from its server.

    `proxy` has the lines below that key of its file. With `is_ordinary` it is no root, which could write anywhere."""

    def __init__(self, server, identity=None, passphrase=None, headers=(), more="", proxy=(), is_ordinary=False, starts=True):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="opamp-agent-"))
        self.identity = identity
        (self.folder / "ca.pem").write_bytes(server.ca)
        tls = [f"ca_file: {self.folder}/ca.pem"]
        if identity:
            certificate, key = identity.write(self.folder, "leaf", passphrase)
            tls += [f"cert_file: {certificate}", f"key_file: {key}"]
        else:
            (self.folder / "token").touch(mode=0o600)
            (self.folder / "token").write_text("a-token\n")
            more += f"bootstrap:\n  token_file: {self.folder}/token\n"
        if passphrase:
            (self.folder / "passphrase").touch(mode=0o600)
            (self.folder / "passphrase").write_bytes(passphrase + b"\n")
            tls.append(f"key_passphrase_file: {self.folder}/passphrase")
        names = "".join(f"  {name}: {value}\n" for name, value in headers)
        self.config = self.folder / "agent.yaml"
        self.config.write_text(
            f"server:\n  endpoint: {server.endpoint}\n  heartbeat_interval: 1s\n"
            + "tls:\n"
            + "".join(f"  {line}\n" for line in tls)
            + (f"headers:\n{names}" if names else "")
            + f"storage:\n  directory: {self.folder}/state\n"
            + "agent_description:\n  identifying_attributes:\n    service.name: interop\n"
            + "handover:\n  verification_timeout: 2s\n  probation: 3s\n"
            + ("proxy:\n" + "".join(f"  {line}\n" for line in proxy) if proxy else "")
            + more
        )
        self.process, self.starts = None, starts
        self.program, self.account = PROGRAM, {}
        if is_ordinary and os.geteuid() == 0:
            self.account = {"user": 65534, "group": 65534, "extra_groups": []}
            # Where it lies, not everybody may look.
            self.program = shutil.copy(PROGRAM, self.folder / "opamp-agent")
            for path in [self.folder, *self.folder.iterdir()]:
                os.chown(path, 65534, 65534)

    def __enter__(self):
        if self.starts:
            self.start()
        return self

    def __exit__(self, *_):
        if self.process:
            self.end()
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self):
        with open(self.folder / "log", "ab") as log:
            self.process = subprocess.Popen(
                [self.program, "run", "--config", self.config], stderr=log, **self.account
            )

    def end(self, number=signal.SIGTERM):
        """Its exit status."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(15)

    @property
    def log(self):
        return (self.folder / "log").read_text()

    def status(self):
        shown = subprocess.run([PROGRAM, "status", "--config", self.config, "--json"], capture_output=True, text=True)
        assert shown.returncode == 0, shown.stderr
        return json.loads(shown.stdout)

    def check(self):
        """Exit status and text of `opamp-agent check`."""
        shown = subprocess.run([PROGRAM, "check", "--config", self.config], capture_output=True, text=True)
        return shown.returncode, shown.stdout + shown.stderr

    def wait(self, condition, seconds=15):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if condition(self):
                return True
            time.sleep(0.05)
        return bool(condition(self))
