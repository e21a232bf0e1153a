-- Uploads whose bytes live in an S3 store, so that any replica goes on with them. With a folder none of this is used.
ALTER TABLE upload
    -- Each writer has a number of its own; what one writes is recorded only while its number stands here.
    ADD COLUMN epoch bigint NOT NULL DEFAULT 0,
    -- Until then the writer has the upload for itself, unless it says that it goes on.
    ADD COLUMN held_until timestamptz,
    -- Another request waits for it.
    ADD COLUMN is_wanted boolean NOT NULL DEFAULT false,
    -- Bytes that are durable, which is the upload's offset; and the state of the SHA-256 after them.
    ADD COLUMN stored bigint NOT NULL DEFAULT 0,
    ADD COLUMN hash bytea,
    -- The store's id of the multipart upload, once there is one, and the last number that was given to a part.
    ADD COLUMN multipart text,
    ADD COLUMN last_part integer NOT NULL DEFAULT 0,
    -- The object with the bytes that are not enough for a part; and where they begin.
    ADD COLUMN tail_key text,
    ADD COLUMN tail_from bigint NOT NULL DEFAULT 0;

-- The parts of a multipart upload, in their order.
CREATE TABLE upload_part (
    upload_id uuid NOT NULL REFERENCES upload (id) ON DELETE CASCADE,
    number    integer NOT NULL,
    tag       text NOT NULL,
    PRIMARY KEY (upload_id, number)
);
