-- A new run is written once, with what its first steps led to; the outputs that they gave come before it.
ALTER TABLE run_output ALTER CONSTRAINT run_output_run_id_fkey DEFERRABLE INITIALLY DEFERRED;
