"""Certificates drawn once per process: RSA keys cost more than most tests do."""

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from vendrive.clock import SystemClock
from vendrive.wire.pki import OwnCertificate, make_certificate


@cache
def _drawn(application_uri: str) -> tuple[bytes, bytes]:
    """Return a certificate (DER) and its key (PEM), as a program makes them at its first run."""
    with TemporaryDirectory() as folder:
        own = make_certificate(Path(folder), application_uri, SystemClock().now())
        return own.der, own.private_key.read_bytes()


def lay_certificate(directory: Path, application_uri: str) -> OwnCertificate:
    """Return the certificate of `directory`; where there is none, the one that all tests of this process share."""
    if not (directory / "own.der").exists():
        directory.mkdir(parents=True)
        certificate, key = _drawn(application_uri)
        (directory / "own.der").write_bytes(certificate)
        (directory / "own.pem").write_bytes(key)
        (directory / "own.pem").chmod(0o600)
    return make_certificate(directory, application_uri, SystemClock().now())
