-- A person's account on a network. Tokens are sealed by AES-GCM; the key is in the settings, not here.
CREATE TABLE social_account (
    id               uuid PRIMARY KEY,
    workspace_id     uuid NOT NULL,
    user_id          uuid NOT NULL,
    platform         text NOT NULL,
    platform_user_id text NOT NULL,
    username         text NOT NULL,
    status           text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'disconnected')),
    access_token     bytea NOT NULL,
    refresh_token    bytea,
    token_expires_at timestamptz,
    -- Grows with each refresh: who saw an older one must read again before it asks the network for another.
    token_version    int NOT NULL DEFAULT 1,
    refreshing_until timestamptz,
    -- The network asked us to wait: nothing of this account is sent before.
    blocked_until    timestamptz,
    created_at       timestamptz NOT NULL DEFAULT now(),
    updated_at       timestamptz NOT NULL DEFAULT now(),
    UNIQUE (workspace_id, platform, platform_user_id)
);

-- An OAuth2 authorization under way: single use, bound to a person, ten minutes.
CREATE TABLE oauth_request (
    state_hash   bytea PRIMARY KEY,
    workspace_id uuid NOT NULL,
    user_id      uuid NOT NULL,
    platform     text NOT NULL,
    verifier     bytea NOT NULL,
    expires_at   timestamptz NOT NULL
);

CREATE TABLE publication (
    id           uuid PRIMARY KEY,
    workspace_id uuid NOT NULL,
    user_id      uuid NOT NULL,
    project_id   uuid,
    run_id       uuid,
    asset_id     uuid NOT NULL,
    caption      text NOT NULL,
    status       text NOT NULL DEFAULT 'scheduled' CHECK (status IN
                     ('scheduled', 'publishing', 'published', 'partially_published', 'failed', 'cancelled')),
    publish_at   timestamptz NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT now(),
    updated_at   timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX publication_of_workspace ON publication (workspace_id, created_at DESC, id DESC);
CREATE INDEX publication_calendar ON publication (workspace_id, publish_at, id);

-- What was and will be done at the networks, written before each call: waiting → intent (upload may be under way, no
-- post was asked for) → sent (the post was asked for; without an answer its outcome is unknown) → confirmed | failed.
CREATE TABLE ledger (
    id              uuid PRIMARY KEY,
    publication_id  uuid NOT NULL REFERENCES publication (id),
    workspace_id    uuid NOT NULL,
    account_id      uuid NOT NULL,
    platform        text NOT NULL,
    -- The reference by which the network finds the post again.
    idempotency_key text NOT NULL UNIQUE,
    status          text NOT NULL DEFAULT 'waiting' CHECK (status IN
                        ('waiting', 'intent', 'sent', 'unknown', 'confirmed', 'failed', 'cancelled')),
    media_id        text,
    post_id         text,
    post_url        text,
    error_code      text,
    error_message   text,
    attempts        int NOT NULL DEFAULT 0,
    -- How often the network was asked for a post whose outcome was unknown, and did not know it.
    misses          int NOT NULL DEFAULT 0,
    next_at         timestamptz NOT NULL,
    fence           bigint NOT NULL DEFAULT 0,
    lease_until     timestamptz,
    traceparent     text,
    sent_at         timestamptz,
    confirmed_at    timestamptz,
    metrics_at      timestamptz,
    metrics         jsonb,
    created_at      timestamptz NOT NULL DEFAULT now(),
    updated_at      timestamptz NOT NULL DEFAULT now(),
    UNIQUE (publication_id, account_id)
);
CREATE INDEX ledger_due ON ledger (next_at) WHERE status IN ('waiting', 'intent', 'sent', 'unknown');
CREATE INDEX ledger_metrics_due ON ledger (metrics_at) WHERE metrics_at IS NOT NULL;
