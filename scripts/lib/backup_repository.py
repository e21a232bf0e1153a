"""The folder of copies. Everything in it is written once: under another name, then renamed when it is whole and durable.

    atelier-backups.json            which format this folder has
    packs/ID.tar.age, ID.json       objects, some to a pack; beside it which, with the pack's size and SHA-256
    backups/TIME/backup.json        the files of one copy and the packs that it needs, with sizes and SHA-256
    backups/TIME/SCHEMA.dump.age    pg_dump's own format
    backups/TIME/manifest.json.age  what is in it: the cut, rows and sums of each table, every object with its SHA-256

Encrypted by age (Debian's): who makes a copy needs only the public half of the key. Standard library only.
"""

import contextlib
import fcntl
import hashlib
import json
import os
import re
import shutil
import subprocess
import tarfile
import threading

from backup_source import BROKEN, NOTHING, SETTINGS, TAKEN, Fault

FORMAT = 1
PACK_BYTES = 64 << 20


def sync(path):
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_json(path, value):
    with open(path + ".new", "w") as f:
        json.dump(value, f, indent=1, sort_keys=True)
        f.flush()
        os.fsync(f.fileno())
    os.rename(path + ".new", path)


def digest(path):
    with open(path, "rb") as f:
        return hashlib.file_digest(f, "sha256").hexdigest()


class Sealed:
    """A file that age writes: `stdin` takes what is to be in it."""

    def __init__(self, path, recipients, source=None):
        self.path, self.bytes, self.hash = path, 0, hashlib.sha256()
        self.errors = open(path + ".errors", "w+")
        self.process = subprocess.Popen(["age", "-R", recipients], stdin=source or subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=self.errors)
        self.stdin, self.fault = self.process.stdin, None
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        try:
            with open(self.path, "wb") as f:
                while data := self.process.stdout.read(1 << 20):
                    self.hash.update(data)
                    self.bytes += len(data)
                    f.write(data)
                f.flush()
                os.fsync(f.fileno())
        except OSError as error:
            self.fault = error
            self.process.kill()

    def close(self):
        """The sealed file's size and SHA-256."""
        if self.stdin:
            with contextlib.suppress(BrokenPipeError):
                self.stdin.close()
        self.reader.join()
        code = self.process.wait()
        self.errors.seek(0)
        said = self.errors.read().strip()
        self.errors.close()
        os.remove(self.path + ".errors")
        if self.fault or code != 0:
            raise Fault(f"{self.path} cannot be written: {self.fault or said}")
        return {"bytes": self.bytes, "sha256": self.hash.hexdigest()}


class Opened:
    """What a sealed file holds, as a stream; at its end it is known that all of it was there and unchanged."""

    def __init__(self, path, key):
        self.path = path
        self.process = subprocess.Popen(["age", "-d", "-i", key, path], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.stdout = self.process.stdout

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind is None:
            while self.stdout.read(1 << 20):
                pass
        self.stdout.close()
        said = self.process.stderr.read().decode(errors="replace").strip()
        self.process.stderr.close()
        # Where something else went wrong age's pipe was cut: what is told then is the first fault.
        if self.process.wait() != 0 and kind in (None, tarfile.ReadError):
            if "no identity matched" in said:
                raise Fault(f"{self.path}: sealed for another key than the one given", BROKEN)
            raise Fault(f"{self.path}: {said.splitlines()[0] if said else 'cannot be opened'}", BROKEN)


class Repository:
    """A folder of copies, made where it is missing and `make` says so."""

    def __init__(self, folder, make=False):
        self.folder = os.path.abspath(folder)
        self.packs, self.backups = os.path.join(self.folder, "packs"), os.path.join(self.folder, "backups")
        mark = os.path.join(self.folder, "atelier-backups.json")
        if make and not os.path.exists(mark):
            if os.path.isdir(self.folder) and os.listdir(self.folder):
                raise Fault(f"{self.folder} holds something else than copies", TAKEN)
            for folder in (self.packs, self.backups):
                os.makedirs(folder, mode=0o700)
            write_json(mark, {"format": FORMAT})
        try:
            with open(mark) as f:
                found = json.load(f)["format"]
        except FileNotFoundError:
            raise Fault(f"{self.folder} is not a folder of copies: it has no atelier-backups.json", NOTHING) from None
        except (ValueError, KeyError, TypeError):
            raise Fault(f"{mark} is damaged", BROKEN) from None
        if found != FORMAT:
            raise Fault(f"{self.folder} has format {found}; this program reads {FORMAT}", BROKEN)

    @contextlib.contextmanager
    def locked(self):
        """One that writes at a time."""
        with open(os.path.join(self.folder, ".lock"), "w") as f:
            try:
                fcntl.flock(f, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise Fault(f"another copy is being made in {self.folder}", TAKEN) from None
            yield

    def names(self):
        """The copies that are whole, oldest first."""
        return sorted(n for n in os.listdir(self.backups) if re.fullmatch(r"\d{8}T\d{6}Z", n))

    def known(self):
        """Which pack has which object, and the packs themselves."""
        objects, packs = {}, {}
        for name in sorted(os.listdir(self.packs)):
            if name.endswith(".json"):
                with open(os.path.join(self.packs, name)) as f:
                    pack = json.load(f)
                identifier = name.removesuffix(".json")
                packs[identifier] = {"bytes": pack["bytes"], "sha256": pack["sha256"]}
                objects.update(dict.fromkeys(pack["objects"], identifier))
        return objects, packs

    def clean(self):
        """Takes away what a program left that was killed."""
        for name in os.listdir(self.backups):
            if name.startswith(".making-"):
                shutil.rmtree(os.path.join(self.backups, name))
        for name in os.listdir(self.packs):
            whole = name.endswith(".json") or os.path.exists(os.path.join(self.packs, name.split(".")[0] + ".json"))
            if not whole:
                os.remove(os.path.join(self.packs, name))

    def keep(self, count):
        """Removes all copies but the newest `count`, and the packs that none of those needs; how many of each."""
        old = self.names()[:-count]
        for name in old:
            shutil.rmtree(os.path.join(self.backups, name))
        needed = {pack for name in self.names() for pack in self.header(name)["packs"]}
        loose = set(self.known()[1]) - needed
        for pack in loose:
            # The list first: a pack without one counts as never made.
            os.remove(os.path.join(self.packs, pack + ".json"))
            os.remove(os.path.join(self.packs, pack + ".tar.age"))
        return len(old), len(loose)

    def header(self, name):
        path = os.path.join(self.backups, name, "backup.json")
        try:
            with open(path) as f:
                found = json.load(f)
            if found["format"] != FORMAT:
                raise Fault(f"{path}: format {found['format']}; this program reads {FORMAT}", BROKEN)
            return {key: found[key] for key in ("format", "made_at", "files", "packs")}
        except FileNotFoundError:
            raise Fault(f"{path} is missing", BROKEN) from None
        except (ValueError, KeyError, TypeError):
            raise Fault(f"{path} is damaged", BROKEN) from None

    def choose(self, name):
        """The name of a copy: as it is called, or `latest`."""
        names = self.names()
        if not names:
            raise Fault(f"{self.folder} holds no copy", NOTHING)
        if name == "latest":
            return names[-1]
        if name not in names:
            raise Fault(f"{self.folder} has no copy {name}; there are {', '.join(names[-5:])}", NOTHING)
        return name

    def pack_path(self, pack):
        return os.path.join(self.packs, pack + ".tar.age")

    def check(self, name, progress):
        """Reads every file of a copy: all there, none shorter, none changed."""
        header = self.header(name)
        files = {os.path.join(self.backups, name, file): facts for file, facts in header["files"].items()}
        files |= {self.pack_path(pack): facts for pack, facts in header["packs"].items()}
        total, done = sum(f["bytes"] for f in files.values()), 0
        for path, facts in files.items():
            short = os.path.relpath(path, self.folder)
            if not os.path.exists(path):
                raise Fault(f"{short} is missing", BROKEN)
            size = os.path.getsize(path)
            if size != facts["bytes"]:
                state = "truncated" if size < facts["bytes"] else "too long"
                raise Fault(f"{short} is {state}: {size} of {facts['bytes']} bytes", BROKEN)
        for path, facts in files.items():
            if digest(path) != facts["sha256"]:
                raise Fault(f"{os.path.relpath(path, self.folder)} is damaged: its SHA-256 is another", BROKEN)
            done += facts["bytes"]
            progress("check", done, total)
        return header

    def manifest(self, name, header, key):
        """What a copy says of itself, opened by the key; it has to agree with what stands beside it."""
        path = os.path.join(self.backups, name, "manifest.json.age")
        with Opened(path, key) as opened:
            text = opened.stdout.read()
        try:
            found = json.loads(text)
        except ValueError:
            raise Fault(f"{path} holds no manifest", BROKEN) from None
        files = {file: facts for file, facts in header["files"].items() if file != "manifest.json.age"}
        if found.get("format") != FORMAT or found["files"] != files or found["packs"] != header["packs"]:
            raise Fault(f"{name}: backup.json and the sealed manifest do not agree", BROKEN)
        return found


def need_file(path, what):
    if not path:
        raise Fault(f"no {what} is given", SETTINGS)
    if not os.path.isfile(path):
        raise Fault(f"{path}: there is no {what}", NOTHING)
    return path
