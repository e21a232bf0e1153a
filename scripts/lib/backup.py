"""Makes a copy of a running installation: all schemas and objects, consistent by a cut of event positions, encrypted.

The cut. One database: one snapshot shows all schemas as of one moment. Several: for some milliseconds every outbox is
locked against writers, and the snapshots are taken in that time. No service can then commit an event, so whatever any
service has handled by then was committed before: no schema of the copy knows of an event that its sender does not.
Objects never change and are stored before the row that names them. So most are copied before the cut, the rest after it;
one that is gone by then was deleted after the cut, and the restore deletes its row as well.
"""

import argparse
import concurrent.futures
import hashlib
import io
import json
import os
import signal
import subprocess
import sys
import tarfile
import time
import uuid

sys.path.insert(0, os.path.dirname(__file__))
from backup_repository import FORMAT, PACK_BYTES, Repository, Sealed, need_file, sync, write_json  # noqa: E402
from backup_source import AWAY, PLAIN, SETTINGS, Fault, World, setting, tables  # noqa: E402
from fleet import ROOT, FleetError  # noqa: E402

NAMED = ("SELECT storage_key, size, encode(sha256, 'hex'), content_type FROM storage.asset "
         "UNION ALL SELECT storage_key, size, encode(sha256, 'hex'), content_type FROM storage.rendition")
SMALL = 4 << 20
QUIET = False


def say(text):
    print(text, flush=True)


def human(count):
    for unit in ("B", "kB", "MB"):
        if count < 1000:
            return f"{count:.0f} {unit}"
        count /= 1000
    return f"{count:.2f} GB"


class Progress:
    """A line now and then: on a terminal every half second in place, elsewhere every ten."""

    def __init__(self):
        self.next, self.live = time.monotonic(), sys.stderr.isatty()

    def __call__(self, what, done, total):
        if QUIET or (time.monotonic() < self.next and done < total):
            return
        self.next = time.monotonic() + (0.5 if self.live else 10)
        share = 100 * done // total if total else 100
        print(f"  {what}: {human(done)} of {human(total)} ({share} %)", file=sys.stderr, flush=True,
              end="\r" if self.live and done < total else "\n")


class Reader:
    """Hashes an object while tar reads it."""

    def __init__(self, source, hasher):
        self.source, self.hasher = source, hasher

    def read(self, count=-1):
        data = self.source.read(count)
        self.hasher.update(data)
        return data


class Packer:
    """Puts objects into packs, each whole and durable before the next begins."""

    def __init__(self, repository, recipients, objects):
        self.repository, self.recipients, self.objects = repository, recipients, objects
        self.known, self.packs = repository.known()
        self.pack, self.added, self.bytes, self.lost = None, 0, 0, {}

    def take(self, rows, progress):
        """Copies what is not in a pack yet; what is not there or has another content is noted in `lost`."""
        new = [row for row in rows if row[0] not in self.known]
        total, done = sum(int(row[1]) for row in new), 0
        # Small objects are read ahead: a store far away answers slowly, but many questions at once.
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            for start in range(0, len(new), 64):
                part = new[start:start + 64]
                for row, source in zip(part, [pool.submit(self.fetch, row) for row in part]):
                    try:
                        self.add(row, source.result())
                    except OSError as error:
                        if self.pack and self.sealed.fault:
                            raise Fault(f"the copy cannot be written: {self.sealed.fault}") from None
                        raise Fault(f"{row[0]} cannot be read: {error}", AWAY) from None
                    done += int(row[1])
                    progress("objects", done, total)
        self.finish()

    def fetch(self, row):
        key, size = row[0], int(row[1])
        found = self.objects.size(key)
        if found is None:
            return "missing"
        if found != size:
            return f"{found} bytes where its row says {size}"
        if size > SMALL:
            return None
        try:
            with self.objects.open(key) as source:
                return source.read()
        except FileNotFoundError:
            return "missing"

    def add(self, row, found):
        key, size, wanted = row[0], int(row[1]), row[2]
        if isinstance(found, str):
            self.lost[key] = found
            return
        try:
            source = io.BytesIO(found) if found is not None else self.objects.open(key)
        except FileNotFoundError:
            self.lost[key] = "missing"
            return
        if self.pack is None:
            self.begin()
        hasher = hashlib.sha256()
        member = tarfile.TarInfo(key)
        member.size = size
        with source:
            self.tar.addfile(member, Reader(source, hasher))
        if hasher.hexdigest() != wanted:
            self.lost[key] = "another content than its row says"
            return
        self.inside[key] = size
        self.added += 1
        self.bytes += size
        if sum(self.inside.values()) >= PACK_BYTES:
            self.finish()

    def begin(self):
        self.pack = uuid.uuid4().hex
        self.sealed = Sealed(self.repository.pack_path(self.pack), self.recipients)
        self.tar = tarfile.open(fileobj=self.sealed.stdin, mode="w|", format=tarfile.GNU_FORMAT)
        self.inside = {}

    def finish(self):
        """Ends the pack; with its list beside it, it counts."""
        if self.pack is None:
            return
        self.tar.close()
        facts = self.sealed.close()
        sync(self.repository.packs)
        write_json(os.path.join(self.repository.packs, self.pack + ".json"), {**facts, "objects": self.inside})
        self.packs[self.pack] = facts
        self.known.update(dict.fromkeys(self.inside, self.pack))
        self.pack = None


class Cut:
    """One snapshot of each database, all of one moment of the fleet's events. Held until closed."""

    def __init__(self, databases):
        self.held, self.snapshots, self.pause = {}, {}, 0.0
        urls = list(dict.fromkeys(d.url for d in databases))
        for attempt in range(10):
            # Connected before the first lock, so that writers wait for nothing else than the snapshots.
            locks = [(d, d.session()) for d in databases] if len(urls) > 1 else []
            self.held = {url: next(d for d in databases if d.url == url).session() for url in urls}
            try:
                for session in [*self.held.values(), *(lock for _, lock in locks)]:
                    session.one(PLAIN + "SELECT 1")
                began = time.monotonic()
                for database, lock in locks:
                    lock.one(f"BEGIN; SET LOCAL lock_timeout = '2s'; LOCK TABLE {database.schema}.outbox IN SHARE MODE")
                for url, session in self.held.items():
                    ((*self.snapshots[url],),) = session.one(
                        "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SELECT pg_export_snapshot(), pg_current_snapshot()")
                self.at = time.time()
                self.pause = time.monotonic() - began if locks else 0.0
                return
            except Fault as fault:
                self.close()
                if attempt == 9 or "lock timeout" not in str(fault):
                    raise
                time.sleep(1)
            finally:
                for _, lock in locks:
                    lock.close()

    def ask(self, database, text):
        return self.held[database.url].ask(text)

    def position(self, database):
        """Where a service's events stood."""
        schema, ask = database.schema, lambda text: list(self.ask(database, text))
        ((newest, unsent, rows),) = ask(
            f"SELECT coalesce(max(seq), 0), count(*) FILTER (WHERE sent_at IS NULL), count(*) FROM {schema}.outbox")
        ((handled,),) = ask(f"SELECT count(*) FROM {schema}.inbox")
        cluster = ask(f"SELECT cluster_id FROM {schema}.outbox_cluster")
        return {"newest": int(newest), "waiting": int(unsent), "kept": int(rows), "handled": int(handled),
                "cluster": cluster[0][0] if cluster else None, "snapshot": self.snapshots[database.url][1]}

    def close(self):
        for session in self.held.values():
            session.close()
        self.held, self.snapshots = {}, {}


def dump(database, cut, folder, recipients):
    """pg_dump of one schema at the cut, sealed."""
    snapshot = cut.snapshots[database.url][0]
    path = os.path.join(folder, database.schema + ".dump.age")
    errors = open(os.path.join(folder, "pg_dump.errors"), "w+")
    process = subprocess.Popen(
        ["pg_dump", "-Fc", "--no-owner", "--no-privileges", "--lock-wait-timeout=60s", "--snapshot", snapshot,
         "-n", database.schema], env=database.environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors)
    sealed = Sealed(path, recipients, source=process.stdout)
    process.stdout.close()
    facts = sealed.close()
    code = process.wait()
    errors.seek(0)
    said = errors.read().strip()
    errors.close()
    os.remove(errors.name)
    if code != 0:
        raise Fault(f"pg_dump of {database.schema}: {said[-600:]}", AWAY)
    return facts


def make(world, repository, recipients):
    """Makes a copy; its name and its manifest."""
    began, progress = time.monotonic(), Progress()
    storage = next(d for d in world.databases if d.service == "storage")
    for database in world.databases:
        if database.sql(f"SELECT to_regclass('{database.schema}.outbox') IS NULL") == [["t"]]:
            raise Fault(f"the schema {database.schema} has no tables: this is no installation that ran", SETTINGS)
    repository.clean()
    packer = Packer(repository, recipients, world.objects)
    packer.take(storage.sql(NAMED), progress)
    cut = Cut(world.databases)
    try:
        at = cut.at
        name = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(at))
        folder = os.path.join(repository.backups, ".making-" + name)
        os.mkdir(folder)
        say(f"cut at {time.strftime('%H:%M:%S', time.gmtime(at))}: {len(cut.snapshots)} database"
            + (f"s, writers of events waited {cut.pause * 1000:.0f} ms" if cut.pause else ""))
        schemas, files = {}, {}
        for database in world.databases:
            files[f"{database.schema}.dump.age"] = dump(database, cut, folder, recipients)
            schemas[database.schema] = {
                "position": cut.position(database),
                "tables": tables(lambda text: cut.ask(database, text), database.schema),
                "migrations": [row[0] for row in cut.ask(
                    database, f"SELECT id FROM {database.schema}.schema_migration ORDER BY 1")]}
        rows = [tuple(row) for row in cut.ask(storage, NAMED)]
    finally:
        cut.close()
    packer.lost.clear()
    packer.take(rows, progress)
    gone, lost = deleted_since(storage, packer.lost)
    objects = {key: [int(size), sha, packer.known[key], kind] for key, size, sha, kind in rows if key in packer.known}
    packs = {pack: packer.packs[pack] for pack in sorted({o[2] for o in objects.values()})}
    manifest = {"format": FORMAT, "cut_at": at, "pause_ms": round(cut.pause * 1000), "schemas": schemas, "files": files,
                "packs": packs, "objects": objects, "gone": gone, "lost": lost}
    sealing = Sealed(os.path.join(folder, "manifest.json.age"), recipients)
    sealing.stdin.write(json.dumps(manifest).encode())
    sealed = sealing.close()
    write_json(os.path.join(folder, "backup.json"), {
        "format": FORMAT, "made_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "files": {**files, "manifest.json.age": sealed}, "packs": packs})
    sync(folder)
    os.rename(folder, os.path.join(repository.backups, name))
    sync(repository.backups)
    report(name, manifest, packer, sealed["bytes"], began)
    return name, manifest


def deleted_since(storage, lost):
    """Of objects that are not there: those that no row names any more, and those that are really lost."""
    if not lost:
        return [], {}
    named = {row[0] for row in storage.sql(NAMED)}
    return sorted(set(lost) - named), {key: why for key, why in lost.items() if key in named}


def report(name, manifest, packer, sealed, began):
    for schema, facts in manifest["schemas"].items():
        position, rows = facts["position"], sum(count for count, _ in facts["tables"].values())
        say(f"  {schema:<10} {rows:>9} rows {human(manifest['files'][schema + '.dump.age']['bytes']):>9}   events: newest "
            f"{position['newest']}, {position['waiting']} to be sent, {position['handled']} handled")
    held = sum(o[0] for o in manifest["objects"].values())
    size = sum(f["bytes"] for f in manifest["files"].values()) + sealed + sum(p["bytes"] for p in manifest["packs"].values())
    say(f"  objects    {len(manifest['objects'])} ({human(held)}); new: {packer.added} ({human(packer.bytes)})"
        + (f"; deleted after the cut: {len(manifest['gone'])}" if manifest["gone"] else ""))
    for key, why in sorted(manifest["lost"].items()):
        print(f"✗ object {key}: {why}", file=sys.stderr)
    seconds = time.monotonic() - began
    say(f"copy {name}: {human(size)} in {seconds:.1f} s, {time.time() - manifest['cut_at']:.1f} s of them after the cut")


def world_of(arguments):
    folder = arguments.fleet
    if not folder and not any(n.endswith("DATABASE_URL") or n.endswith("DATABASE_URL_FILE") for n in os.environ):
        folder = os.path.join(ROOT, ".demo")
    return World.of_fleet(folder) if folder else World.of_environment()


def main(words):
    parser = argparse.ArgumentParser(prog="scripts/backup", description=__doc__.split("\n")[0], epilog="""
        Without --fleet the environment says where things are: ADMIN_DATABASE_URL, or USER_DATABASE_URL,
        STORAGE_DATABASE_URL and so on; OBJECT_STORE=file with OBJECT_FOLDER, or OBJECT_STORE=s3 with S3_ENDPOINT,
        S3_BUCKET, S3_REGION, S3_ACCESS_KEY, S3_SECRET_KEY. Each may be given as NAME_FILE. Where none of them is set:
        the fleet of scripts/demo. Exit codes: 0 done; 3 done, but objects are missing or damaged in the installation;
        64 wrong words; 65 a damaged folder of copies; 66 no such file; 69 database or store away; 73 the folder is in
        use; 78 settings; 1 else.""")
    parser.add_argument("--to", metavar="FOLDER", default=setting("BACKUP_FOLDER"), help="folder of copies (BACKUP_FOLDER)")
    parser.add_argument("--recipients", metavar="FILE", default=setting("BACKUP_RECIPIENTS"),
                        help="file with the public keys (age-keygen -y KEY) that can open the copy (BACKUP_RECIPIENTS)")
    parser.add_argument("--fleet", metavar="FOLDER", help="the folder of a fleet on this machine")
    parser.add_argument("--keep", metavar="N", type=int, help="then remove all copies but the newest N")
    parser.add_argument("--list", action="store_true", help="only tell which copies there are")
    arguments = parser.parse_args(words)
    if not arguments.to:
        raise Fault("--to says where the copies are kept", SETTINGS)
    if arguments.keep is not None and arguments.keep < 1:
        raise Fault("--keep: at least one", 64)
    if arguments.list:
        repository = Repository(arguments.to)
        for name in repository.names():
            header = repository.header(name)
            size = sum(f["bytes"] for part in ("files", "packs") for f in header[part].values())
            say(f"{name}  {human(size)}")
        return 0
    recipients = need_file(arguments.recipients, "file of recipients (--recipients)")
    world = world_of(arguments)
    repository = Repository(arguments.to, make=True)
    with repository.locked():
        _, manifest = make(world, repository, recipients)
        if arguments.keep:
            copies, packs = repository.keep(arguments.keep)
            say(f"removed {copies} older copies and {packs} packs")
    return 3 if manifest["lost"] else 0


def run(main):
    """Runs a program of words; faults become one line and an exit code. Told to stop, it takes away what it began."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        return main(sys.argv[1:])
    except Fault as fault:
        print(f"✗ {fault}", file=sys.stderr)
        return fault.code
    except FleetError as error:
        print(f"✗ {error}", file=sys.stderr)
        return AWAY
    except FileNotFoundError as error:
        print(f"✗ {error.filename}: not found", file=sys.stderr)
        return SETTINGS if os.sep not in str(error.filename) else 1
    except SystemExit as end:
        return 64 if end.code == 2 else end.code or 0
    except KeyboardInterrupt:
        return 130
    except OSError as error:
        print(f"✗ {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(run(main))
