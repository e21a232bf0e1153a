public import Postgres

extension Outbox {
    /// The tables of outbox and inbox; they stand in the service's own schema.
    public static let migrations = [
        Migration(
            id: "V0001_outbox",
            sql: """
                CREATE TABLE outbox (
                    seq        bigserial PRIMARY KEY,
                    event_id   uuid NOT NULL UNIQUE,
                    topic      text NOT NULL,
                    key        text NOT NULL,
                    headers    jsonb NOT NULL,
                    value      bytea NOT NULL,
                    created_at timestamptz NOT NULL DEFAULT now(),
                    sent_at    timestamptz
                );
                CREATE INDEX outbox_unsent ON outbox (seq) WHERE sent_at IS NULL;
                CREATE INDEX outbox_sent ON outbox (sent_at) WHERE sent_at IS NOT NULL;
                -- The cluster that the rows were sent to: another one has to be told again.
                CREATE TABLE outbox_cluster (
                    only_row   boolean PRIMARY KEY DEFAULT true CHECK (only_row),
                    cluster_id text NOT NULL
                );
                -- The replica whose relay sends.
                CREATE TABLE outbox_lease (
                    only_row   boolean PRIMARY KEY DEFAULT true CHECK (only_row),
                    owner      uuid NOT NULL,
                    until      timestamptz NOT NULL
                );
                CREATE TABLE inbox (
                    consumer   text NOT NULL,
                    event_id   uuid NOT NULL,
                    handled_at timestamptz NOT NULL DEFAULT now(),
                    PRIMARY KEY (consumer, event_id)
                );
                CREATE INDEX inbox_age ON inbox (handled_at);
                -- Events that could not be handled yet, in the order in which they came; later ones of the same key wait
                -- behind them, other keys do not.
                CREATE TABLE inbox_parked (
                    seq        bigserial PRIMARY KEY,
                    consumer   text NOT NULL,
                    event_id   uuid NOT NULL,
                    topic      text NOT NULL,
                    partition  integer NOT NULL,
                    "offset"   bigint NOT NULL,
                    key        text NOT NULL,
                    headers    jsonb NOT NULL,
                    value      bytea NOT NULL,
                    attempts   integer NOT NULL DEFAULT 0,
                    next_at    timestamptz NOT NULL DEFAULT now(),
                    error      text NOT NULL DEFAULT '',
                    UNIQUE (consumer, event_id)
                );
                CREATE INDEX inbox_parked_key ON inbox_parked (consumer, key, seq);
                """),
        Migration(
            id: "V0002_refused",
            sql: """
                -- Why Kafka will never take a row; its sent_at is then infinity.
                ALTER TABLE outbox ADD COLUMN failure text;
                """),
    ]
}
