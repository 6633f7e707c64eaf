"""How a station signs a request to retail: its own key, a time and a nonce that counts once."""

import hashlib
from dataclasses import dataclass
from datetime import datetime

TOWER_HEADER = "X-Vendrive-Tower"
TIME_HEADER = "X-Vendrive-Time"
NONCE_HEADER = "X-Vendrive-Nonce"
SIGNATURE_HEADER = "X-Vendrive-Signature"
PURPOSE = "station-request"
TOLERANCE_S = 120


@dataclass(frozen=True)
class RequestToSign:
    """What the signature covers: `target` is the path with its query, `at` the station's calendar time."""

    tower_id: str
    method: str
    target: str
    body: bytes
    at: datetime
    nonce: str

    def text(self) -> str:
        """Return the text that is signed for PURPOSE."""
        body = hashlib.sha256(self.body).hexdigest()
        return "\n".join((self.tower_id, self.method, self.target, body, self.at.isoformat(), self.nonce))
