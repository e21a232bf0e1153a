-- The ledger of mails: a row is there before the mail is sent. `unknown`: the server may have taken it; it is not sent
-- again, because nobody can be asked.
CREATE TABLE mail (
    id uuid PRIMARY KEY,
    notification_id uuid NOT NULL UNIQUE,
    recipient text NOT NULL,
    subject text NOT NULL,
    body text NOT NULL,
    status text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'sending', 'sent', 'failed', 'unknown')),
    attempts integer NOT NULL DEFAULT 0,
    next_at timestamptz NOT NULL DEFAULT now(),
    leased_until timestamptz NOT NULL DEFAULT '-infinity',
    error text,
    created_at timestamptz NOT NULL DEFAULT now(),
    ended_at timestamptz
);
CREATE INDEX mail_due ON mail (next_at) WHERE status IN ('pending', 'sending');
CREATE INDEX mail_age ON mail (created_at);
