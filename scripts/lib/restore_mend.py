"""What makes a fleet right after its schemas were brought back, and what must hold between the schemas.

The restored fleet stands at the cut. The broker may be empty, or know of a time after the cut; the world outside knows
posts and mails of that time. So, before anything runs:

- Every event that the outboxes keep (48 hours) is sent again: whoever had handled it by the cut ignores it, whoever had not
  would have lost it. What was handled is remembered as long as if it were handled now.
- A post that may have been made after the cut is asked for at the network before it is made.
- A mail that was about to go out may have gone out: it is not sent again, for nobody can be asked.
- Uploads that were not whole begin again; their pieces are not in the copy.
- What was deleted between the cut and the copying of its object is deleted again.
"""

# Statements in the words of each schema; the search path is the schema's.
MEND_ALL = """
DELETE FROM outbox_lease;
DELETE FROM outbox_cluster;
UPDATE outbox SET sent_at = NULL WHERE sent_at < 'infinity';
UPDATE inbox SET handled_at = now();
"""
MEND = {
    "storage": """
        UPDATE upload SET expires_at = now() WHERE state = 'open';
        """,
    "publisher": """
        UPDATE ledger SET status = 'unknown', sent_at = now(), misses = 0, next_at = now(), lease_until = NULL,
            fence = fence + 1, updated_at = now()
        WHERE status IN ('waiting', 'intent', 'sent', 'unknown') AND next_at <= now();
        UPDATE publication SET status = 'publishing', updated_at = now() WHERE status = 'scheduled' AND EXISTS
            (SELECT FROM ledger WHERE publication_id = publication.id AND ledger.status = 'unknown');
        """,
    "notifier": """
        UPDATE mail SET status = 'unknown', error = 'restored: it may have been sent', ended_at = now()
        WHERE status = 'sending' OR (status = 'pending' AND next_at <= now());
        -- A listener that saw a number after the cut must be told of what gets a number now.
        SELECT setval(pg_get_serial_sequence('live_event', 'seq'), (SELECT coalesce(max(seq), 0) + 1000000 FROM live_event));
        """,
}
# Of an object that is gone: the rows, and what its workspace is said to use.
FORGET = """
WITH lost AS (SELECT unnest('{{{keys}}}'::text[]) AS key),
    asset_gone AS (DELETE FROM storage.asset WHERE storage_key IN (SELECT key FROM lost) RETURNING id, workspace_id, size),
    rendition_gone AS (DELETE FROM storage.rendition WHERE storage_key IN (SELECT key FROM lost)
        OR asset_id IN (SELECT id FROM asset_gone) RETURNING workspace_id, size, storage_key),
    swept AS (INSERT INTO storage.garbage (storage_key) SELECT storage_key FROM rendition_gone
        WHERE storage_key NOT IN (SELECT key FROM lost) ON CONFLICT DO NOTHING)
UPDATE storage.usage SET bytes = greatest(0, bytes - gone.size), objects = greatest(0, objects - gone.count)
FROM (SELECT workspace_id, sum(size) AS size, count(*) AS count FROM
        (SELECT workspace_id, size FROM asset_gone UNION ALL SELECT workspace_id, size FROM rendition_gone) AS all_gone
      GROUP BY workspace_id) AS gone
WHERE usage.workspace_id = gone.workspace_id;
"""
# What is told to the operator after the mending: a question, and what its answer counts.
TOLD = [
    ("SELECT count(*) FROM {schema}.outbox WHERE sent_at IS NULL", "events are sent again", None),
    ("SELECT count(*) FROM publisher.ledger WHERE status = 'unknown'", "posts are asked for at their networks", "publisher"),
    ("SELECT count(*) FROM notifier.mail WHERE error LIKE 'restored:%'", "mails count as perhaps sent", "notifier"),
    ("SELECT count(*) FROM storage.upload WHERE state = 'open'", "uploads begin again", "storage"),
]

OUTBOXES = ("user_", "project", "storage", "media", "ml", "publisher", "notifier", "analytics")
SENT = " UNION ALL ".join(f"SELECT event_id, created_at FROM {s}.outbox" for s in OUTBOXES)
HANDLED = " UNION ALL ".join(f"SELECT event_id, handled_at FROM {s}.inbox" for s in OUTBOXES)
# Every one of these is 0 in a consistent copy. Asked of all schemas in one database, before the mending.
MUST = {
    "assets of no workspace":
        "SELECT count(*) FROM storage.asset WHERE workspace_id NOT IN (SELECT id FROM user_.workspace)",
    "projects of no workspace or no owner":
        "SELECT count(*) FROM project.project p WHERE workspace_id NOT IN (SELECT id FROM user_.workspace) "
        "OR owner_id NOT IN (SELECT id FROM user_.account)",
    "runs of no workspace":
        "SELECT count(*) FROM project.run WHERE workspace_id NOT IN (SELECT id FROM user_.workspace)",
    "publications and accounts of no workspace":
        "SELECT count(*) FROM (SELECT workspace_id FROM publisher.publication UNION ALL SELECT workspace_id FROM "
        "publisher.social_account) p WHERE workspace_id NOT IN (SELECT id FROM user_.workspace)",
    "contacts of no account":
        "SELECT count(*) FROM notifier.contact WHERE user_id NOT IN (SELECT id FROM user_.account)",
    "mails of no notification":
        "SELECT count(*) FROM notifier.mail m WHERE created_at > (SELECT min(created_at) FROM notifier.notification) "
        "AND NOT EXISTS (SELECT FROM notifier.notification WHERE id = m.notification_id)",
    # Outboxes keep an event for 48 hours and a million rows: what was handled in the last minute is there, if it ever was.
    "events handled that nobody sent":
        f"SELECT count(*) FROM ({HANDLED}) h WHERE handled_at > (SELECT max(handled_at) FROM ({HANDLED}) l) - interval '1 minute' "
        f"AND NOT EXISTS (SELECT FROM ({SENT}) s WHERE s.event_id = h.event_id)",
}
