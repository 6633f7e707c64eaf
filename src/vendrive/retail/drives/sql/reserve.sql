-- The one door for scarcity, for the path that ten thousand people take at once: lock, check and apply in one call.
-- The rules come in as numbers; the time comes in too: nothing here asks the server's clock.

CREATE TYPE drives_wish AS (
    drive uuid, pass uuid, station_order uuid, short_code text, state text, hold_until timestamptz,
    customer uuid, person uuid, programme text, revision integer, terms text, language text, accepted_at timestamptz,
    model text, paint bigint, tower text,
    pickup_at timestamptz, not_before timestamptz, not_after timestamptz, due_at timestamptz,
    vehicle_until timestamptz, back_quarter timestamptz, due_day date,
    month integer, quota integer, once boolean,
    bay_minutes integer, pickup_minutes integer, back_minutes integer,
    fee_minor bigint, deposit_minor bigint,
    -- The drive whose rest this is, or none; where the person stands in the queue, or infinity.
    follows uuid, queued_at timestamptz, priority integer,
    asked_at timestamptz, actor text, lock_ms integer
);

CREATE TYPE drives_found AS (
    refusal text, vehicle uuid, even_place integer, odd_place integer, pickup_first integer, back_first integer
);

-- Names in sorted order, so that nobody waits in a circle; who waits longer than wait_ms is told that we are busy.
CREATE FUNCTION drives_lock(names text[], wait_ms integer) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    name text;
BEGIN
    PERFORM set_config('lock_timeout', wait_ms::text, true);
    FOR name IN SELECT DISTINCT n COLLATE "C" AS n FROM unnest(names) AS n ORDER BY n LOOP
        PERFORM pg_advisory_xact_lock(hashtextextended(name, 0));
    END LOOP;
END $$;

CREATE FUNCTION drives_keys(w drives_wish) RETURNS text[] LANGUAGE sql IMMUTABLE AS $$
    SELECT ARRAY[
        'person:' || w.person,
        'bay:' || w.tower || ':' || extract(epoch FROM w.pickup_at)::bigint,
        'bay:' || w.tower || ':' || extract(epoch FROM w.back_quarter)::bigint,
        'pool:' || w.tower || ':' || w.model,
        'storage:' || w.tower
    ]
$$;

-- Holds that nobody confirmed in time give back what they held: those of a tower, and a person's own, in time or not,
-- which a new wish replaces. Freeing needs no lock.
CREATE FUNCTION drives_lapse(the_tower text, the_person uuid, asked_at timestamptz) RETURNS integer
LANGUAGE plpgsql AS $$
DECLARE
    gone uuid[];
BEGIN
    SELECT array_agg(id) INTO gone FROM (
        SELECT id FROM drives_drive WHERE state = 'held' AND hold_until <= asked_at AND tower_id = the_tower
        UNION
        SELECT id FROM drives_drive WHERE state = 'held' AND person_id = the_person AND charge_id IS NULL
    ) AS late;
    IF gone IS NULL THEN
        RETURN 0;
    END IF;
    -- Whoever confirms one of them at this moment has it.
    SELECT array_agg(id) INTO gone FROM (
        SELECT id FROM drives_drive WHERE id = ANY (gone) AND state = 'held' FOR UPDATE SKIP LOCKED
    ) AS mine;
    IF gone IS NULL THEN
        RETURN 0;
    END IF;
    DELETE FROM drives_bayuse WHERE drive_id = ANY (gone);
    UPDATE drives_drive SET state = 'lapsed', revision = revision + 1, ended_at = asked_at,
        ended_because = 'not_confirmed' WHERE id = ANY (gone);
    UPDATE drives_waitplace SET state = 'missed', ended_because = 'not_confirmed'
        WHERE state = 'offered' AND offer_id = ANY (gone);
    INSERT INTO events_auditrow (at, actor, action, subject, details)
        SELECT asked_at, 'retail', 'hold_lapsed', id::text, '{}' FROM unnest(gone) AS id;
    RETURN cardinality(gone);
END $$;

-- Whether a hold is in nobody's way: too old, or this person's own, which a new wish replaces while it is not paid.
CREATE FUNCTION drives_gone(d drives_drive, w drives_wish) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT d.state = 'held' AND (d.hold_until <= w.asked_at OR (d.person_id = w.person AND d.charge_id IS NULL))
$$;

-- The smallest place that is free in a pair of months, or none.
CREATE FUNCTION drives_quota_place(w drives_wish, odd integer) RETURNS integer LANGUAGE plpgsql STABLE AS $$
DECLARE
    used integer[];
BEGIN
    SELECT array_agg(CASE odd WHEN 0 THEN d.even_place ELSE d.odd_place END) INTO used FROM drives_drive d
    WHERE d.person_id = w.person AND d.programme_id = w.programme AND (d.month + odd) / 2 = (w.month + odd) / 2
        AND d.state IN ('held', 'booked', 'ready', 'out', 'returned', 'no_show') AND NOT drives_gone(d, w);
    IF used IS NULL THEN
        RETURN 0;
    END IF;
    IF cardinality(used) >= w.quota THEN
        RETURN NULL;
    END IF;
    RETURN (SELECT min(n) FROM generate_series(0, w.quota - 1) AS n WHERE n <> ALL (used));
END $$;

-- The first minute of a visit in a quarter hour: pick-ups fill it from below and returns from above. None: no room.
CREATE FUNCTION drives_first_minute(
    the_tower text, the_quarter timestamptz, visit_minutes integer, most integer, from_above boolean
) RETURNS integer LANGUAGE plpgsql STABLE AS $$
DECLARE
    used int4multirange;
BEGIN
    SELECT range_agg(minutes) INTO used FROM drives_bayuse WHERE tower_id = the_tower AND quarter = the_quarter;
    IF used IS NULL THEN
        RETURN CASE WHEN visit_minutes > most THEN NULL WHEN from_above THEN most - visit_minutes ELSE 0 END;
    END IF;
    RETURN (
        SELECT CASE WHEN from_above THEN max(n) ELSE min(n) END FROM generate_series(0, most - visit_minutes) AS n
        WHERE NOT used && int4range(n, n + visit_minutes)
    );
END $$;

-- How many people wait before this one for a car that this wish would take.
CREATE FUNCTION drives_queue_before(w drives_wish) RETURNS integer LANGUAGE sql STABLE AS $$
    SELECT count(*)::integer FROM drives_waitplace p
    WHERE p.state = 'waiting' AND p.tower_id = w.tower AND p.model_id = w.model
        AND (p.paint_id IS NULL OR p.paint_id = w.paint)
        AND p.from_at <= w.pickup_at AND w.pickup_at < p.until_at AND p.person_id <> w.person
        AND (p.priority > w.priority OR (p.priority = w.priority AND p.joined_at < w.queued_at))
$$;

-- A vehicle that may be lent, by its papers and its state, and that nobody has in the period; those that stand in the
-- tower come first. What is taken is gathered in one scan of the live drives of the pool, however many look at once.
CREATE FUNCTION drives_car(w drives_wish) RETURNS uuid LANGUAGE plpgsql STABLE AS $$
DECLARE
    before integer := drives_queue_before(w);
    taken uuid[];
    leased uuid[];
BEGIN
    -- A station that has not heard of a cancellation may still hand the car over.
    SELECT array_agg(d.vehicle_id) INTO leased FROM drives_drive d
    WHERE d.tower_id = w.tower AND d.model_id = w.model AND d.leased_until > w.asked_at
        AND d.vehicle_period && tstzrange(w.not_before, w.vehicle_until);
    SELECT array_agg(d.vehicle_id) INTO taken FROM drives_drive d
    WHERE d.tower_id = w.tower AND d.model_id = w.model AND d.state IN ('held', 'booked', 'ready', 'out')
        AND (d.vehicle_period && tstzrange(w.not_before, w.vehicle_until)
            OR (d.state = 'out' AND (d.due_at <= w.asked_at OR d.return_tower_id <> w.tower)))
        AND NOT drives_gone(d, w);
    -- Who waits comes first: a car more than there are people waiting is needed, or none is free for others.
    RETURN (
        SELECT v.id FROM fleet_vehicle v
        WHERE v.tower_id = w.tower AND v.model_id = w.model AND v.paint_id = w.paint AND v.state IN ('pool', 'out')
            AND v.legal_until >= w.due_day AND v.recall = '' AND v.damage <> 'unsafe' AND v.is_clean
            AND v.id <> ALL (COALESCE(taken, '{}')) AND v.id <> ALL (COALESCE(leased, '{}'))
        ORDER BY v.state <> 'pool', v.tag OFFSET before LIMIT 1
    );
END $$;

CREATE FUNCTION drives_person_refusal(w drives_wish) RETURNS text LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF EXISTS (
        SELECT 1 FROM drives_drive d
        WHERE d.person_id = w.person AND d.state IN ('held', 'booked', 'ready', 'out')
            AND d.id IS DISTINCT FROM w.follows
            AND NOT drives_gone(d, w)
            AND (d.person_period && tstzrange(w.pickup_at, w.due_at) OR (d.state = 'out' AND d.due_at <= w.asked_at))
    ) THEN
        RETURN 'person_busy';
    END IF;
    IF w.once AND EXISTS (
        SELECT 1 FROM drives_drive d
        WHERE d.person_id = w.person AND d.programme_id = w.programme AND d.model_id = w.model AND d.once
            AND d.state IN ('held', 'booked', 'ready', 'out', 'returned', 'no_show')
            AND NOT drives_gone(d, w)
    ) THEN
        RETURN 'model_already_driven';
    END IF;
    RETURN '';
END $$;

-- Every car that belongs here or comes here must have a place: a pick-up that has yet to happen frees none.
-- vendrive.tower.promises is the same rule for a tower whose slots change.
CREATE FUNCTION drives_storable(the_tower text, more integer) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT (
        SELECT count(*) FROM fleet_vehicle v
        WHERE v.tower_id = the_tower AND v.state IN ('pool', 'out', 'reserved')
    ) - (
        SELECT count(*) FROM drives_drive d
        WHERE d.tower_id = the_tower AND d.state = 'out' AND d.return_tower_id <> d.tower_id
    ) + (
        SELECT count(*) FROM drives_drive d
        WHERE d.return_tower_id = the_tower AND d.return_tower_id <> d.tower_id
            AND d.state IN ('held', 'booked', 'ready', 'out')
    ) + more <= (SELECT slots + overflow - reserve FROM fleet_tower WHERE slug = the_tower)
$$;

CREATE FUNCTION drives_check(w drives_wish) RETURNS drives_found LANGUAGE plpgsql STABLE AS $$
DECLARE
    found drives_found;
BEGIN
    found.refusal := drives_person_refusal(w);
    IF found.refusal <> '' THEN
        RETURN found;
    END IF;
    found.even_place := drives_quota_place(w, 0);
    found.odd_place := drives_quota_place(w, 1);
    found.pickup_first := drives_first_minute(w.tower, w.pickup_at, w.pickup_minutes, w.bay_minutes, false);
    found.back_first := drives_first_minute(w.tower, w.back_quarter, w.back_minutes, w.bay_minutes, true);
    found.vehicle := drives_car(w);
    found.refusal := CASE
        WHEN found.even_place IS NULL OR found.odd_place IS NULL THEN 'drives_used_up'
        WHEN EXISTS (
            SELECT 1 FROM fleet_outage o WHERE o.tower_id = w.tower AND o.since <= w.pickup_at
                AND (o.until IS NULL OR w.pickup_at < o.until)
        ) THEN 'tower_closed'
        WHEN found.pickup_first IS NULL THEN 'pickup_time_taken'
        WHEN found.vehicle IS NULL THEN 'vehicle_taken'
        WHEN found.back_first IS NULL THEN 'return_time_taken'
        WHEN NOT drives_storable(w.tower, 0) THEN 'return_not_storable'
        ELSE ''
    END;
    RETURN found;
END $$;

CREATE FUNCTION drives_apply(w drives_wish, found drives_found) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO drives_drive (
        id, programme_id, programme_revision, customer_id, person_id, vehicle_id, model_id, paint_id, tower_id,
        return_tower_id, state, revision, pass_id, short_code, pickup_at, not_before, not_after, due_at,
        vehicle_period, person_period, month, quota, even_place, odd_place, once, hold_until, terms_id,
        terms_language, terms_accepted_at, fee_minor, deposit_minor, follows_id, ended_because, booked_at
    ) VALUES (
        w.drive, w.programme, w.revision, w.customer, w.person, found.vehicle, w.model, w.paint, w.tower,
        w.tower, w.state, 1, w.pass, w.short_code, w.pickup_at, w.not_before, w.not_after, w.due_at,
        tstzrange(w.not_before, w.vehicle_until), tstzrange(w.pickup_at, w.due_at), w.month, w.quota,
        found.even_place, found.odd_place, w.once, w.hold_until, w.terms,
        w.language, w.accepted_at, w.fee_minor, w.deposit_minor, w.follows, '', w.asked_at
    );
    INSERT INTO drives_bayuse (drive_id, visit, tower_id, quarter, minutes, most) VALUES
        (w.drive, 'pickup', w.tower, w.pickup_at,
            int4range(found.pickup_first, found.pickup_first + w.pickup_minutes), w.bay_minutes),
        (w.drive, 'back', w.tower, w.back_quarter,
            int4range(found.back_first, found.back_first + w.back_minutes), w.bay_minutes);
    INSERT INTO events_auditrow (at, actor, action, subject, details)
        VALUES (w.asked_at, w.actor, 'drive_' || w.state, w.drive::text,
            jsonb_build_object('vehicle', found.vehicle, 'terms', w.terms));
    IF w.state = 'booked' THEN
        INSERT INTO fleet_stationorder (order_id, tower_id, kind, intent, person_id, signature, created_at)
            VALUES (w.station_order, w.tower, 'hand_over', jsonb_build_object('drive_id', w.drive, 'revision', 1),
                w.person, '', w.asked_at);
    END IF;
END $$;

-- Return '' with the vehicle, or why not. A look before the lock refuses most of a crowd without a wait: what it finds
-- taken may be given back a moment later, but nobody is promised anything by it.
CREATE FUNCTION drives_reserve(w drives_wish) RETURNS drives_found LANGUAGE plpgsql AS $$
DECLARE
    found drives_found;
BEGIN
    IF NOT EXISTS (SELECT 1 FROM drives_loanterms WHERE version = w.terms) THEN
        found.refusal := 'terms_unknown';
        RETURN found;
    END IF;
    IF drives_car(w) IS NULL THEN
        -- In the order of `drives_check`: what stands against the person is said first.
        found := drives_check(w);
        IF found.refusal <> '' THEN
            RETURN found;
        END IF;
    END IF;
    PERFORM drives_lock(drives_keys(w), w.lock_ms);
    PERFORM drives_lapse(w.tower, w.person, w.asked_at);
    found := drives_check(w);
    IF found.refusal = '' THEN
        PERFORM drives_apply(w, found);
    END IF;
    RETURN found;
END $$;

-- What a customer accepted, and who changed which rule, is never written over.
CREATE FUNCTION drives_written_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is never changed', TG_TABLE_NAME USING ERRCODE = 'check_violation';
END $$;
CREATE TRIGGER written_stays BEFORE UPDATE OR DELETE ON drives_loanterms
    FOR EACH ROW EXECUTE FUNCTION drives_written_stays();
CREATE TRIGGER written_stays BEFORE UPDATE OR DELETE ON drives_rulechange
    FOR EACH ROW EXECUTE FUNCTION drives_written_stays();
