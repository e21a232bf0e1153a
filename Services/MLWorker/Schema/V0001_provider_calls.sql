-- Every call to a provider of texts or voices: written before the call, completed after it. A row without a status was
-- begun by a process that died: the provider may have done it, and charged for it.
CREATE TABLE provider_call (
    id uuid PRIMARY KEY,
    workspace_id uuid NOT NULL,
    job_id uuid NOT NULL,
    capability text NOT NULL,
    provider text NOT NULL,
    model text NOT NULL,
    status text,
    unit text,
    units_in bigint,
    units_out bigint,
    milliseconds bigint,
    started_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX provider_call_workspace ON provider_call (workspace_id, started_at DESC);
CREATE INDEX provider_call_job ON provider_call (job_id);
