"""Which slots the plans of doctors have, in one statement.

Plans are clock times of the clinic. On the day when clocks go forward, the times that
do not exist have no slots; when they go back, each time that occurs twice has one. A
visit lasts as long as on any other day.
"""

from typing import Final

# A local time that the clocks skip converts back to another one. A slot that runs into
# the skipped hour ends later by the clock: of those that then overlap, the table of
# slots keeps the first. Special hours that are over still replace the plan for the rest
# of their day.
PLANNED_SLOTS: Final = """
WITH planned AS (
    SELECT id AS doctor_id, slot_minutes * interval '1 minute' AS length
    FROM doctors
    WHERE id = ANY (:doctor_ids) AND is_active AND deleted_at IS NULL
), days AS (
    SELECT (clock_timestamp() AT TIME ZONE :zone)::date + number AS day
    FROM generate_series(0, :days - 1) AS number
), exceptions AS (
    SELECT doctor_id, kind, tstzrange(starts_at, ends_at) AS span,
        starts_at AT TIME ZONE :zone AS local_start,
        ends_at AT TIME ZONE :zone AS local_end
    FROM schedule_exceptions
    WHERE deleted_at IS NULL
        AND ends_at > clock_timestamp() - interval '2 days'
        AND (doctor_id IS NULL OR doctor_id = ANY (:doctor_ids))
), weekly AS (
    SELECT doctor_id, day,
        coalesce(
            range_agg(tsrange(day + starts_at, day + ends_at))
                FILTER (WHERE kind = 'work'), '{}'
        ) - coalesce(
            range_agg(tsrange(day + starts_at, day + ends_at))
                FILTER (WHERE kind = 'break'), '{}'
        ) AS open
    FROM days JOIN working_hours ON weekday = extract(isodow FROM day)
    WHERE doctor_id = ANY (:doctor_ids)
    GROUP BY doctor_id, day
), special AS (
    SELECT doctor_id, local_start::date AS day,
        range_agg(tsrange(local_start, local_end)) AS open
    FROM exceptions WHERE kind = 'hours' AND local_start < local_end
    GROUP BY doctor_id, local_start::date
), stretches AS (
    SELECT doctor_id, length, special.open IS NOT NULL AS is_special,
        unnest(coalesce(special.open, weekly.open)) AS stretch
    FROM planned CROSS JOIN days
    LEFT JOIN weekly USING (doctor_id, day) LEFT JOIN special USING (doctor_id, day)
), moments AS (
    SELECT doctor_id, length, is_special, local AT TIME ZONE :zone AS starts_at
    FROM stretches, generate_series(
        lower(stretch), upper(stretch) - length, length
    ) AS local
    WHERE local AT TIME ZONE :zone AT TIME ZONE :zone = local
), wanted AS MATERIALIZED (
    SELECT doctor_id, starts_at, starts_at + length AS ends_at FROM moments
    WHERE starts_at > clock_timestamp()
        AND NOT EXISTS (
            SELECT FROM exceptions AS closed
            WHERE (closed.doctor_id IS NULL OR closed.doctor_id = moments.doctor_id)
                AND (closed.kind = 'blocked'
                    OR closed.kind = 'holiday' AND NOT moments.is_special)
                AND closed.span && tstzrange(starts_at, starts_at + length)
        )
)
"""
