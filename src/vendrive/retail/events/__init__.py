"""What happened: audit rows, the outbox of notices, and idempotency keys."""
