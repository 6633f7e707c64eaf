"""Ed25519 signatures over text, each for one purpose, so that none can be used for another."""

import base64
import hashlib

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

ORDER_PURPOSE = "order"


def sign_text(key: Ed25519PrivateKey, purpose: str, text: str) -> str:
    """Return the signature of `text` for `purpose`, base64url without padding."""
    return encode(key.sign(_message(purpose, text)))


def is_signed(key: Ed25519PublicKey, purpose: str, text: str, signature: str) -> bool:
    """Say whether `signature` is that of `text` for `purpose` by the owner of `key`."""
    try:
        key.verify(decode(signature), _message(purpose, text))
    except (InvalidSignature, ValueError):
        return False
    return True


def key_id(key: Ed25519PublicKey) -> str:
    """Return a short name of a public key, to find the right one of several."""
    return encode(hashlib.sha256(key.public_bytes_raw()).digest()[:6])


def encode(data: bytes) -> str:
    """Return base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decode(text: str) -> bytes:
    """Return the bytes of base64url without padding; raise ValueError where it is none.

    Bytes have one spelling: the bits of the last sign that say nothing are zero (RFC 4648, 3.5).
    """
    data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    if encode(data) != text:
        raise ValueError(f"not the one spelling of its bytes: {text[-4:]} at the end")
    return data


def _message(purpose: str, text: str) -> bytes:
    return b"vendrive " + purpose.encode() + b" 1\n" + text.encode()
