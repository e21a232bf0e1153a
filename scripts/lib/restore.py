"""Brings a copy back into an empty installation, or restores it into a private Postgres to prove that it could be.

Nothing is touched before the whole copy was read and found whole, opened with the key, and the target found empty and
unused. Objects come first, then the rows that name them; each object has to have the SHA-256 of its row, each table the
rows and the sum over their contents that it had at the cut. Then the fleet is made right (restore_mend.py).
"""

import argparse
import concurrent.futures
import contextlib
import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time

sys.path.insert(0, os.path.dirname(__file__))
from backup import Progress, human, run, say, world_of  # noqa: E402
from backup_repository import Opened, Repository, need_file  # noqa: E402
from backup_source import AWAY, BROKEN, OWNERS, PLAIN, SETTINGS, TAKEN, Database, Fault, World, setting, tables  # noqa: E402
from fleet import Postgres  # noqa: E402
from restore_mend import FORGET, MEND, MEND_ALL, MUST, TOLD  # noqa: E402


def refuse_unless_free(world, overwrite, live):
    """A target that holds something, or that services use, is not touched unless that was asked for."""
    for database in world.databases:
        if not database.sql(f"SELECT 1 FROM pg_namespace WHERE nspname = '{database.schema}'"):
            raise Fault(f"the database has no schema {database.schema}: deploy/postgres/init.sql makes roles and schemas", SETTINGS)
        if not live:
            ((count,),) = database.sql(f"SELECT count(*) FROM pg_stat_activity WHERE usename = '{database.role}' "
                                       f"AND pid <> pg_backend_pid() AND application_name <> 'atelier-backup'")
            if count != "0":
                raise Fault(f"{database.service} is running: {count} connections of {database.role}. Stop the services, "
                            "or say --live", TAKEN)
        if not overwrite:
            ((count,),) = database.sql("SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
                                       f"WHERE n.nspname = '{database.schema}' AND c.relkind IN ('r', 'p')")
            if count != "0":
                raise Fault(f"the schema {database.schema} has {count} tables already; --overwrite replaces them", TAKEN)
    if not overwrite and not world.objects.is_empty():
        raise Fault(f"the {world.objects.name} holds objects already; --overwrite puts the copy's beside them", TAKEN)


def each_object(repository, manifest, key, progress):
    """Every object of the copy as a file that is known to be right: key, path, content type. The file is gone afterwards."""
    wanted = manifest["objects"]
    total, done, seen = sum(o[0] for o in wanted.values()), 0, 0
    with tempfile.TemporaryDirectory(prefix="atelier-restore-") as folder:
        path = os.path.join(folder, "object")
        for pack in manifest["packs"]:
            with Opened(repository.pack_path(pack), key) as opened, tarfile.open(fileobj=opened.stdout, mode="r|") as tar:
                for member in tar:
                    size, sha, where, kind = wanted.get(member.name, (0, "", "", ""))
                    if where != pack:
                        continue
                    hasher, source = hashlib.sha256(), tar.extractfile(member)
                    with open(path, "wb") as f:
                        while data := source.read(1 << 20):
                            hasher.update(data)
                            f.write(data)
                    if member.size != size or hasher.hexdigest() != sha:
                        raise Fault(f"object {member.name} of pack {pack} is not what its row says", BROKEN)
                    yield member.name, path, kind
                    seen, done = seen + 1, done + size
                    progress("objects", done, total)
    if seen != len(wanted):
        raise Fault(f"{len(wanted) - seen} objects of the copy are in none of its packs", BROKEN)


def bring_rows(database, folder, key, facts, overwrite):
    """One schema from its dump; afterwards each table is what it was."""
    if overwrite:
        database.sql(f"SET client_min_messages = error; SET lock_timeout = '20s'; BEGIN; DROP SCHEMA {database.schema} CASCADE; "
                     f"CREATE SCHEMA {database.schema} AUTHORIZATION {database.role}; COMMIT")
    with Opened(os.path.join(folder, database.schema + ".dump.age"), key) as opened:
        # -n leaves the schema itself out: it is there, and belongs to whom it should.
        done = subprocess.run(
            ["pg_restore", "--no-owner", "--no-privileges", "--role", database.role, "--exit-on-error", "--single-transaction",
             "-n", database.schema, "-d", database.environment.get("PGDATABASE", "")],
            stdin=opened.stdout, env=database.environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    if done.returncode != 0:
        raise Fault(f"pg_restore of {database.schema}: {done.stderr.strip()[-600:]}", AWAY)
    session = database.session()
    try:
        session.one(PLAIN)
        found = tables(session.ask, database.schema)
    finally:
        session.close()
    for name in sorted(set(found) | set(facts["tables"])):
        if found.get(name) != facts["tables"].get(name):
            raise Fault(f"{database.schema}.{name} is not what it was: rows and sum {found.get(name)}, "
                        f"at the cut {facts['tables'].get(name)}", BROKEN)
    # Statistics do not come with the rows; without them the first queries are slow.
    database.sql(f"SET search_path = {database.schema}; ANALYZE")


def only_mend(world):
    """After the database alone was brought to another time, by its WAL or by its provider."""
    refuse_unless_free(world, True, False)
    storage = next(d for d in world.databases if d.service == "storage")
    keys = [row[0] for row in storage.sql(
        "SELECT storage_key FROM storage.asset UNION ALL SELECT storage_key FROM storage.rendition")]
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        gone = [key for key, size in zip(keys, pool.map(world.objects.size, keys)) if size is None]
    if len(gone) > max(100, len(keys) // 10):
        raise Fault(f"{len(gone)} of {len(keys)} objects are not in the {world.objects.name}: that is not what was deleted "
                    "since; nothing was changed", BROKEN)
    say(f"  {len(keys)} rows name an object")
    mend(world, {"gone": gone, "lost": {}})


def mend(world, manifest):
    """Makes the fleet right, each schema in one transaction; tells what was done."""
    for database in world.databases:
        statements = MEND_ALL + MEND.get(database.service, "")
        if database.service == "storage" and (keys := [*manifest["gone"], *manifest["lost"]]):
            statements += FORGET.format(keys=",".join(keys))
        database.sql(f"BEGIN; SET LOCAL search_path = {database.schema}; {statements} COMMIT")
    for question, what, only in TOLD:
        count = sum(int(d.sql(question.format(schema=d.schema))[0][0]) for d in world.databases if only in (None, d.service))
        say(f"  {count} {what}")
    if manifest["gone"]:
        say(f"  {len(manifest['gone'])} objects had been deleted since; so are their rows now")
    for key, why in sorted(manifest["lost"].items()):
        print(f"✗ the row of {key} was taken away: the installation had lost its object before the copy ({why})", file=sys.stderr)


def is_running(postgres):
    return os.path.exists(postgres.data) and "server is running" in postgres.run(
        "pg_ctl", "-D", postgres.data, "status", check=False)


@contextlib.contextmanager
def reached(arguments):
    """The installation; of a fleet on this machine with its Postgres, started where it does not run."""
    world = world_of(arguments)
    started = world.postgres is not None and not is_running(world.postgres)
    try:
        if started:
            world.postgres.start()
        yield world
    finally:
        if started:
            world.postgres.stop()


def bring_back(world, repository, name, manifest, key, arguments):
    began = time.monotonic()
    for object_key, path, kind in each_object(repository, manifest, key, Progress()):
        world.objects.put(object_key, path, kind)
    seconds = time.monotonic() - began
    say(f"  {len(manifest['objects'])} objects in {seconds:.1f} s")
    folder = os.path.join(repository.backups, name)
    for database in world.databases:
        at = time.monotonic()
        bring_rows(database, folder, key, manifest["schemas"][database.schema], arguments.overwrite)
        rows = sum(count for count, _ in manifest["schemas"][database.schema]["tables"].values())
        say(f"  {database.schema:<10} {rows:>9} rows in {time.monotonic() - at:.1f} s, every table as it was at the cut")
    mend(world, manifest)


def verify(repository, name, manifest, key):
    """The whole way, into a private Postgres and with no object kept; and what must hold between the schemas."""
    folder = tempfile.mkdtemp(prefix="atelier-verify-", dir="/var/tmp")
    postgres = Postgres(os.path.join(folder, "postgres"))
    faults = []
    try:
        postgres.start()
        world = World([Database(service, postgres.url("postgres")) for service in OWNERS], None, postgres)
        for database in world.databases:
            bring_rows(database, os.path.join(repository.backups, name), key, manifest["schemas"][database.schema], False)
            facts = manifest["schemas"][database.schema]["tables"]
            say(f"  {database.schema:<10} {len(facts)} tables, {sum(c for c, _ in facts.values())} rows: as at the cut")
        named = {row[0]: row[1:] for row in world.databases[0].sql(
            "SELECT storage_key, size, encode(sha256, 'hex') FROM storage.asset UNION ALL "
            "SELECT storage_key, size, encode(sha256, 'hex') FROM storage.rendition")}
        held = {k: [str(o[0]), o[1]] for k, o in manifest["objects"].items()}
        excused = set(manifest["gone"]) | set(manifest["lost"])
        wrong = [k for k in set(named) | set(held) if k not in excused and named.get(k) != held.get(k)]
        faults += [f"{len(wrong)} rows and objects do not belong together, such as {wrong[0]}"] if wrong else []
        count = sum(1 for _ in each_object(repository, manifest, key, Progress()))
        say(f"  {count} objects read to their end: each has the SHA-256 of its row; {len(named)} rows name one, 0 in vain"
            if not wrong else f"  {count} objects read")
        for what, question in MUST.items():
            ((found,),) = world.databases[0].sql(question)
            say(f"  {found} {what}")
            faults += [f"{found} {what}"] if found != "0" else []
        mend(world, manifest)
    finally:
        postgres.stop("immediate")
        shutil.rmtree(postgres.folder, ignore_errors=True)
        shutil.rmtree(folder, ignore_errors=True)
    if faults:
        raise Fault("; ".join(faults), BROKEN)


def main(words):
    parser = argparse.ArgumentParser(prog="scripts/restore", description=__doc__.split("\n")[0], epilog="""
        Where the installation is, is told as to scripts/backup: --fleet, or the environment. Of a fleet on this machine
        Postgres is started for the restore, and stopped after it; scripts/demo --start starts the rest. Exit codes: 0
        done; 64 wrong words; 65 the copy is broken, incomplete, or sealed for another key: nothing was touched; 66 there is
        no such copy or key; 69 database or store away; 73 the target is in use or not empty: nothing was touched; 78
        settings; 1 else.""")
    parser.add_argument("copy", nargs="?", help="a copy's name, or `latest`")
    parser.add_argument("--from", dest="source", metavar="FOLDER", default=setting("BACKUP_FOLDER"),
                        help="folder of copies (BACKUP_FOLDER)")
    parser.add_argument("--key", metavar="FILE", default=setting("BACKUP_KEY"), help="the age key's file (BACKUP_KEY)")
    parser.add_argument("--fleet", metavar="FOLDER", help="the folder of a fleet on this machine")
    parser.add_argument("--verify", action="store_true", help="only prove it, in a private Postgres; touches no installation")
    parser.add_argument("--mend", action="store_true", help="no copy: the database was brought to another time by other means; "
                        "make the fleet right, and delete rows whose objects were deleted since")
    parser.add_argument("--overwrite", action="store_true", help="replace what the target holds")
    parser.add_argument("--live", action="store_true", help="even while services are connected")
    arguments = parser.parse_args(words)
    if bool(arguments.copy) == arguments.mend:
        raise Fault("a copy's name (or `latest`), or --mend", 64)
    began = time.monotonic()
    if arguments.mend:
        with reached(arguments) as world:
            only_mend(world)
        say(f"mended in {time.monotonic() - began:.1f} s")
        return 0
    if not arguments.source:
        raise Fault("--from says where the copies are", SETTINGS)
    repository = Repository(arguments.source)
    name = repository.choose(arguments.copy)
    key = need_file(arguments.key, "key (--key)")
    header = repository.check(name, Progress())
    manifest = repository.manifest(name, header, key)
    say(f"copy {name}: whole, {human(sum(f['bytes'] for p in ('files', 'packs') for f in header[p].values()))}, "
        f"of {time.strftime('%Y-%m-%d %H:%M:%S UTC', time.gmtime(manifest['cut_at']))}")
    if arguments.verify:
        verify(repository, name, manifest, key)
        say(f"verified in {time.monotonic() - began:.1f} s")
        return 0
    with reached(arguments) as world:
        refuse_unless_free(world, arguments.overwrite, arguments.live)
        bring_back(world, repository, name, manifest, key, arguments)
    say(f"restored in {time.monotonic() - began:.1f} s")
    return 0


if __name__ == "__main__":
    sys.exit(run(main))
