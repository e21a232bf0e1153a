CREATE TABLE account (
    id uuid PRIMARY KEY,
    email text NOT NULL,
    email_key text NOT NULL CONSTRAINT account_email_taken UNIQUE,
    username text NOT NULL,
    username_key text NOT NULL CONSTRAINT account_username_taken UNIQUE,
    display_name text NOT NULL,
    password_hash text NOT NULL,
    role text NOT NULL DEFAULT 'user' CHECK (role IN ('user', 'admin')),
    is_disabled boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE workspace (
    id uuid PRIMARY KEY,
    name text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE membership (
    workspace_id uuid NOT NULL REFERENCES workspace (id),
    user_id uuid NOT NULL REFERENCES account (id),
    role text NOT NULL CHECK (role IN ('admin', 'pm', 'creative', 'traffic', 'user')),
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (workspace_id, user_id)
);
CREATE INDEX membership_user ON membership (user_id, created_at);

-- How often sign-in failed in a row, by what was typed: also for names that nobody has.
CREATE TABLE login_failure (
    key bytea PRIMARY KEY,
    failures integer NOT NULL,
    last_at timestamptz NOT NULL
);
CREATE INDEX login_failure_age ON login_failure (last_at);
