-- Runs and jobs from their first sign to their end.
CREATE TABLE activity (
    id uuid PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('run', 'job')),
    name text NOT NULL,
    workspace_id uuid NOT NULL,
    project_id uuid,
    status text NOT NULL,
    started_at timestamptz NOT NULL,
    ended_at timestamptz
);
CREATE INDEX activity_of ON activity (workspace_id, ended_at);

-- The newest figures of each post.
CREATE TABLE post (
    publication_id uuid NOT NULL,
    account_id uuid NOT NULL,
    post_id text NOT NULL,
    platform text NOT NULL,
    workspace_id uuid NOT NULL,
    project_id uuid,
    views bigint NOT NULL,
    likes bigint NOT NULL,
    comments bigint NOT NULL,
    shares bigint NOT NULL,
    read_at timestamptz NOT NULL,
    PRIMARY KEY (publication_id, account_id, post_id)
);
CREATE INDEX post_of ON post (workspace_id, project_id);
