"""Sealed boxes: what only one station can open (X25519, HKDF-SHA256, AES-256-GCM)."""

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF


class NotSealedForThis(Exception):
    """The box is for another station or another purpose, or was changed."""


def seal_for(recipient: X25519PublicKey, plaintext: bytes, context: str, ephemeral: bytes) -> bytes:
    """Return `plaintext` sealed for `recipient`; `ephemeral` is 32 fresh random bytes, never used twice.

    `context` binds the box to its purpose (person, tower): it must be given again to open it.
    """
    private = X25519PrivateKey.from_private_bytes(ephemeral)
    public = private.public_key().public_bytes_raw()
    key, nonce = _derive(private.exchange(recipient), public, recipient.public_bytes_raw())
    return public + AESGCM(key).encrypt(nonce, plaintext, context.encode())


def open_sealed(recipient: X25519PrivateKey, box: bytes, context: str) -> bytes:
    """Return what was sealed; raise NotSealedForThis."""
    public, sealed = box[:32], box[32:]
    try:
        shared = recipient.exchange(X25519PublicKey.from_public_bytes(public))
        key, nonce = _derive(shared, public, recipient.public_key().public_bytes_raw())
        return AESGCM(key).decrypt(nonce, sealed, context.encode())
    except (InvalidTag, ValueError) as error:
        raise NotSealedForThis(context) from error


def _derive(shared: bytes, ephemeral_public: bytes, recipient_public: bytes) -> tuple[bytes, bytes]:
    # The ephemeral key is used once, so a nonce derived with the key is as good as a random one.
    material = HKDF(hashes.SHA256(), 44, salt=ephemeral_public + recipient_public, info=b"vendrive box 1").derive(
        shared
    )
    return material[:32], material[32:]
