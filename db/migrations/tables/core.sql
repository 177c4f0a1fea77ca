-- What every transaction and the upkeep of files write down.

CREATE TABLE write_receipts (
    key uuid PRIMARY KEY,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX write_receipts_created_at_idx ON write_receipts (created_at);

CREATE TABLE doomed_files (
    bucket text NOT NULL,
    file_id text NOT NULL,
    because text NOT NULL,
    found_at timestamptz NOT NULL DEFAULT now(),
    doomed_at timestamptz,
    PRIMARY KEY (bucket, file_id),
    CONSTRAINT doomed_files_because_known CHECK (because IN ('purged', 'unreferenced')),
    CONSTRAINT doomed_files_bucket_known CHECK (
        bucket IN ('documents', 'patient_photos', 'doctor_photos', 'prescription_files')
    )
);
CREATE INDEX doomed_files_to_go ON doomed_files (doomed_at) WHERE doomed_at IS NOT NULL;

CREATE TABLE keeping_runs (
    job text PRIMARY KEY,
    ended_at timestamptz NOT NULL DEFAULT now(),
    found jsonb NOT NULL DEFAULT '{}',
    position text,
    CONSTRAINT keeping_runs_job_known CHECK (job IN ('purge', 'sweep', 'check'))
);
