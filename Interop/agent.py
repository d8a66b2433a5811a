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
    """Enrolled by files: its certificate is one of the host's PKI."""

    def __init__(self, server, identity, passphrase=None, headers=(), more=""):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="opamp-agent-"))
        self.identity = identity
        certificate, key = identity.write(self.folder, "leaf", passphrase)
        (self.folder / "ca.pem").write_bytes(server.ca)
        tls = [f"ca_file: {self.folder}/ca.pem", f"cert_file: {certificate}", f"key_file: {key}"]
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
            + more
        )
        self.process = None

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.end()
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self):
        with open(self.folder / "log", "ab") as log:
            self.process = subprocess.Popen([PROGRAM, "run", "--config", self.config], stderr=log)

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

    def wait(self, condition, seconds=15):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if condition(self):
                return True
            time.sleep(0.05)
        return bool(condition(self))
