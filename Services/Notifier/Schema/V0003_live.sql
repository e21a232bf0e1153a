-- What live listeners are told, for an hour: a listener that comes back reads on from the last number it saw.
CREATE TABLE live_event (
    seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    workspace_id uuid NOT NULL,
    -- Only for this person; for all of the workspace where NULL.
    user_id uuid,
    event_id uuid NOT NULL UNIQUE,
    type text NOT NULL,
    data text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX live_event_of ON live_event (workspace_id, seq);
CREATE INDEX live_event_age ON live_event (created_at);
