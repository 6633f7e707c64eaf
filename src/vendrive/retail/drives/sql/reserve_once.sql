-- Reserving for somebody outside, in one call: the key is claimed, the car taken, and the answer stored with it.

CREATE TYPE drives_write AS (id uuid, scope text, key text, fingerprint text, answer bytea);

-- Return '' with the vehicle, or why not: what `drives_reserve` says; `key_in_flight` while another asks under the same
-- key; `key_known` where it was stored since the caller looked. A refusal stores nothing.
-- The lock is that of `retail.events.idempotency`, which other writes take.
CREATE FUNCTION drives_reserve_once(w drives_wish, k drives_write) RETURNS drives_found LANGUAGE plpgsql AS $$
DECLARE
    found drives_found;
BEGIN
    IF NOT pg_try_advisory_xact_lock(hashtextextended(k.scope || E'\n' || k.key, 1)) THEN
        found.refusal := 'key_in_flight';
        RETURN found;
    END IF;
    IF EXISTS (SELECT 1 FROM events_idempotencykey i WHERE i.scope = k.scope AND i.key = k.key) THEN
        found.refusal := 'key_known';
        RETURN found;
    END IF;
    found := drives_reserve(w);
    IF found.refusal = '' THEN
        INSERT INTO events_idempotencykey (id, scope, key, fingerprint, subject, answer_box, at)
            VALUES (k.id, k.scope, k.key, k.fingerprint, w.drive::text, k.answer, w.asked_at);
    END IF;
    RETURN found;
END $$;
