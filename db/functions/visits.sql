-- Visits: who has a slot, and when that and visits changed.

-- One call decides who has a slot, and writes down what came of it. A function, because
-- its statements are planned once for a connection: as one statement of the
-- application's it took longer to plan than to run.
--
-- What is asked for is locked first, so that each step sees what came before: the slot
-- against being withdrawn, the patient against being archived and against a second
-- attempt of their own. Then a live hold or a booking stands, and a hold that has run
-- out is taken over.
--
-- Whoever loses must not lock the row that they lose to, or a hundred of them would
-- queue up behind each other's commits: hence DO NOTHING, and SKIP LOCKED for what has
-- run out, after which the insertion waits for whoever was quicker.
--
-- It runs as the owner, so nobody but those who may write bookings may call it, and
-- whoever acts for somebody acts in their own name.
CREATE OR REPLACE FUNCTION hold_slot(
    wish jsonb, event jsonb, lost text,
    OUT booking_id uuid, OUT doctor_id uuid, OUT doctor_name text, OUT speciality text,
    OUT room text, OUT status text, OUT starts_at timestamptz, OUT ends_at timestamptz,
    OUT created_at timestamptz, OUT expires_at timestamptz, OUT ended_at timestamptz
) RETURNS SETOF record
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
#variable_conflict use_column
DECLARE
    wanted_slot uuid := wish ->> 'slot_id';
    whose uuid := wish ->> 'patient_id';
    creator uuid := wish ->> 'created_by';
    duration interval := make_interval(secs => (wish ->> 'seconds')::double precision);
    overlapping boolean := (wish ->> 'may_overlap')::boolean;
    former uuid;
    former_newcomer uuid;
BEGIN
    IF acting_user() <> creator OR acting_user() <> (event ->> 'actor_id')::uuid THEN
        RAISE insufficient_privilege USING MESSAGE = 'Nobody books as somebody else.';
    END IF;
    SELECT doctors.id, doctors.name, doctors.speciality, doctors.room,
        slots.starts_at, slots.ends_at
    INTO doctor_id, doctor_name, speciality, room, starts_at, ends_at
    FROM slots JOIN doctors ON doctors.id = slots.doctor_id CROSS JOIN patients
    WHERE slots.id = wanted_slot AND slots.withdrawn_at IS NULL
        AND NOT slots.is_leaving
        AND slots.starts_at > clock_timestamp()
        AND doctors.is_active AND doctors.deleted_at IS NULL
        AND patients.id = whose AND patients.deleted_at IS NULL
        AND patients.deceased_on IS NULL
    FOR SHARE OF slots FOR NO KEY UPDATE OF patients;
    IF NOT FOUND OR EXISTS (
        SELECT FROM bookings
        WHERE created_by = creator AND attempt = (wish ->> 'attempt')::uuid
    ) THEN
        RETURN;
    END IF;

    booking_id := uuidv7();
    created_at := clock_timestamp();
    expires_at := created_at + duration;
    WITH let_go AS (
        DELETE FROM booking_slots
        WHERE patient_id = whose AND slot_id <> wanted_slot
            AND booking_slots.expires_at <= hold_slot.created_at
        RETURNING booking_slots.booking_id
    )
    UPDATE bookings SET status = 'expired', ended_at = bookings.expires_at
    FROM let_go WHERE bookings.id = let_go.booking_id;

    INSERT INTO bookings (
        id, slot_id, doctor_id, patient_id, status, attempt, expires_at, note,
        override_reason, replaces_id, series_id, waitlist_id, created_by,
        created_by_name, created_at
    )
    VALUES (
        hold_slot.booking_id, wanted_slot, hold_slot.doctor_id, whose,
        'pending', (wish ->> 'attempt')::uuid, hold_slot.expires_at,
        wish ->> 'note', wish ->> 'override_reason', (wish ->> 'replaces_id')::uuid,
        (wish ->> 'series_id')::uuid, (wish ->> 'waitlist_id')::uuid, creator,
        wish ->> 'created_by_name', hold_slot.created_at
    );

    SELECT booking_slots.booking_id, booking_slots.newcomer_id
    INTO former, former_newcomer FROM booking_slots
    WHERE slot_id = wanted_slot AND booking_slots.expires_at <= hold_slot.created_at
    FOR UPDATE SKIP LOCKED;
    IF FOUND THEN
        UPDATE booking_slots
        SET booking_id = hold_slot.booking_id, patient_id = whose, newcomer_id = NULL,
            expires_at = hold_slot.expires_at, may_overlap = overlapping
        WHERE slot_id = wanted_slot;
        UPDATE bookings SET status = 'expired', ended_at = bookings.expires_at
        WHERE id = former;
        IF former_newcomer IS NOT NULL THEN
            UPDATE newcomers SET status = 'expired', ended_at = newcomers.expires_at
            WHERE id = former_newcomer;
        END IF;
        status := 'pending';
    ELSE
        INSERT INTO booking_slots (
            slot_id, booking_id, patient_id, starts_at, ends_at, status, expires_at,
            may_overlap
        )
        VALUES (
            wanted_slot, hold_slot.booking_id, whose, hold_slot.starts_at,
            hold_slot.ends_at, 'held', hold_slot.expires_at, overlapping
        )
        ON CONFLICT (slot_id) DO NOTHING;
        status := CASE WHEN FOUND THEN 'pending' ELSE 'failed' END;
    END IF;

    IF status = 'failed' THEN
        ended_at := created_at;
        expires_at := (
            SELECT booking_slots.expires_at FROM booking_slots
            WHERE slot_id = wanted_slot
        );
        UPDATE bookings SET status = 'failed', ended_at = hold_slot.ended_at,
            expires_at = hold_slot.expires_at
        WHERE id = hold_slot.booking_id;
    -- The constraint does not know what was let overlap once, by staff or in a merge.
    -- The patient is locked: two that overlap see each other.
    ELSIF NOT overlapping AND wish ->> 'waitlist_id' IS NULL AND EXISTS (
        SELECT FROM booking_slots AS elsewhere
        WHERE elsewhere.patient_id = whose AND elsewhere.slot_id <> wanted_slot
            AND elsewhere.starts_at < hold_slot.ends_at
            AND elsewhere.ends_at > hold_slot.starts_at
            AND (elsewhere.expires_at IS NULL
                OR elsewhere.expires_at > hold_slot.created_at)
    ) THEN
        RAISE exclusion_violation USING
            MESSAGE = 'The patient is elsewhere at that time.',
            CONSTRAINT = 'booking_slots_one_place';
    END IF;
    INSERT INTO audit_events (
        action, outcome, actor_id, actor_role, session_id, request_id, network,
        patient_id, subject_kind, subject_id, reason, details
    )
    SELECT CASE hold_slot.status WHEN 'pending' THEN told.action ELSE lost END,
        told.outcome, told.actor_id, told.actor_role, told.session_id,
        told.request_id, told.network, told.patient_id, told.subject_kind,
        hold_slot.booking_id, told.reason, told.details
    FROM jsonb_populate_record(NULL::audit_events, event) AS told;
    RETURN NEXT;
END
$$;

REVOKE ALL ON FUNCTION hold_slot(jsonb, jsonb, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION hold_slot(jsonb, jsonb, text)
TO chartroom_staff, chartroom_system;

-- Two records of one person may be booked at the same time, and still are one person's.
CREATE OR REPLACE FUNCTION let_merged_overlap() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.may_overlap := true;
    RETURN NEW;
END
$$;

CREATE OR REPLACE TRIGGER booking_slots_of_merged
BEFORE UPDATE OF patient_id ON booking_slots FOR EACH ROW
WHEN (OLD.booking_id = NEW.booking_id AND OLD.patient_id <> NEW.patient_id)
EXECUTE FUNCTION let_merged_overlap();

-- A visit that is another record's is another version of it.
CREATE OR REPLACE FUNCTION renew_moved_visit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.revision := OLD.revision + 1;
    NEW.updated_at := now();
    RETURN NEW;
END
$$;

CREATE OR REPLACE TRIGGER appointments_of_merged
BEFORE UPDATE OF patient_id ON appointments FOR EACH ROW
WHEN (OLD.patient_id <> NEW.patient_id) EXECUTE FUNCTION renew_moved_visit();

-- When a slot was held, booked or let go, and how often: whoever reads the slot with
-- what it says learns whether that is what they have. Not in the slot's own row, which
-- all who want it have locked. That a hold runs out is written by nobody in time: from
-- `held_until` on the slot is free, by one version more.
CREATE OR REPLACE FUNCTION write_slot_change() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    changed timestamptz := clock_timestamp();
    is_over boolean := coalesce(OLD.expires_at <= changed, false);
    before text := CASE WHEN NOT is_over THEN OLD.status END;
BEGIN
    INSERT INTO slot_changes AS known (slot_id, version, changed_at, held_until)
    VALUES (
        coalesce(NEW.slot_id, OLD.slot_id),
        CASE WHEN TG_OP = 'INSERT' THEN 2 ELSE 3 END, changed, NEW.expires_at
    )
    ON CONFLICT (slot_id) DO UPDATE
    SET version = known.version + is_over::integer
            + (before IS DISTINCT FROM NEW.status)::integer,
        changed_at = CASE
            WHEN before IS DISTINCT FROM NEW.status THEN changed
            WHEN is_over THEN OLD.expires_at
            ELSE known.changed_at
        END,
        held_until = NEW.expires_at;
    RETURN NULL;
END
$$;

REVOKE ALL ON FUNCTION write_slot_change() FROM PUBLIC;

CREATE OR REPLACE TRIGGER booking_slots_write_changes
AFTER INSERT OR DELETE OR UPDATE OF status, expires_at ON booking_slots
FOR EACH ROW EXECUTE FUNCTION write_slot_change();
