"""The sealer: chains plain audit rows and signs the head, so that no write waits for a chain."""

import json

from django.db import connection, transaction

from vendrive.audit import GENESIS, Link, seal, verify_chain
from vendrive.passes.signing import encode, is_signed, sign_text
from vendrive.retail.config import keys, ports
from vendrive.retail.events.models import AuditHead, AuditRow

PURPOSE = "audit-head"
BATCH = 500
_LOCK = 7_100_001


def seal_audit() -> int:
    """Give committed rows their place in the chain and sign the new head; return how many. One sealer at a time."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        last = AuditRow.objects.exclude(seq=None).order_by("-seq").first()
        seq, head = (last.seq or 0, bytes(last.digest or b"")) if last else (0, GENESIS)
        rows = list(AuditRow.objects.filter(seq=None).order_by("id")[:BATCH])
        for row in rows:
            seq += 1
            head = seal(head, seq, payload_of(row))
            row.seq, row.digest = seq, head
        AuditRow.objects.bulk_update(rows, ["seq", "digest"])
        if rows:
            signature = sign_text(keys().signing, PURPOSE, head_text(seq, head))
            AuditHead.objects.create(seq=seq, digest=head, at=ports().clock.now(), signature=signature)
    return len(rows)


def verify_audit() -> int:
    """Check every sealed row and the newest signed head; return the last number. Raise BrokenChain or ValueError."""
    rows = list(AuditRow.objects.exclude(seq=None).order_by("seq"))
    head = verify_chain(Link(row.seq or 0, payload_of(row), bytes(row.digest or b"")) for row in rows)
    signed = AuditHead.objects.order_by("-seq").first()
    if signed is None:
        return len(rows)
    text = head_text(signed.seq, bytes(signed.digest))
    genuine = is_signed(keys().signing.public_key(), PURPOSE, text, signed.signature)
    if not genuine or signed.seq != len(rows) or bytes(signed.digest) != head:
        raise ValueError(f"the signed head {signed.seq} is not the head of the {len(rows)} rows")
    return len(rows)


def payload_of(row: AuditRow) -> bytes:
    """Return the bytes of a row that its digest covers."""
    fields = (row.at.isoformat(), row.actor, row.action, row.subject, row.details)
    return json.dumps(fields, sort_keys=True, ensure_ascii=False).encode()


def head_text(seq: int, digest: bytes) -> str:
    """Return what is signed of a head."""
    return f"{seq} {encode(digest)}"
