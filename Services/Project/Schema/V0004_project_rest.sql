-- Where a project comes back to when no run leads it any more: 'draft', or 'published' once something of it is out.
ALTER TABLE project ADD COLUMN rest_status text NOT NULL DEFAULT 'draft' CHECK (rest_status IN ('draft', 'published'));
UPDATE project SET rest_status = 'published' WHERE status = 'published';
