-- What the probe found of each asset, once: the event about it is published with the row.
CREATE TABLE probe (
    asset_id     uuid PRIMARY KEY,
    workspace_id uuid NOT NULL,
    kind         text NOT NULL,
    width        int,
    height       int,
    duration_ms  bigint,
    metadata     jsonb NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX probe_workspace ON probe (workspace_id);
