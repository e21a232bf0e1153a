-- A session is a family of refresh tokens: each is used once and replaced by its child.
CREATE TABLE session (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES account (id),
    workspace_id uuid NOT NULL REFERENCES workspace (id),
    address text NOT NULL,
    user_agent text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    last_used_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    revoked_at timestamptz,
    revoked_reason text
);
CREATE INDEX session_of ON session (user_id) WHERE revoked_at IS NULL;
CREATE INDEX session_revoked ON session (revoked_at) WHERE revoked_at IS NOT NULL;
CREATE INDEX session_expiry ON session (expires_at);

CREATE TABLE refresh_token (
    hash bytea PRIMARY KEY,
    session_id uuid NOT NULL REFERENCES session (id) ON DELETE CASCADE,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    used_at timestamptz
);
CREATE INDEX refresh_token_session ON refresh_token (session_id);
