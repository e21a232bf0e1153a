"""What of Debian belongs into an image: the libraries and data that an executable needs, and nothing else.

Reads an installed Debian (a folder that mmdebstrap made, or the container's own root in `deploy/Dockerfile`) and
`deploy/packages`. All images begin with the same layer, which follows from the list alone; what one executable needs
beyond it is a layer of its own. Standard library only.
"""

import os
import re
import shutil
import stat
import subprocess
import tempfile
from dataclasses import dataclass, replace

REPOSITORY = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
USER = 10001
# Loaded by name while they run, so that nothing names them before: the one module of libvips that Shared/CVips opens.
PLUGINS = {"libvips42": ["vips-modules-8.14/vips-heif.so"]}
# What a package has after its installation only.
MADE = {"ca-certificates": ["etc/ssl/certs/ca-certificates.crt"],
        "fontconfig-config": ["etc/fonts/conf.d"]}
UNWANTED = re.compile(
    r"usr/(s?bin/update-|sbin/|include/|share/(doc|man|info|locale|lintian|bug|ca-certificates|debconf|metainfo|xml)(/|$))"
    r"|usr/share/zoneinfo/(right|posix)(/|$)|etc/ca-certificates")


class ImageError(Exception):
    """An image that cannot be made, with the reason a person can act on."""


@dataclass(frozen=True)
class Entry:
    """A file, a link (with `target`) or a folder (with neither) of an image; the path has no slash before it."""
    path: str
    mode: int = 0o755
    source: str = None
    data: bytes = None
    target: str = None
    owner: int = 0
    mtime: float = 0

    @property
    def is_file(self):
        return self.source is not None or self.data is not None

    def content(self):
        if self.data is not None:
            return self.data
        with open(self.source, "rb") as f:
            return f.read()


def listed(*scopes, path=os.path.join(REPOSITORY, "deploy", "packages")):
    """The packages of exactly these scopes in the one list."""
    with open(path) as f:
        rows = [line.split() for line in f if line.strip() and not line.startswith("#")]
    return [row[1] for row in rows if row[0] in scopes]


def plain(path):
    """A path as it is where /lib is a link to /usr/lib."""
    path = os.path.normpath(path).lstrip("/")
    return "usr/" + path if re.match(r"(bin|sbin|lib|lib64)/", path) else path


class Root:
    """An installed Debian: who owns which file, and which libraries an object needs."""

    def __init__(self, path):
        self.path = os.path.abspath(path)
        machine = os.uname().machine
        self.triplet = machine + "-linux-gnu"
        self.loader = {"x86_64": "/lib64/ld-linux-x86-64.so.2", "aarch64": "/lib/ld-linux-aarch64.so.1"}[machine]
        self.packages = self._packages()
        self.files, self.owners = {}, {}
        info = os.path.join(self.path, "var/lib/dpkg/info")
        for name in sorted(os.listdir(info)):
            if name.endswith(".list"):
                package = name[:-5].split(":")[0]
                with open(os.path.join(info, name)) as f:
                    self.files[package] = [plain(line.rstrip("\n")) for line in f if line.strip() != "/."]
                for path in self.files[package]:
                    self.owners.setdefault(path, package)

    def _packages(self):
        """name → fields of dpkg's status file."""
        with open(os.path.join(self.path, "var/lib/dpkg/status")) as f:
            blocks = f.read().split("\n\n")
        found = {}
        for block in blocks:
            fields = dict(line.split(": ", 1) for line in block.split("\n") if re.match(r"[A-Z][\w-]*: ", line))
            if fields.get("Status", "").endswith(" installed"):
                fields["text"] = block.strip() + "\n"
                found[fields["Package"]] = fields
        return found

    def inside(self, path):
        """A path inside as one of this machine; links are followed as they would be inside."""
        parts, seen = plain(path).split("/"), ""
        for depth in range(40):
            for i, part in enumerate(parts):
                seen = "/".join(parts[:i + 1])
                full = os.path.join(self.path, seen)
                if os.path.islink(full):
                    target = os.readlink(full)
                    start = "" if target.startswith("/") else os.path.dirname(seen)
                    parts = plain(os.path.join(start, target.lstrip("/"), *parts[i + 1:])).split("/")
                    break
            else:
                return os.path.join(self.path, *parts)
        raise ImageError(f"too many links at {path}")

    def run(self, *words):
        """Runs a program of the inside."""
        enter = [] if self.path == "/" else ["chroot", self.path] if os.getuid() == 0 else ["sudo", "-n", "chroot", self.path]
        done = subprocess.run([*enter, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              text=True, env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8"})
        if done.returncode:
            raise ImageError(f"{' '.join(words)[:200]}: {(done.stderr or done.stdout).strip()[-2000:]}")
        return done.stdout

    def needed(self, objects):
        """The libraries that these objects need, all of them, as paths inside."""
        found = set()
        for path in objects:
            for line in self.run(self.loader, "--list", path).splitlines():
                if "not found" in line:
                    raise ImageError(f"{os.path.basename(path)} needs {line.split()[0]}, which no package of the list has")
                match = re.search(r"(/\S+) \(0x", line)
                if match:
                    found.add(plain(match.group(1)))
        return found

    def needed_by(self, outsiders):
        """The same for files of this machine, which are copied in for that time."""
        folder = tempfile.mkdtemp(dir=os.path.join(self.path, "tmp"))
        try:
            for path in outsiders:
                shutil.copy(path, folder)
            inner = [f"/tmp/{os.path.basename(folder)}/{name}" for name in sorted(os.listdir(folder))]
            return {path for path in self.needed(inner) if not path.startswith("tmp/")}
        finally:
            shutil.rmtree(folder)

    def libraries(self, package):
        """The libraries of a package, each by its shortest name, which is the one that others ask for."""
        names = {}
        for path in self.files[package]:
            if re.fullmatch(rf"usr/lib/{self.triplet}/lib[^/]+\.so\.[\d.]+", path):
                names.setdefault(self.inside(path), []).append(path)
        return [min(paths, key=len) for paths in names.values()] + [
            f"usr/lib/{self.triplet}/{plugin}" for plugin in PLUGINS.get(package, [])]

    def entry(self, path, follow=False):
        """A file of the inside as an entry; of a library the content, under the name by which it is asked for."""
        full = self.inside(path) if follow else os.path.join(self.path, path)
        status = os.lstat(full)
        if stat.S_ISLNK(status.st_mode):
            return Entry(path, 0o777, target=os.readlink(full))
        if stat.S_ISDIR(status.st_mode):
            return Entry(path)
        return Entry(path, 0o755 if status.st_mode & 0o100 else 0o644, source=full, mtime=status.st_mtime)

    def whole(self, package):
        """All that a package holds and makes, but documentation, scripts and what has no use in an image."""
        made = list(MADE.get(package, []))
        for top in MADE.get(package, []):
            for folder, _, names in os.walk(os.path.join(self.path, top)):
                made += [os.path.relpath(os.path.join(folder, name), self.path) for name in names]
        found = []
        for path in sorted({*self.files[package], *made}):
            if UNWANTED.match(path) or not os.path.lexists(os.path.join(self.path, path)):
                continue
            entry = self.entry(path)
            if not entry.is_file and not entry.target:
                continue
            if entry.source and entry.mode & 0o111 and entry.content()[:2] == b"#!":
                continue
            # The time at which it was made says nothing.
            found.append(replace(entry, mtime=0) if path in made else entry)
        return found


class Layer:
    """Entries by path, and the packages that they come from."""

    def __init__(self, root):
        self.root, self.entries, self.packages = root, {}, set()

    def add(self, entry, package=None):
        self.entries[entry.path] = entry
        if package:
            self.packages.add(package)

    def add_libraries(self, paths, but=()):
        for path in paths:
            if path not in but:
                entry = self.root.entry(path, follow=True)
                real = os.path.relpath(entry.source, self.root.path)
                package = self.root.owners.get(real) or self.root.owners.get(path)
                if not package:
                    raise ImageError(f"/{path} is of no package")
                self.add(Entry(path, 0o755, source=entry.source, mtime=entry.mtime), package)

    def newest(self):
        """The time of the youngest file of a package: what is made here gets it, so that no clock is in the image."""
        return max((int(entry.mtime) for entry in self.entries.values()), default=0)

    def finish(self, known=()):
        """Adds licences and the notes by which a scanner knows the packages, and sets the times of what was made."""
        newest = self.newest()
        for package in sorted(self.packages - set(known)):
            self.add(self.root.entry(f"usr/share/doc/{package}/copyright", follow=True))
            self.add(Entry(f"var/lib/dpkg/status.d/{package}", 0o644, data=self.root.packages[package]["text"].encode()))
        self.entries = {path: at(newest, entry) for path, entry in with_folders(self.entries).items()}
        return self


def at(newest, entry):
    """An entry that is not younger than `newest`; what has no time of its own gets that one."""
    return replace(entry, mtime=min(int(entry.mtime), newest) if entry.mtime else newest)


def with_folders(entries):
    """The same with every folder above them, in order."""
    found = dict(entries)
    for path in entries:
        while (path := os.path.dirname(path)) and path not in found:
            found[path] = Entry(path)
    return dict(sorted(found.items()))


def check_packages(root, names):
    missing = [name for name in names if name not in root.packages]
    if missing:
        raise ImageError(f"not installed in {root.path}: {', '.join(missing)}")


def take(layer, names, but=()):
    """Adds what these packages give: libraries with all that they need, data whole."""
    root = layer.root
    for name in names:
        if name.startswith("lib"):
            own = root.libraries(name)
            layer.add_libraries(sorted(set(own) | root.needed("/" + path for path in own)), but)
            continue
        programs = []
        for entry in root.whole(name):
            # Only what runs is asked what it needs: data may be executable by mistake.
            if entry.source and entry.mode & 0o111 and entry.content()[:4] == b"\x7fELF":
                programs.append("/" + entry.path)
            layer.add(entry, name)
        layer.add_libraries(sorted(root.needed(programs)), but)


def base(root):
    """What every image begins with: it follows from the list alone, and so is the same in all."""
    check_packages(root, listed("run"))
    layer = Layer(root)
    take(layer, listed("run"))
    layer.add(root.entry("usr/lib/os-release"), "base-files")
    for path, target in [("etc/os-release", "../usr/lib/os-release"), ("lib", "usr/lib"), ("lib64", "usr/lib64"),
                         ("bin", "usr/bin"), ("etc/localtime", "/usr/share/zoneinfo/Etc/UTC"),
                         ("usr/lib/ssl/cert.pem", "/etc/ssl/certs/ca-certificates.crt"),
                         ("usr/lib/ssl/certs", "/etc/ssl/certs")]:
        layer.add(Entry(path, 0o777, target=target))
    for path in ["dev", "proc", "sys", "run", "etc/ssl/certs", "usr/bin", "usr/lib64"]:
        layer.add(Entry(path))
    for path in ["tmp", "var/tmp"]:
        layer.add(Entry(path, 0o1777))
    layer.add(Entry("var/lib/atelier", 0o750, owner=USER))
    for path, text in [
            ("etc/passwd", f"root:x:0:0:root:/:/nonexistent\natelier:x:{USER}:{USER}:atelier:/tmp:/nonexistent\n"),
            ("etc/group", f"root:x:0:\natelier:x:{USER}:\n"),
            ("etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files dns\nservices: files\n")]:
        layer.add(Entry(path, 0o644, data=text.encode()))
    return layer.finish()


def own(root, service, executable, below, extra=(), outsiders=()):
    """What one executable needs beside the base.

    - extra: entries that come from elsewhere; outsiders: files of this machine whose libraries are needed with them.
    - Raises ImageError where it needs a library of a package that is not listed for it.
    """
    names = listed("run." + service)
    check_packages(root, names)
    layer = Layer(root)
    take(layer, names, below.entries)
    layer.add_libraries(sorted(root.needed_by(outsiders)), below.entries)
    for entry in extra:
        layer.add(entry)
    if "fontconfig-config" in names:
        index_fonts(layer)
    for path in sorted(root.needed_by([executable])):
        if path not in below.entries and path not in layer.entries:
            raise ImageError(f"{service} needs /{path} of {root.owners.get(path)}: list it in deploy/packages "
                             f"as run.{service}")
    return layer.finish(below.packages)


def index_fonts(layer):
    """Adds fontconfig's index, made for the folders' times in the image: else it would read every font at each start."""
    root, newest = layer.root, layer.newest()
    root.run("sh", "-c", f"rm -rf /var/cache/fontconfig/* /usr/local/share/fonts; find /usr/share/fonts -type d -exec touch -d @{newest} {{}} + "
                         f"&& fc-cache -f -s && touch -d @{newest} /var/cache/fontconfig/*")
    folder = "var/cache/fontconfig"
    for name in sorted(os.listdir(os.path.join(root.path, folder))):
        if name != "CACHEDIR.TAG":
            layer.add(root.entry(f"{folder}/{name}"))


def write(entries, folder):
    """Writes entries as files, for an engine that copies them."""
    for entry in entries.values():
        path = os.path.join(folder, entry.path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        if entry.target:
            os.symlink(entry.target, path)
        elif entry.is_file:
            with open(path, "wb") as f:
                f.write(entry.content())
        else:
            os.makedirs(path, exist_ok=True)
        if not entry.target:
            os.chmod(path, entry.mode)
        os.chown(path, entry.owner, entry.owner, follow_symlinks=False)
    for entry in sorted(entries.values(), key=lambda e: e.path, reverse=True):
        os.utime(os.path.join(folder, entry.path), (entry.mtime, entry.mtime), follow_symlinks=False)
