-- One role and one schema for each service that owns data; no role sees another's (design: rules of data).
-- Run once in the database by its owner. Passwords are set elsewhere; on one machine the socket's folder is the wall.
DO $$
DECLARE
    service record;
BEGIN
    FOR service IN
        SELECT * FROM (VALUES
            ('atelier_user', 'user_'), ('atelier_project', 'project'), ('atelier_storage', 'storage'),
            ('atelier_media', 'media'), ('atelier_ml', 'ml'), ('atelier_publisher', 'publisher'),
            ('atelier_notifier', 'notifier'), ('atelier_analytics', 'analytics')
        ) AS s(role, schema)
    LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = service.role) THEN
            EXECUTE format('CREATE ROLE %I LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE CONNECTION LIMIT 60', service.role);
        END IF;
        -- An owner that is no superuser (a managed Postgres) may give schemas only to roles that it is a member of.
        IF NOT pg_has_role(service.role, 'USAGE') THEN
            EXECUTE format('GRANT %I TO CURRENT_USER', service.role);
        END IF;
        EXECUTE format('CREATE SCHEMA IF NOT EXISTS %I', service.schema);
        EXECUTE format('ALTER SCHEMA %I OWNER TO %I', service.schema, service.role);
        EXECUTE format('ALTER ROLE %I SET search_path = %I', service.role, service.schema);
        EXECUTE format('GRANT CONNECT ON DATABASE %I TO %I', current_database(), service.role);
    END LOOP;
END
$$;
REVOKE ALL ON SCHEMA public FROM PUBLIC;
