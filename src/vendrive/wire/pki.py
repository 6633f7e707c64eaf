"""Application certificates for OPC UA, and the pinned list of the ones that are trusted.

A directory holds `own.der` (certificate), `own.pem` (private key, mode 0600) and `trusted/*.der`. Trust is by exact
certificate: no authority can vouch for another one, and dropping a file into `trusted` or removing it is all there is.
"""

import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from socket import gethostname

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

VALID_DAYS = 3650
_KEY_BITS = 2048


@dataclass(frozen=True)
class OwnCertificate:
    """Where this program's certificate and key lie, and the certificate's bytes (DER)."""

    certificate: Path
    private_key: Path
    der: bytes


def make_certificate(directory: Path, application_uri: str, now: datetime) -> OwnCertificate:
    """Return the certificate of `directory`, made where there is none: RSA 2048, self-signed, for ten years from `now`.

    OPC UA wants the application's URI in the certificate (OPC 10000-6, 6.2.2).
    """
    (directory / "trusted").mkdir(parents=True, exist_ok=True)
    own = directory / "own.der"
    key = directory / "own.pem"
    if not (own.exists() and key.exists()):
        private_key = rsa.generate_private_key(public_exponent=65537, key_size=_KEY_BITS)
        replace_file(key, _pem(private_key), 0o600)
        replace_file(own, _certificate(private_key, application_uri, now), 0o644)
    return OwnCertificate(own, key, own.read_bytes())


def trust(directory: Path, der: bytes) -> Path:
    """Put a certificate (DER) on the pinned list of `directory` and return its file."""
    fingerprint = x509.load_der_x509_certificate(der).fingerprint(hashes.SHA256()).hex()
    (directory / "trusted").mkdir(parents=True, exist_ok=True)
    path = directory / "trusted" / f"{fingerprint[:32]}.der"
    replace_file(path, der, 0o644)
    return path


def trusted_certificates(directory: Path) -> frozenset[bytes]:
    """Return the pinned certificates (DER) of `directory`; read anew each time, so a new file counts at once."""
    return frozenset(path.read_bytes() for path in (directory / "trusted").glob("*.der"))


def ends_of_certificates(directory: Path) -> dict[str, datetime]:
    """Return until when our own certificate and each pinned one say that they are valid, by file name."""
    paths = [path for path in (directory / "own.der", *sorted((directory / "trusted").glob("*.der"))) if path.exists()]
    return {path.name: _end(path.read_bytes()) for path in paths}


def replace_file(path: Path, data: bytes, mode: int) -> None:
    """Write a file in one step, on disk when this returns, so that a reader sees all of it or none."""
    draft = path.with_name(path.name + ".new")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def _end(der: bytes) -> datetime:
    try:
        return x509.load_der_x509_certificate(der).not_valid_after_utc
    except ValueError:
        return datetime.min.replace(tzinfo=UTC)  # what is no certificate is good for nothing


def _pem(key: rsa.RSAPrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _certificate(key: rsa.RSAPrivateKey, application_uri: str, now: datetime) -> bytes:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, application_uri[:64])])
    names = [
        x509.UniformResourceIdentifier(application_uri),
        x509.DNSName("localhost"),
        x509.DNSName(gethostname()),
        x509.IPAddress(ip_address("127.0.0.1")),
    ]
    usage = x509.KeyUsage(
        digital_signature=True,
        content_commitment=True,
        key_encipherment=True,
        data_encipherment=True,
        key_agreement=False,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
    purposes = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH])
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=VALID_DAYS))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(purposes, critical=False)
    )
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)
