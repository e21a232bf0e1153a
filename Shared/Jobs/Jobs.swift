public import Postgres

/// Long work outside of any Kafka poll or HTTP request: rows that workers claim with a lease.
public enum Jobs {
    /// The table of jobs, for the schema of each service that has work; apply with module `jobs`.
    public static let migrations = [
        Migration(
            id: "V0001_jobs",
            sql: """
                CREATE TABLE job (
                    id uuid PRIMARY KEY,
                    kind text NOT NULL,
                    workspace_id uuid NOT NULL,
                    user_id uuid,
                    project_id uuid,
                    asset_id uuid,
                    run_id uuid,
                    step_id text,
                    attempt int NOT NULL,
                    payload jsonb NOT NULL,
                    priority int NOT NULL CHECK (priority BETWEEN -100 AND 100),
                    status text NOT NULL DEFAULT 'pending'
                        CHECK (status IN ('pending', 'running', 'succeeded', 'failed', 'cancelled')),
                    tries int NOT NULL DEFAULT 0,
                    max_attempts int NOT NULL CHECK (max_attempts > 0),
                    fence bigint NOT NULL DEFAULT 0,
                    run_after timestamptz NOT NULL DEFAULT now(),
                    deadline_at timestamptz,
                    lease_until timestamptz,
                    lease_owner text,
                    progress int NOT NULL DEFAULT 0 CHECK (progress BETWEEN 0 AND 100),
                    eta_ms bigint,
                    output jsonb,
                    error_code text,
                    error_message text,
                    retriable boolean,
                    cancel_requested boolean NOT NULL DEFAULT false,
                    traceparent text,
                    created_at timestamptz NOT NULL DEFAULT now(),
                    started_at timestamptz,
                    ended_at timestamptz,
                    updated_at timestamptz NOT NULL DEFAULT now()
                );
                -- The claim walks this index workspace by workspace.
                CREATE INDEX job_pending ON job (workspace_id, priority DESC, run_after, id) WHERE status = 'pending';
                CREATE INDEX job_running ON job (lease_until) WHERE status = 'running';
                CREATE INDEX job_deadline ON job (deadline_at) WHERE status = 'pending' AND deadline_at IS NOT NULL;
                CREATE INDEX job_workspace ON job (workspace_id, created_at DESC, id);
                CREATE INDEX job_ended ON job (ended_at) WHERE ended_at IS NOT NULL;
                """)
    ]
}
