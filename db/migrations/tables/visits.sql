-- Visits: doctors' plans, slots, bookings, the waiting room and letters.

CREATE TABLE doctors (
    id uuid PRIMARY KEY DEFAULT uuidv7(),
    name varchar(100) NOT NULL,
    speciality varchar(100) NOT NULL,
    sex text NOT NULL DEFAULT 'unknown',
    city varchar(100),
    source text,
    source_id text,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    deleted_at timestamptz,
    email text,
    email_key text COLLATE "C" GENERATED ALWAYS AS (lower(email)) STORED,
    license_number text,
    license_key text COLLATE "C"
        GENERATED ALWAYS AS (upper(btrim(license_number))) STORED,
    fee numeric(9, 2),
    room text,
    photo_file_id text,
    slot_minutes integer NOT NULL DEFAULT 20,
    is_active boolean NOT NULL DEFAULT true,
    user_id uuid REFERENCES users,
    revision integer NOT NULL DEFAULT 1,
    CONSTRAINT doctors_name_given CHECK (btrim(name) <> ''),
    CONSTRAINT doctors_source_once UNIQUE (source, source_id),
    CONSTRAINT doctors_email_length CHECK (char_length(email) <= 254),
    CONSTRAINT doctors_email_valid CHECK (email ~ '^[^@[:space:]]+@[^@[:space:]]+$'),
    CONSTRAINT doctors_license_number_length
        CHECK (char_length(btrim(license_number)) BETWEEN 1 AND 50),
    CONSTRAINT doctors_fee_positive CHECK (fee >= 0),
    CONSTRAINT doctors_room_length CHECK (char_length(room) <= 50),
    CONSTRAINT doctors_slot_minutes_range CHECK (slot_minutes BETWEEN 5 AND 480),
    CONSTRAINT doctors_revision_positive CHECK (revision > 0),
    CONSTRAINT doctors_email_once UNIQUE (email_key),
    CONSTRAINT doctors_license_number_once UNIQUE (license_key),
    CONSTRAINT doctors_user_once UNIQUE (user_id)
);

CREATE TABLE working_hours (
    id uuid PRIMARY KEY DEFAULT uuidv7(),
    doctor_id uuid NOT NULL REFERENCES doctors,
    weekday integer NOT NULL,
    kind text NOT NULL DEFAULT 'work',
    starts_at time NOT NULL,
    ends_at time NOT NULL,
    CONSTRAINT working_hours_apart EXCLUDE USING gist (
        doctor_id WITH =, weekday WITH =, kind WITH =,
        int4range(
            extract(epoch FROM starts_at)::integer,
            extract(epoch FROM ends_at)::integer
        ) WITH &&
    ),
    CONSTRAINT working_hours_kind_known CHECK (kind IN ('work', 'break')),
    CONSTRAINT working_hours_end_after_start CHECK (ends_at > starts_at),
    CONSTRAINT working_hours_weekday_known CHECK (weekday BETWEEN 1 AND 7)
);

CREATE TABLE schedule_exceptions (
    id uuid PRIMARY KEY DEFAULT uuidv7(),
    doctor_id uuid REFERENCES doctors,
    kind text NOT NULL,
    starts_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL,
    reason text NOT NULL DEFAULT '',
    created_by uuid NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    deleted_at timestamptz,
    deleted_by uuid,
    CONSTRAINT schedule_exceptions_end_after_start
        CHECK (ends_at > starts_at AND ends_at <= starts_at + interval '366 days'),
    CONSTRAINT schedule_exceptions_hours_of_somebody
        CHECK (kind <> 'hours' OR doctor_id IS NOT NULL),
    CONSTRAINT schedule_exceptions_kind_known
        CHECK (kind IN ('holiday', 'hours', 'blocked')),
    CONSTRAINT schedule_exceptions_reason_length CHECK (char_length(reason) <= 200)
);
CREATE INDEX schedule_exceptions_of_doctor ON schedule_exceptions
    (doctor_id, starts_at);

CREATE TABLE slots (
    id uuid PRIMARY KEY DEFAULT uuidv7(),
    doctor_id uuid NOT NULL REFERENCES doctors,
    starts_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL,
    origin text NOT NULL DEFAULT 'plan',
    is_leaving boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL DEFAULT now(),
    withdrawn_at timestamptz,
    CONSTRAINT slots_apart
        EXCLUDE USING gist (doctor_id WITH =, tstzrange(starts_at, ends_at) WITH &&)
        WHERE (withdrawn_at IS NULL),
    CONSTRAINT slots_origin_known CHECK (origin IN ('plan', 'extra', 'proof')),
    CONSTRAINT slots_end_after_start CHECK (ends_at > starts_at)
);
CREATE INDEX slots_by_time ON slots (starts_at) WHERE withdrawn_at IS NULL;
CREATE INDEX slots_of_doctor ON slots (doctor_id, starts_at) WHERE withdrawn_at IS NULL;

CREATE TABLE waitlist_entries (
    id uuid PRIMARY KEY DEFAULT uuidv7(),
    patient_id uuid NOT NULL REFERENCES patients,
    doctor_id uuid REFERENCES doctors,
    speciality text,
    from_at timestamptz NOT NULL,
    until_at timestamptz NOT NULL,
    status text NOT NULL DEFAULT 'waiting',
    offered_at timestamptz,
    created_by uuid NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    ended_at timestamptz,
    CONSTRAINT waitlist_entries_status_known
        CHECK (status IN ('waiting', 'offered', 'booked', 'left', 'passed')),
    CONSTRAINT waitlist_entries_want_something
        CHECK (num_nonnulls(doctor_id, speciality) = 1),
    CONSTRAINT waitlist_entries_until_after_from CHECK (until_at > from_at)
);
CREATE INDEX waitlist_entries_in_line ON waitlist_entries (created_at, id)
    WHERE status = 'waiting';
CREATE INDEX waitlist_entries_of_patient ON waitlist_entries (patient_id);

CREATE TABLE bookings (
    id uuid PRIMARY KEY DEFAULT uuidv7(),
    slot_id uuid NOT NULL REFERENCES slots,
    doctor_id uuid NOT NULL REFERENCES doctors,
    patient_id uuid NOT NULL REFERENCES patients,
    status text NOT NULL DEFAULT 'pending',
    attempt uuid NOT NULL,
    expires_at timestamptz,
    renewals integer NOT NULL DEFAULT 0,
    note text NOT NULL DEFAULT '',
    override_reason text,
    replaces_id uuid REFERENCES bookings,
    series_id uuid,
    waitlist_id uuid REFERENCES waitlist_entries,
    created_by uuid NOT NULL,
    created_by_name text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    confirmed_at timestamptz,
    ended_at timestamptz,
    ended_by uuid,
    CONSTRAINT bookings_pending_expire
        CHECK ((status = 'pending') <= (expires_at IS NOT NULL)),
    CONSTRAINT bookings_ended_at_some_time
        CHECK ((status IN ('pending', 'confirmed')) = (ended_at IS NULL)),
    CONSTRAINT bookings_status_known
        CHECK (status IN ('pending', 'confirmed', 'expired', 'failed', 'cancelled')),
    CONSTRAINT bookings_override_reason_given
        CHECK (char_length(btrim(override_reason)) BETWEEN 10 AND 500),
    CONSTRAINT bookings_note_length CHECK (char_length(note) <= 500),
    CONSTRAINT bookings_renewed_once CHECK (renewals BETWEEN 0 AND 1),
    CONSTRAINT bookings_attempt_once UNIQUE (created_by, attempt)
);
CREATE INDEX bookings_by_time ON bookings (created_at);
CREATE INDEX bookings_of_doctor ON bookings (doctor_id, created_at);
CREATE INDEX bookings_of_patient ON bookings (patient_id, created_at);
CREATE INDEX bookings_of_series ON bookings (series_id) WHERE series_id IS NOT NULL;
CREATE INDEX bookings_of_slot ON bookings (slot_id);
CREATE INDEX bookings_of_waitlist ON bookings (waitlist_id)
    WHERE waitlist_id IS NOT NULL;
CREATE INDEX bookings_to_expire ON bookings (expires_at) WHERE status = 'pending';

CREATE TABLE booking_slots (
    slot_id uuid PRIMARY KEY REFERENCES slots,
    booking_id uuid NOT NULL REFERENCES bookings,
    patient_id uuid NOT NULL REFERENCES patients,
    starts_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL,
    status text NOT NULL,
    expires_at timestamptz,
    may_overlap boolean NOT NULL DEFAULT false,
    CONSTRAINT booking_slots_one_place
        EXCLUDE USING gist (patient_id WITH =, tstzrange(starts_at, ends_at) WITH &&)
        WHERE (NOT may_overlap),
    CONSTRAINT booking_slots_held_expire
        CHECK ((status = 'held') = (expires_at IS NOT NULL)),
    CONSTRAINT booking_slots_status_known CHECK (status IN ('held', 'booked')),
    CONSTRAINT booking_slots_booking_once UNIQUE (booking_id)
);
CREATE INDEX booking_slots_of_patient ON booking_slots (patient_id);
CREATE INDEX booking_slots_to_expire ON booking_slots (expires_at)
    WHERE status = 'held';

CREATE TABLE appointments (
    id uuid PRIMARY KEY DEFAULT uuidv7(),
    booking_id uuid NOT NULL REFERENCES bookings,
    doctor_id uuid NOT NULL REFERENCES doctors,
    patient_id uuid NOT NULL REFERENCES patients,
    starts_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL,
    status text NOT NULL DEFAULT 'scheduled',
    code text NOT NULL,
    revision integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    reminded_at timestamptz,
    checked_in_at timestamptz,
    completed_at timestamptz,
    cancelled_at timestamptz,
    cancelled_by uuid,
    cancelled_because text,
    CONSTRAINT appointments_cancelled_at_some_time
        CHECK ((status = 'cancelled') = (cancelled_at IS NOT NULL)),
    CONSTRAINT appointments_code_valid CHECK (code ~ '^[0-9A-HJKMNP-TV-Z]{10}$'),
    CONSTRAINT appointments_status_known CHECK (
        status IN ('scheduled', 'checked-in', 'completed', 'cancelled', 'no-show')
    ),
    CONSTRAINT appointments_revision_positive CHECK (revision > 0),
    CONSTRAINT appointments_booking_once UNIQUE (booking_id),
    CONSTRAINT appointments_code_once UNIQUE (code)
);
CREATE INDEX appointments_by_time ON appointments (starts_at);
CREATE INDEX appointments_of_doctor ON appointments (doctor_id, starts_at);
CREATE INDEX appointments_of_patient ON appointments (patient_id, starts_at);
CREATE INDEX appointments_to_remind ON appointments (starts_at)
    WHERE status = 'scheduled' AND reminded_at IS NULL;

CREATE TABLE visit_letters (
    id uuid PRIMARY KEY DEFAULT uuidv7(),
    kind text NOT NULL,
    patient_id uuid NOT NULL REFERENCES patients,
    booking_id uuid REFERENCES bookings,
    to_address text NOT NULL,
    subject text NOT NULL,
    body text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    send_at timestamptz NOT NULL DEFAULT now(),
    attempts integer NOT NULL DEFAULT 0,
    sent_at timestamptz,
    given_up_at timestamptz,
    CONSTRAINT visit_letters_kind_known CHECK (
        kind IN ('confirmed', 'moved', 'cancelled', 'reminder', 'offer', 'released')
    ),
    CONSTRAINT visit_letters_attempts_positive CHECK (attempts >= 0)
);
CREATE INDEX visit_letters_newest ON visit_letters (created_at, id);
CREATE INDEX visit_letters_patient_id_idx ON visit_letters (patient_id);
CREATE INDEX visit_letters_to_send ON visit_letters (send_at)
    WHERE sent_at IS NULL AND given_up_at IS NULL;
