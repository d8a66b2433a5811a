"""Our handover tokens against PyJWT and jwcrypto, both ways, and what we say when these tamper."""

import base64
import datetime
import hashlib
import hmac
import json
import zlib

import jwt
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from jwcrypto import jwk, jws

NOW = 1_800_000_000
ISSUER, AUDIENCE, JTI = "a1" * 16, "b2" * 16, "c3" * 16
ROW, INSTANCE = "01234567-89ab-7cde-8f01-23456789abcd", "01234567-89ab-7cde-8f01-23456789abce"
ENDPOINT = "wss://eu-west.example:4320/v1/opamp"


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Authority:
    """A CA made by Python's cryptography with the extensions we ask of one."""

    def __init__(self, name):
        self.key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        day = datetime.timedelta(days=1)
        start = datetime.datetime.fromtimestamp(NOW, datetime.timezone.utc) - day
        usage = dict.fromkeys(
            "content_commitment key_encipherment data_encipherment key_agreement encipher_only decipher_only".split(),
            False,
        )
        self.certificate = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(subject)
            .public_key(self.key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(start)
            .not_valid_after(start + 365 * day)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(
                x509.KeyUsage(digital_signature=True, key_cert_sign=True, crl_sign=True, **usage), critical=True
            )
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(self.key.public_key()), critical=False)
            .sign(self.key, hashes.SHA256())
        )
        self.der = self.certificate.public_bytes(serialization.Encoding.DER)
        self.pem = self.certificate.public_bytes(serialization.Encoding.PEM).decode()
        self.key_pem = self.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        self.thumbprint = base64url(self.certificate.fingerprint(hashes.SHA256()))

    @property
    def header(self):
        return {"alg": "ES256", "typ": "handover+jwt", "x5t#S256": self.thumbprint}

    @property
    def jwk(self):
        return jwk.JWK.from_pem(self.key_pem)


@pytest.fixture(scope="module")
def source():
    return Authority("source CA")


@pytest.fixture(scope="module")
def target():
    return Authority("target CA")


@pytest.fixture(scope="module")
def claims(source, target):
    """What the protocol says a token holds, written down without our code."""
    return {
        "jti": JTI,
        "iss": ISSUER,
        "aud": AUDIENCE,
        "iat": NOW,
        "nbf": NOW,
        "exp": NOW + 3600,
        "cnf": {"x5t#S256": base64url(bytes(32))},
        "sub": ROW,
        "instance_uid": INSTANCE,
        "display_name": "db-7 \u00e9\U0001f418",
        "capabilities": 0x2501,
        "group": "eu",
        "configuration": "base",
        "target": {
            "name": "eu-west",
            "endpoint": ENDPOINT,
            "serverCAs": [base64url(target.der)],
            "tokenSigners": [base64url(target.der)],
            "headers": [{"name": "X-Tenant", "value": "blue"}],
        },
        "source": {"name": "eu", "agentCAs": [base64url(source.der)]},
        "epoch": 3,
        "probation": 300,
        "purpose": "handover",
    }


@pytest.fixture(scope="module")
def ours(tool, source, target):
    """A token signed by us, as its JWS."""
    facts = {
        "certificate": source.pem,
        "key": source.key_pem.decode(),
        "serverCAs": target.pem,
        "tokenSigners": target.pem,
        "agentCAs": source.pem,
        "leaf": "00" * 32,
        "jti": JTI,
        "issuer": ISSUER,
        "audience": AUDIENCE,
        "issuedAt": NOW,
        "expiresAt": NOW + 3600,
        "row": ROW,
        "instanceUID": INSTANCE,
        "displayName": "db-7 \u00e9\U0001f418",
        "endpoint": ENDPOINT,
    }
    (line,) = tool("sign-token", lines=[json.dumps(facts)])
    word, text = line.split(" ")
    assert word == "token"
    prefix, *parts, checksum = text.split(".")
    assert prefix == "opamp-ho"
    assert checksum == f"{zlib.crc32(text.rpartition('.')[0].encode()):08x}"
    return ".".join(parts)


@pytest.fixture
def verdict(tool, source):
    """What we say of a JWS, put into the text form by Python."""

    def ask(compact, now=NOW, audience=AUDIENCE):
        text = f"opamp-ho.{compact}"
        facts = {
            "token": f"{text}.{zlib.crc32(text.encode()):08x}",
            "signer": source.pem,
            "owner": ISSUER,
            "audience": audience,
            "now": now,
        }
        (line,) = tool("verify-token", lines=[json.dumps(facts)])
        return line

    return ask


def by_pyjwt(claims, authority, header=None, algorithm="ES256", key=None):
    return jwt.encode(claims, key or authority.key, algorithm=algorithm, headers=header or authority.header)


def by_jwcrypto(claims, authority, header=None):
    token = jws.JWS(json.dumps(claims))
    token.add_signature(authority.jwk, protected=json.dumps(header or authority.header))
    return token.serialize(compact=True)


MAKERS = [by_pyjwt, by_jwcrypto]


def test_the_thumbprint_is_that_of_another_library(tool, source):
    (line,) = tool("fingerprint", lines=[json.dumps({"certificate": source.pem})])
    assert line == f"{hashlib.sha256(source.der).hexdigest()} {source.thumbprint}"


def test_pyjwt_verifies_our_token(ours, source, claims):
    header = jwt.get_unverified_header(ours)
    assert header == source.header
    options = {"verify_exp": False, "verify_nbf": False, "verify_iat": False}
    decoded = jwt.decode(
        ours, source.key.public_key(), algorithms=["ES256"], audience=AUDIENCE, issuer=ISSUER, options=options
    )
    assert decoded == claims


def test_jwcrypto_verifies_our_token(ours, source, claims):
    token = jws.JWS()
    token.deserialize(ours)
    token.verify(source.jwk, alg="ES256")
    assert json.loads(token.payload) == claims


def test_another_key_does_not_verify_our_token(ours, target):
    with pytest.raises(jwt.InvalidSignatureError):
        jwt.decode(ours, target.key.public_key(), algorithms=["ES256"], audience=AUDIENCE)


@pytest.mark.parametrize("make", MAKERS)
def test_we_verify_their_tokens(make, verdict, source, claims):
    # Fifty: half of all signatures have the higher s, and some have a leading zero byte.
    for _ in range(50):
        assert verdict(make(claims, source)) == f"accepted {JTI}"


@pytest.mark.parametrize("make", MAKERS)
@pytest.mark.parametrize(
    "change, answer",
    [
        ({"aud": "b3" * 16}, "handover.wrong-audience"),
        ({"aud": [AUDIENCE]}, "handover.unacceptable-claim"),
        ({"iss": "a2" * 16}, "handover.unknown-issuer"),
        ({"purpose": "standby"}, "handover.wrong-purpose"),
        ({"iat": NOW - 7200, "nbf": NOW - 7200, "exp": NOW - 3600}, "handover.expired"),
        ({"iat": NOW + 600, "nbf": NOW + 600, "exp": NOW + 1200}, "handover.not-yet-valid"),
        ({"exp": NOW + 30}, "handover.unacceptable-claim"),
        ({"exp": NOW + 0.5}, "handover.malformed"),
        ({"epoch": 0}, "handover.unacceptable-claim"),
        ({"cnf": {"x5t#S256": base64url(bytes(31))}}, "handover.unacceptable-claim"),
        ({"display_name": "a\nb"}, "handover.unacceptable-claim"),
        ({"x-unknown": [1, {"deep": None}]}, f"accepted {JTI}"),
    ],
)
def test_their_claims_are_judged_by_our_rules(make, change, answer, verdict, source, claims):
    said = verdict(make({**claims, **change}, source))
    assert said == (answer if answer.startswith("accepted") else f"refused {answer}")


@pytest.mark.parametrize("make", MAKERS)
@pytest.mark.parametrize(
    "change, answer",
    [
        ({"typ": "JWT"}, "wrong-type"),
        ({"typ": "trust-bundle+jwt"}, "wrong-type"),
        ({"kid": "1"}, "wrong-type"),
        ({"jku": "https://evil.example/keys"}, "wrong-type"),
        ({"x5t#S256": base64url(bytes(32))}, "unknown-signer"),
    ],
)
def test_their_headers_are_ours_or_refused(make, change, answer, verdict, source, claims):
    assert verdict(make(claims, source, header={**source.header, **change})) == f"refused handover.{answer}"


@pytest.mark.parametrize("make", MAKERS)
def test_a_signature_of_someone_else_is_refused(make, verdict, source, target, claims):
    assert verdict(make(claims, target, header=source.header)) == "refused handover.bad-signature"


def test_no_other_algorithm_is_believed(verdict, source, claims):
    secret = source.certificate.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    header = {"typ": "handover+jwt", "x5t#S256": source.thumbprint}
    # By hand: PyJWT itself will not take a public key for a secret.
    signed = ".".join(base64url(json.dumps(part).encode()) for part in ({"alg": "HS256", **header}, claims))
    mac = base64url(hmac.digest(secret, signed.encode(), "sha256"))
    assert verdict(f"{signed}.{mac}") == "refused handover.wrong-type"
    unsigned = jwt.encode(claims, None, algorithm="none", headers=header)
    assert verdict(unsigned + "AA") == "refused handover.wrong-type"
    assert verdict(unsigned) == "refused handover.malformed"


def test_tampering_is_refused(ours, verdict, claims):
    header, payload, signature = ours.split(".")
    assert verdict(ours) == f"accepted {JTI}"
    richer = base64url(json.dumps({**claims, "epoch": 99}).encode())
    assert verdict(f"{header}.{richer}.{signature}") == "refused handover.bad-signature"
    flipped = bytearray(base64.urlsafe_b64decode(signature + "=="))
    flipped[40] ^= 1
    assert verdict(f"{header}.{payload}.{base64url(flipped)}") == "refused handover.bad-signature"
    assert verdict(f"{header}.{payload}.{signature}=") == "refused handover.malformed"
    assert verdict(f"{header}.{payload}") == "refused handover.malformed"
    assert verdict(ours, audience="b4" * 16) == "refused handover.wrong-audience"
    assert verdict(ours, now=NOW + 3660) == "refused handover.expired"
