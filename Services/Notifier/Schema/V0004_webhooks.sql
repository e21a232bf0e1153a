CREATE TABLE webhook (
    id uuid PRIMARY KEY,
    workspace_id uuid NOT NULL,
    created_by uuid NOT NULL,
    url text NOT NULL,
    description text NOT NULL,
    events text[] NOT NULL,
    sealed_secret bytea NOT NULL,
    -- Signs beside the present one until its time is over.
    sealed_old_secret bytea,
    old_secret_until timestamptz,
    disabled_at timestamptz,
    disabled_reason text,
    last_success_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX webhook_of ON webhook (workspace_id, id);

-- The ledger of deliveries: a row is there before the call is made.
CREATE TABLE webhook_delivery (
    id uuid PRIMARY KEY,
    webhook_id uuid NOT NULL REFERENCES webhook (id) ON DELETE CASCADE,
    event_id uuid NOT NULL,
    event_type text NOT NULL,
    body text NOT NULL,
    status text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'delivered', 'failed')),
    attempts integer NOT NULL DEFAULT 0,
    next_at timestamptz NOT NULL DEFAULT now(),
    leased_until timestamptz NOT NULL DEFAULT '-infinity',
    response_status integer,
    error text,
    created_at timestamptz NOT NULL DEFAULT now(),
    ended_at timestamptz,
    UNIQUE (webhook_id, event_id)
);
CREATE INDEX webhook_delivery_due ON webhook_delivery (next_at) WHERE status = 'pending';
CREATE INDEX webhook_delivery_of ON webhook_delivery (webhook_id, id);
CREATE INDEX webhook_delivery_age ON webhook_delivery (created_at);
