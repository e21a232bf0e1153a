-- Append only. Each entry's hash covers the entry before, so that a changed or missing entry shows.
CREATE TABLE audit_head (
    is_one boolean PRIMARY KEY DEFAULT true CHECK (is_one),
    seq bigint NOT NULL,
    hash bytea NOT NULL
);
INSERT INTO audit_head (seq, hash) VALUES (0, '\x');

CREATE TABLE audit_entry (
    seq bigint PRIMARY KEY,
    at timestamptz NOT NULL,
    action text NOT NULL,
    user_id uuid,
    body text NOT NULL,
    hash bytea NOT NULL
);
CREATE INDEX audit_entry_user ON audit_entry (user_id, seq) WHERE user_id IS NOT NULL;
