"""Certificates for servers and hosts, made by Python's cryptography and valid now."""

import datetime
import ipaddress

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

KEYS = {
    "p256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "p384": lambda: ec.generate_private_key(ec.SECP384R1()),
    "rsa": lambda: rsa.generate_private_key(65537, 2048),
    "ed25519": ed25519.Ed25519PrivateKey.generate,
}
USAGES = (
    "digital_signature content_commitment key_encipherment data_encipherment key_agreement key_cert_sign crl_sign "
    "encipher_only decipher_only"
).split()


def pem(certificate):
    return certificate.public_bytes(serialization.Encoding.PEM)


def fingerprint(certificate):
    return certificate.fingerprint(hashes.SHA256()).hex()


class Identity:
    """A certificate and its key."""

    def __init__(self, certificate, key):
        self.certificate, self.key = certificate, key

    def key_pem(self, passphrase=None):
        how = serialization.BestAvailableEncryption(passphrase) if passphrase else serialization.NoEncryption()
        return self.key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, how)

    def write(self, folder, name, passphrase=None):
        """Into `name.pem` and `name.key`."""
        paths = folder / f"{name}.pem", folder / f"{name}.key"
        paths[0].write_bytes(pem(self.certificate))
        paths[1].touch(mode=0o600)
        paths[1].write_bytes(self.key_pem(passphrase))
        return paths


class Authority(Identity):
    def __init__(self, name):
        self.key = KEYS["p256"]()
        self.certificate = self._certificate(name, self.key.public_key(), 30, {"key_cert_sign", "crl_sign"}, None)

    def issue(self, name, key="p256", host=None, days=30):
        """For the listener of a host, or for an agent when there is none."""
        key = KEYS[key]()
        certificate = self._certificate(name, key.public_key(), days, {"digital_signature"}, host or "")
        return Identity(certificate, key)

    def sign(self, name, public_key, days=30):
        """For an agent that has a key of its own."""
        return self._certificate(name, public_key, days, {"digital_signature"}, "")

    def _certificate(self, name, public_key, days, usages, host):
        own = getattr(self, "certificate", None)
        now = datetime.datetime.now(datetime.timezone.utc)
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        start, end = now - datetime.timedelta(days=1), now + datetime.timedelta(days=days)
        if days < 0:
            start = end - datetime.timedelta(days=1)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(own.subject if own else subject)
            .public_key(public_key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(start)
            .not_valid_after(end)
            .add_extension(x509.BasicConstraints(ca=own is None, path_length=None), critical=True)
            .add_extension(x509.KeyUsage(**{usage: usage in usages for usage in USAGES}), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
        )
        if own is not None:
            builder = builder.add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(own.public_key()), critical=False
            )
            purpose = ExtendedKeyUsageOID.SERVER_AUTH if host else ExtendedKeyUsageOID.CLIENT_AUTH
            builder = builder.add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
        if host:
            address = x509.IPAddress(ipaddress.ip_address(host)) if host[0].isdigit() else x509.DNSName(host)
            builder = builder.add_extension(x509.SubjectAlternativeName([address]), critical=False)
        return builder.sign(self.key, hashes.SHA256())
