#!/bin/sh
# Makes the roles and schemas of init.sql and sets the roles' passwords from the environment: that of atelier_user from
# PASSWORD_ATELIER_USER. Safe to run again: a new service gets its role, a new password takes the old one's place.
# Run by the owner of the database, with psql's own variables (PGHOST, PGUSER, PGPASSWORD, PGDATABASE).
set -eu
cd "$(dirname "$0")"
psql -qX -v ON_ERROR_STOP=1 -f init.sql
roles=$(psql -qAtX -v ON_ERROR_STOP=1 -c "SELECT rolname FROM pg_roles WHERE rolname LIKE 'atelier\_%' AND rolcanlogin ORDER BY 1")
for role in $roles; do
    variable=PASSWORD_$(echo "$role" | tr a-z A-Z)
    if [ -z "$(printenv "$variable")" ]; then
        echo "$variable is not set" >&2
        exit 1
    fi
    # psql reads the variable by itself: on a command line everybody on this machine could see it.
    psql -qX -v ON_ERROR_STOP=1 -v role="$role" <<SQL
\\getenv password $variable
ALTER ROLE :"role" PASSWORD :'password';
SQL
done
echo "$(echo "$roles" | wc -w) roles are ready"
