CREATE TABLE asset (
    id           uuid PRIMARY KEY,
    workspace_id uuid NOT NULL,
    owner_id     uuid NOT NULL,
    project_id   uuid,
    filename     text NOT NULL,
    content_type text NOT NULL,
    kind         text NOT NULL CHECK (kind IN ('image', 'video', 'audio', 'text', 'other')),
    origin       text NOT NULL CHECK (origin IN ('upload', 'generated', 'rendered')),
    provider     text,
    prompt       text,
    size         bigint NOT NULL CHECK (size >= 0),
    sha256       bytea NOT NULL CHECK (length(sha256) = 32),
    width        integer,
    height       integer,
    duration_ms  bigint,
    metadata     jsonb NOT NULL DEFAULT '{}',
    storage_key  text NOT NULL UNIQUE,
    created_at   timestamptz NOT NULL DEFAULT now(),
    updated_at   timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX asset_list ON asset (workspace_id, created_at DESC, id DESC);
CREATE INDEX asset_project ON asset (workspace_id, project_id, created_at DESC, id DESC);

CREATE TABLE rendition (
    asset_id     uuid NOT NULL REFERENCES asset (id) ON DELETE CASCADE,
    name         text NOT NULL,
    workspace_id uuid NOT NULL,
    content_type text NOT NULL,
    size         bigint NOT NULL CHECK (size >= 0),
    sha256       bytea NOT NULL CHECK (length(sha256) = 32),
    width        integer,
    height       integer,
    duration_ms  bigint,
    storage_key  text NOT NULL UNIQUE,
    created_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (asset_id, name)
);

-- Uploads by tus. How many bytes are there, the staged file itself tells.
CREATE TABLE upload (
    id           uuid PRIMARY KEY,
    workspace_id uuid NOT NULL,
    owner_id     uuid NOT NULL,
    project_id   uuid,
    asset_id     uuid NOT NULL UNIQUE,
    length       bigint NOT NULL CHECK (length >= 0),
    filename     text NOT NULL,
    metadata     text NOT NULL,
    state        text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'complete', 'gone')),
    -- While a part whose checksum was announced comes: where it began. What stands after that is not proved.
    unproved_from bigint,
    expires_at   timestamptz NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX upload_expiry ON upload (expires_at) WHERE state = 'open';
CREATE INDEX upload_open ON upload (workspace_id) WHERE state = 'open';

-- What another service said that it will put here.
CREATE TABLE intent (
    id           uuid PRIMARY KEY,
    workspace_id uuid NOT NULL,
    asset_id     uuid NOT NULL,
    details      jsonb NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX intent_age ON intent (created_at);

CREATE TABLE usage (
    workspace_id uuid PRIMARY KEY,
    bytes        bigint NOT NULL,
    objects      bigint NOT NULL
);

-- Objects that no row names any more, until they are deleted.
CREATE TABLE garbage (
    storage_key text PRIMARY KEY,
    created_at  timestamptz NOT NULL DEFAULT now()
);
