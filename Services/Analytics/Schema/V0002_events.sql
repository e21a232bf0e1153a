-- One row for each event, by days; whole days are dropped when their time is over. What comes with a time that has no
-- day (yet) stands in the default partition.
CREATE TABLE event (
    id uuid NOT NULL,
    at timestamptz NOT NULL,
    -- NULL for what concerns no workspace: no tenant sees those.
    workspace_id uuid,
    project_id uuid,
    user_id uuid,
    type text NOT NULL,
    data jsonb,
    PRIMARY KEY (id, at)
) PARTITION BY RANGE (at);
CREATE TABLE event_default PARTITION OF event DEFAULT;
CREATE INDEX event_of ON event (workspace_id, at);

-- What was added since the last fold: summed up from here, so that ingest never waits for a row of the sums.
CREATE TABLE rollup_delta (
    workspace_id uuid NOT NULL,
    project_id uuid NOT NULL,
    hour timestamptz NOT NULL,
    type text NOT NULL
);

-- Events by hour. The zero id stands for "no project" and "no workspace".
CREATE TABLE rollup_hour (
    workspace_id uuid NOT NULL,
    project_id uuid NOT NULL,
    hour timestamptz NOT NULL,
    type text NOT NULL,
    count bigint NOT NULL,
    PRIMARY KEY (workspace_id, hour, project_id, type)
);
