-- What analysts count: dated events of patients in daily use, without who they are.

-- These views are read as their owner, whom no rule binds, so each says itself which rows
-- and which columns it shows (docs/decisions/0056). Whoever reads them sets the session's
-- TimeZone to the clinic's: the days of visits are those of its clock. Each branch joins
-- its own patient: a join above a UNION would read the patients once more. Where only the
-- archived are left out, these few are read in place of all others: a LEFT JOIN of which
-- no column is asked for is none.
CREATE SCHEMA IF NOT EXISTS analytics;

-- In completed years, below 0 before birth: age() leaves the months of a first year out,
-- on either side of birth. After 400 years the calendar is the same.
CREATE OR REPLACE FUNCTION analytics.age_on(born date, day date) RETURNS integer
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN extract(year FROM age(day + interval '400 years', born::timestamp))::integer
    - 400;

CREATE OR REPLACE FUNCTION analytics.age_band(age integer) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN age >= 90 THEN '90+'
    WHEN age >= 0 THEN age / 10 * 10 || '–' || age / 10 * 10 + 9
END;

-- What somebody has taken off a record's list lasts no longer (docs/decisions/0055).
CREATE OR REPLACE FUNCTION analytics.is_listed(listed text[], term text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN EXISTS (SELECT FROM unnest(listed) AS item WHERE lower(item) = lower(term));

-- The terms of dated entries of a kind, as they are compared; null where there are more
-- than so many. In clinical_entries_events it goes from one term to the next, so no entry
-- is read but one of each: a term that is known is found there as no pattern is.
CREATE OR REPLACE FUNCTION analytics.terms_of_entries(of_kind text, most integer)
RETURNS text[]
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    WITH RECURSIVE known (term_key, number) AS (
        (
            SELECT entry.term_key, 1
            FROM clinical_entries AS entry WHERE entry.kind = of_kind
            ORDER BY entry.term_key LIMIT 1
        )
        UNION ALL
        SELECT following.term_key, known.number + 1
        FROM known CROSS JOIN LATERAL (
            SELECT entry.term_key
            FROM clinical_entries AS entry
            WHERE entry.kind = of_kind AND entry.term_key > known.term_key
            ORDER BY entry.term_key LIMIT 1
        ) AS following
        WHERE known.number <= most
    )
    SELECT CASE
        WHEN count(*) <= most THEN coalesce(array_agg(known.term_key), '{}')
    END
    FROM known
$$;

CREATE OR REPLACE VIEW analytics.patients AS
SELECT id AS patient_id, sex, birth_year FROM public.patients WHERE deleted_at IS NULL;

-- Dated entries alone, by kinds that there are others of as well: joined with a union they
-- are all read, and of its patients the planner knows nothing.
CREATE OR REPLACE VIEW analytics.dated_diagnoses AS
SELECT entry.patient_id, patient.sex, entry.term, entry.term_key, entry.system,
    entry.code, entry.ended_on, entry.started_on AS occurred_on,
    date_trunc('month', entry.started_on::timestamp)::date AS month,
    date_trunc('quarter', entry.started_on::timestamp)::date AS quarter,
    analytics.age_on(patient.date_of_birth, entry.started_on) AS age,
    analytics.age_band(analytics.age_on(patient.date_of_birth, entry.started_on))
        AS age_band
FROM clinical_entries AS entry JOIN public.patients AS patient
    ON patient.id = entry.patient_id AND patient.deleted_at IS NULL
WHERE entry.kind = 'condition' AND (
    entry.ended_on IS NOT NULL
    OR entry.term = ANY (patient.medical_history)
    OR analytics.is_listed(patient.medical_history, entry.term)
);

CREATE OR REPLACE VIEW analytics.dated_medications AS
SELECT entry.patient_id, patient.sex, entry.term, entry.term_key, entry.system,
    entry.code, entry.ended_on, entry.started_on AS occurred_on,
    date_trunc('month', entry.started_on::timestamp)::date AS month,
    date_trunc('quarter', entry.started_on::timestamp)::date AS quarter,
    analytics.age_on(patient.date_of_birth, entry.started_on) AS age,
    analytics.age_band(analytics.age_on(patient.date_of_birth, entry.started_on))
        AS age_band
FROM clinical_entries AS entry JOIN public.patients AS patient
    ON patient.id = entry.patient_id AND patient.deleted_at IS NULL
WHERE entry.kind = 'medication' AND (
    entry.ended_on IS NOT NULL
    OR entry.term = ANY (patient.current_medications)
    OR analytics.is_listed(patient.current_medications, entry.term)
);

CREATE OR REPLACE VIEW analytics.dated_allergies AS
SELECT entry.patient_id, patient.sex, entry.term, entry.term_key, entry.system,
    entry.code, entry.ended_on, entry.started_on AS occurred_on,
    date_trunc('month', entry.started_on::timestamp)::date AS month,
    date_trunc('quarter', entry.started_on::timestamp)::date AS quarter,
    analytics.age_on(patient.date_of_birth, entry.started_on) AS age,
    analytics.age_band(analytics.age_on(patient.date_of_birth, entry.started_on))
        AS age_band
FROM clinical_entries AS entry JOIN public.patients AS patient
    ON patient.id = entry.patient_id AND patient.deleted_at IS NULL
WHERE entry.kind = 'allergy' AND (
    entry.ended_on IS NOT NULL
    OR entry.term = ANY (patient.allergies)
    OR analytics.is_listed(patient.allergies, entry.term)
);

CREATE OR REPLACE VIEW analytics.dated_vitals AS
SELECT entry.patient_id, patient.sex, entry.term, entry.term_key, entry.system,
    entry.code, entry.value, entry.unit, entry.started_on AS occurred_on,
    date_trunc('month', entry.started_on::timestamp)::date AS month,
    date_trunc('quarter', entry.started_on::timestamp)::date AS quarter,
    analytics.age_on(patient.date_of_birth, entry.started_on) AS age,
    analytics.age_band(analytics.age_on(patient.date_of_birth, entry.started_on))
        AS age_band
FROM clinical_entries AS entry
LEFT JOIN public.patients AS patient ON patient.id = entry.patient_id
WHERE entry.kind = 'observation' AND NOT EXISTS (
    SELECT FROM public.patients AS archived
    WHERE archived.id = entry.patient_id AND archived.deleted_at IS NOT NULL
);

-- Of the records, dated or not, and of the notes of visits. `is_entry` says which rows
-- are dated entries, whose terms are known.
CREATE OR REPLACE VIEW analytics.diagnoses AS
SELECT patient_id, sex, term, term_key, system, code, ended_on, occurred_on, month,
    quarter, age, age_band, true AS is_entry
FROM analytics.dated_diagnoses
UNION ALL
SELECT patient.id, patient.sex, item, fold(item), '', '', NULL, NULL, NULL, NULL, NULL,
    NULL, false
FROM public.patients AS patient, unnest(patient.medical_history) AS item
WHERE patient.deleted_at IS NULL AND NOT EXISTS (
    SELECT FROM clinical_entries AS dated
    WHERE dated.patient_id = patient.id AND dated.kind = 'condition'
        AND lower(dated.term) = lower(item)
)
UNION ALL
SELECT event.patient_id, event.sex, event.term, event.term_key, event.system, event.code,
    NULL, event.occurred_on,
    date_trunc('month', event.occurred_on::timestamp)::date,
    date_trunc('quarter', event.occurred_on::timestamp)::date,
    analytics.age_on(event.date_of_birth, event.occurred_on),
    analytics.age_band(analytics.age_on(event.date_of_birth, event.occurred_on)), false
FROM (
    SELECT patient.id AS patient_id, patient.sex, patient.date_of_birth, written.term,
        fold(written.term) AS term_key,
        coalesce(
            nullif(diagnosis ->> 'system', ''),
            CASE WHEN diagnosis ->> 'code' <> ''
                THEN 'http://hl7.org/fhir/sid/icd-10' ELSE '' END
        ) AS system,
        coalesce(diagnosis ->> 'code', '') AS code, visit.starts_at::date AS occurred_on
    FROM medical_records AS notes
    JOIN public.appointments AS visit ON visit.id = notes.appointment_id
    JOIN public.patients AS patient
        ON patient.id = notes.patient_id AND patient.deleted_at IS NULL
    CROSS JOIN jsonb_array_elements(notes.content -> 'diagnoses') AS diagnosis
    CROSS JOIN LATERAL (
        SELECT coalesce(nullif(diagnosis ->> 'text', ''), diagnosis ->> 'code') AS term
    ) AS written
) AS event;

CREATE OR REPLACE VIEW analytics.medications AS
SELECT patient_id, sex, term, term_key, system, code, ended_on, occurred_on, month,
    quarter, age, age_band, true AS is_entry
FROM analytics.dated_medications
UNION ALL
SELECT patient.id, patient.sex, item, fold(item), '', '', NULL, NULL, NULL, NULL, NULL,
    NULL, false
FROM public.patients AS patient, unnest(patient.current_medications) AS item
WHERE patient.deleted_at IS NULL AND NOT EXISTS (
    SELECT FROM clinical_entries AS dated
    WHERE dated.patient_id = patient.id AND dated.kind = 'medication'
        AND lower(dated.term) = lower(item)
);

CREATE OR REPLACE VIEW analytics.allergies AS
SELECT patient_id, sex, term, term_key, system, code, ended_on, occurred_on, month,
    quarter, age, age_band, true AS is_entry
FROM analytics.dated_allergies
UNION ALL
SELECT patient.id, patient.sex, item, fold(item), '', '', NULL, NULL, NULL, NULL, NULL,
    NULL, false
FROM public.patients AS patient, unnest(patient.allergies) AS item
WHERE patient.deleted_at IS NULL AND NOT EXISTS (
    SELECT FROM clinical_entries AS dated
    WHERE dated.patient_id = patient.id AND dated.kind = 'allergy'
        AND lower(dated.term) = lower(item)
);

CREATE OR REPLACE VIEW analytics.procedures AS
SELECT event.patient_id, event.sex, event.term, event.term_key,
    event.system, event.code,
    event.occurred_on,
    date_trunc('month', event.occurred_on::timestamp)::date AS month,
    date_trunc('quarter', event.occurred_on::timestamp)::date AS quarter,
    analytics.age_on(event.date_of_birth, event.occurred_on) AS age,
    analytics.age_band(analytics.age_on(event.date_of_birth, event.occurred_on))
        AS age_band,
    event.is_entry
FROM (
    SELECT entry.patient_id, patient.sex, patient.date_of_birth, entry.term,
        entry.term_key, entry.system, entry.code, entry.started_on AS occurred_on,
        true AS is_entry
    FROM clinical_entries AS entry
    LEFT JOIN public.patients AS patient ON patient.id = entry.patient_id
    WHERE entry.kind = 'procedure' AND NOT EXISTS (
        SELECT FROM public.patients AS archived
        WHERE archived.id = entry.patient_id AND archived.deleted_at IS NOT NULL
    )
) AS event;

-- Elsewhere; what happened here is a visit.
CREATE OR REPLACE VIEW analytics.encounters AS
SELECT event.patient_id, event.sex, event.term, event.term_key,
    event.system, event.code,
    event.occurred_on,
    date_trunc('month', event.occurred_on::timestamp)::date AS month,
    date_trunc('quarter', event.occurred_on::timestamp)::date AS quarter,
    analytics.age_on(event.date_of_birth, event.occurred_on) AS age,
    analytics.age_band(analytics.age_on(event.date_of_birth, event.occurred_on))
        AS age_band,
    event.is_entry
FROM (
    SELECT entry.patient_id, patient.sex, patient.date_of_birth, entry.term,
        entry.term_key, entry.system, entry.code, entry.started_on AS occurred_on,
        true AS is_entry
    FROM clinical_entries AS entry
    LEFT JOIN public.patients AS patient ON patient.id = entry.patient_id
    WHERE entry.kind = 'encounter' AND NOT EXISTS (
        SELECT FROM public.patients AS archived
        WHERE archived.id = entry.patient_id AND archived.deleted_at IS NOT NULL
    )
) AS event;

-- Measured at visits, in the words and units of the notes, or imported.
CREATE OR REPLACE VIEW analytics.vitals AS
SELECT event.patient_id, event.sex, event.term, event.term_key,
    event.system, event.code,
    event.value,
    event.unit,
    event.occurred_on,
    date_trunc('month', event.occurred_on::timestamp)::date AS month,
    date_trunc('quarter', event.occurred_on::timestamp)::date AS quarter,
    analytics.age_on(event.date_of_birth, event.occurred_on) AS age,
    analytics.age_band(analytics.age_on(event.date_of_birth, event.occurred_on))
        AS age_band,
    false AS is_entry
FROM (
    SELECT patient.id AS patient_id, patient.sex, patient.date_of_birth, vital.term,
        fold(vital.term) AS term_key, '' AS system, '' AS code,
        (measured.value #>> '{}')::numeric AS value, vital.unit,
        visit.starts_at::date AS occurred_on
    FROM medical_records AS notes
    JOIN public.appointments AS visit ON visit.id = notes.appointment_id
    JOIN public.patients AS patient
        ON patient.id = notes.patient_id AND patient.deleted_at IS NULL
    CROSS JOIN jsonb_each(notes.content -> 'vitals') AS measured
    JOIN (
        VALUES ('systolic', 'Systolic pressure', 'mmHg'),
            ('diastolic', 'Diastolic pressure', 'mmHg'),
            ('pulse', 'Pulse', '/min'),
            ('temperature', 'Temperature', '°C'),
            ('breathing_rate', 'Respiratory rate', '/min'),
            ('saturation', 'Oxygen saturation', '%'),
            ('weight', 'Weight', 'kg'),
            ('height', 'Height', 'cm')
    ) AS vital (name, term, unit) ON vital.name = measured.key
) AS event
UNION ALL
SELECT patient_id, sex, term, term_key, system, code, value, unit, occurred_on, month,
    quarter, age, age_band, true
FROM analytics.dated_vitals;

-- The words of a visit are its speciality; it waited from check-in to the call, and was
-- booked on a day before its own or on that; a visit that is moved is another one.
CREATE OR REPLACE VIEW analytics.visits AS
SELECT event.patient_id, event.sex, event.term, event.term_key,
    event.system, event.code,
    event.status,
    event.is_no_show,
    event.waiting_minutes,
    event.occurred_on,
    date_trunc('month', event.occurred_on::timestamp)::date AS month,
    date_trunc('quarter', event.occurred_on::timestamp)::date AS quarter,
    analytics.age_on(event.date_of_birth, event.occurred_on) AS age,
    analytics.age_band(analytics.age_on(event.date_of_birth, event.occurred_on))
        AS age_band,
    event.hour,
    event.days_booked_ahead
FROM (
    SELECT patient.id AS patient_id, patient.sex, patient.date_of_birth,
        doctor.speciality AS term, fold(doctor.speciality) AS term_key, '' AS system,
        '' AS code,
        visit.status, visit.status = 'no-show' AS is_no_show,
        CASE WHEN visit.called_in_at >= visit.checked_in_at THEN
            floor(extract(epoch FROM visit.called_in_at - visit.checked_in_at) / 60)
        END AS waiting_minutes,
        visit.starts_at::date AS occurred_on,
        extract(hour FROM visit.starts_at)::integer AS hour,
        greatest(visit.starts_at::date - visit.created_at::date, 0) AS days_booked_ahead
    FROM public.appointments AS visit
    JOIN doctors AS doctor ON doctor.id = visit.doctor_id
    JOIN public.patients AS patient
        ON patient.id = visit.patient_id AND patient.deleted_at IS NULL
) AS event;

-- Each drug of what is not cancelled.
CREATE OR REPLACE VIEW analytics.prescriptions AS
SELECT event.patient_id, event.sex, event.term, event.term_key,
    event.system, event.code,
    event.occurred_on,
    date_trunc('month', event.occurred_on::timestamp)::date AS month,
    date_trunc('quarter', event.occurred_on::timestamp)::date AS quarter,
    analytics.age_on(event.date_of_birth, event.occurred_on) AS age,
    analytics.age_band(analytics.age_on(event.date_of_birth, event.occurred_on))
        AS age_band
FROM (
    SELECT patient.id AS patient_id, patient.sex, patient.date_of_birth,
        line ->> 'drug' AS term, fold(line ->> 'drug') AS term_key, '' AS system,
        '' AS code, paper.created_at::date AS occurred_on
    FROM prescriptions AS paper
    JOIN public.patients AS patient
        ON patient.id = paper.patient_id AND patient.deleted_at IS NULL
    JOIN prescription_versions AS version ON version.prescription_id = paper.id
        AND version.number = paper.latest
    CROSS JOIN jsonb_array_elements(version.lines) AS line
    WHERE paper.status = 'issued'
) AS event;

-- By type. That there is a confidential one is nobody else's business.
CREATE OR REPLACE VIEW analytics.documents AS
SELECT event.patient_id, event.sex, event.term, event.term_key,
    event.system, event.code,
    event.occurred_on,
    date_trunc('month', event.occurred_on::timestamp)::date AS month,
    date_trunc('quarter', event.occurred_on::timestamp)::date AS quarter,
    analytics.age_on(event.date_of_birth, event.occurred_on) AS age,
    analytics.age_band(analytics.age_on(event.date_of_birth, event.occurred_on))
        AS age_band
FROM (
    SELECT patient.id AS patient_id, patient.sex, patient.date_of_birth,
        document.document_type AS term, fold(document.document_type) AS term_key,
        '' AS system, '' AS code,
        coalesce(document.dated_on, document.created_at::date) AS occurred_on
    FROM public.documents AS document
    JOIN public.patients AS patient
        ON patient.id = document.patient_id AND patient.deleted_at IS NULL
    WHERE NOT document.confidential AND document.deleted_at IS NULL
        AND document.purged_at IS NULL
) AS event;

-- When patients came to be known here: each has one, whatever happened since.
CREATE OR REPLACE VIEW analytics.registrations AS
SELECT event.patient_id, event.sex, '' AS term, '' AS term_key, '' AS system, '' AS code,
    event.occurred_on,
    date_trunc('month', event.occurred_on::timestamp)::date AS month,
    date_trunc('quarter', event.occurred_on::timestamp)::date AS quarter,
    analytics.age_on(event.date_of_birth, event.occurred_on) AS age,
    analytics.age_band(analytics.age_on(event.date_of_birth, event.occurred_on))
        AS age_band
FROM (
    SELECT id AS patient_id, sex, date_of_birth, created_at::date AS occurred_on
    FROM public.patients WHERE deleted_at IS NULL
) AS event;

REVOKE ALL ON ALL TABLES IN SCHEMA analytics FROM PUBLIC;
REVOKE ALL ON FUNCTION analytics.terms_of_entries FROM PUBLIC;
GRANT USAGE ON SCHEMA analytics TO chartroom_analyst;
GRANT EXECUTE ON FUNCTION analytics.terms_of_entries TO chartroom_analyst;
GRANT SELECT (patient_id, sex, birth_year) ON analytics.patients TO chartroom_analyst;
GRANT SELECT (
    patient_id, sex, term, term_key, system, code, occurred_on, month, quarter, age,
    age_band, ended_on, is_entry
) ON analytics.diagnoses, analytics.medications, analytics.allergies TO chartroom_analyst;
GRANT SELECT (
    patient_id, sex, term, term_key, system, code, occurred_on, month, quarter, age,
    age_band, ended_on
) ON analytics.dated_diagnoses, analytics.dated_medications, analytics.dated_allergies
TO chartroom_analyst;
GRANT SELECT (
    patient_id, sex, term, term_key, system, code, occurred_on, month, quarter, age,
    age_band, value, unit
) ON analytics.dated_vitals TO chartroom_analyst;
GRANT SELECT (
    patient_id, sex, term, term_key, system, code, occurred_on, month, quarter, age,
    age_band, is_entry
) ON analytics.procedures, analytics.encounters TO chartroom_analyst;
GRANT SELECT (
    patient_id, sex, term, term_key, system, code, occurred_on, month, quarter, age,
    age_band
) ON analytics.prescriptions, analytics.documents, analytics.registrations
TO chartroom_analyst;
GRANT SELECT (
    patient_id, sex, term, term_key, system, code, occurred_on, month, quarter, age,
    age_band, value, unit, is_entry
) ON analytics.vitals TO chartroom_analyst;
GRANT SELECT (
    patient_id, sex, term, term_key, system, code, occurred_on, month, quarter, age,
    age_band, status, is_no_show,
    waiting_minutes, hour, days_booked_ahead
) ON analytics.visits TO chartroom_analyst;
