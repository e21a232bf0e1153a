CREATE TABLE project (
    id           uuid PRIMARY KEY,
    workspace_id uuid NOT NULL,
    owner_id     uuid NOT NULL,
    title        text NOT NULL CHECK (char_length(title) BETWEEN 1 AND 255),
    description  text NOT NULL DEFAULT '',
    type         text NOT NULL,
    status       text NOT NULL DEFAULT 'draft' CHECK (status IN
        ('draft', 'scripting', 'generating', 'rendering', 'published', 'failed', 'archived')),
    version      int NOT NULL DEFAULT 1,
    created_at   timestamptz NOT NULL DEFAULT now(),
    updated_at   timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX project_by_workspace ON project (workspace_id, id);

-- Each version that people made, with who made it (PRJ-004); a status that a workflow set makes none.
CREATE TABLE project_version (
    project_id   uuid NOT NULL REFERENCES project (id) ON DELETE CASCADE,
    version      int NOT NULL,
    author_id    uuid NOT NULL,
    title        text NOT NULL,
    description  text NOT NULL,
    type         text NOT NULL,
    status       text NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (project_id, version)
);

-- All work of the fleet as its workers told it: a copy for people to read, the workers' own rows are the truth.
CREATE TABLE work (
    id            uuid PRIMARY KEY,
    worker        text NOT NULL,
    kind          text NOT NULL,
    workspace_id  uuid NOT NULL,
    user_id       uuid NOT NULL,
    project_id    uuid,
    asset_id      uuid,
    run_id        uuid,
    step_id       text,
    attempt       int NOT NULL,
    status        text NOT NULL,
    progress      int NOT NULL,
    eta_ms        bigint,
    output        jsonb,
    error_code    text,
    error_message text,
    retriable     boolean NOT NULL,
    created_at    timestamptz NOT NULL,
    changed_at    timestamptz NOT NULL,
    ended_at      timestamptz
);
CREATE INDEX work_by_workspace ON work (workspace_id, created_at DESC, id DESC);
CREATE INDEX work_by_project ON work (workspace_id, project_id, created_at DESC, id DESC);
CREATE INDEX work_ended ON work (ended_at) WHERE ended_at IS NOT NULL;
