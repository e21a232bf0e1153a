-- Whether the trace in which a run was started is exported: what a timer does for the run belongs to it too.
ALTER TABLE run ADD COLUMN trace_sampled boolean NOT NULL DEFAULT true;
