-- A small copy of what user tells, by UserRegistered.
CREATE TABLE contact (
    user_id uuid PRIMARY KEY,
    workspace_id uuid NOT NULL,
    email text NOT NULL,
    username text NOT NULL
);

CREATE TABLE preference (
    user_id uuid NOT NULL,
    workspace_id uuid NOT NULL,
    settings jsonb NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (user_id, workspace_id)
);

CREATE TABLE notification (
    id uuid PRIMARY KEY,
    workspace_id uuid NOT NULL,
    user_id uuid NOT NULL,
    -- What it is about, once: the same fact told twice makes one notification.
    fact text NOT NULL,
    kind text NOT NULL,
    title text NOT NULL,
    body text NOT NULL,
    data jsonb NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    read_at timestamptz,
    UNIQUE (user_id, fact)
);
CREATE INDEX notification_of ON notification (user_id, workspace_id, id DESC);
CREATE INDEX notification_age ON notification (created_at);
