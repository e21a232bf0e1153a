-- A signing key is published when made, signs from `signs_from` until a younger one does, and is kept published
-- until the last token that it signed has ended.
CREATE TABLE signing_key (
    id text PRIMARY KEY,
    public_key text NOT NULL,
    sealed_private_key bytea NOT NULL,
    created_at timestamptz NOT NULL,
    signs_from timestamptz NOT NULL,
    retired_at timestamptz
);
