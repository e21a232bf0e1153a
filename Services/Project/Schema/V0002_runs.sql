-- Runs of workflows: the engine's state in one document, every payload in a row of its own that the state refers to.
CREATE TABLE run (
    id               uuid PRIMARY KEY,
    workspace_id     uuid NOT NULL,
    user_id          uuid NOT NULL,
    project_id       uuid NOT NULL,
    workflow_id      text NOT NULL,
    definition_id    text NOT NULL,
    input            jsonb NOT NULL,
    state            jsonb NOT NULL,
    status           text NOT NULL,
    outputs          jsonb,
    trace_id         text NOT NULL DEFAULT '',
    due_at           timestamptz,
    created_at       timestamptz NOT NULL DEFAULT now(),
    updated_at       timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX run_by_project ON run (workspace_id, project_id, id);
CREATE INDEX run_by_workspace ON run (workspace_id, id);
CREATE INDEX run_due ON run (due_at) WHERE due_at IS NOT NULL;

-- The definition that a run was started with: a run keeps it when a newer version is installed.
CREATE TABLE workflow_definition (
    id         text PRIMARY KEY,
    document   jsonb NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE run_output (
    run_id     uuid NOT NULL REFERENCES run (id) ON DELETE CASCADE,
    reference  text NOT NULL,
    output     jsonb NOT NULL,
    PRIMARY KEY (run_id, reference)
);

-- Results by the hash of workspace, agent, version and input (AGT-006).
CREATE TABLE result_cache (
    key          text PRIMARY KEY,
    workspace_id uuid NOT NULL,
    output       jsonb NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX result_cache_age ON result_cache (created_at);
