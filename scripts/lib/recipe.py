"""What the recipes share: edits of which all are made or none, and the names of things.

A recipe first puts its edits together in memory; what is wrong with its arguments or has no place in a file stops it
before anything is written. Standard library only.
"""

import os
import re
import shutil
import subprocess
import sys

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))

# Words of Swift that cannot name a variable, a function or a case.
SWIFT_WORDS = set("""
    actor any as associatedtype async await break case catch class continue default defer deinit do else enum extension
    fallthrough false fileprivate for func guard if import in init inout internal is let nil nonisolated open operator
    package precedencegroup private protocol public repeat rethrows return self some static struct subscript super
    switch throw throws true try typealias var where while""".split())


def pascal(name):
    """`photo-edit` and `photo_edit` are `PhotoEdit`."""
    return "".join(part[:1].upper() + part[1:] for part in re.split("[-_]", name))


def camel(name):
    """`photo-edit` is `photoEdit`."""
    return pascal(name)[:1].lower() + pascal(name)[1:]


def singular(name):
    """`projects` is `project`, `libraries` is `library`."""
    if name.endswith("ies"):
        return name[:-3] + "y"
    return name[:-1] if name.endswith("s") and not name.endswith("ss") else name


class Recipe:
    """The edits of one call of a script."""

    def __init__(self, script, usage):
        self.script, self.usage = script, usage
        self.texts = {}

    def stop(self, reason, usage=False):
        """Ends the script with its reason; nothing was written. `usage` where the words themselves are wrong."""
        sys.exit(f"{self.script}: {reason}" + (f"\n\n{self.usage.strip()}" if usage else ""))

    def exists(self, path):
        return path in self.texts or os.path.exists(os.path.join(ROOT, path))

    def read(self, path):
        """A file as it will be."""
        if path not in self.texts:
            with open(os.path.join(ROOT, path), encoding="utf-8") as f:
                return f.read()
        return self.texts[path]

    def write(self, path, text):
        """A new file."""
        if self.exists(path):
            self.stop(f"{path} is there already")
        self.texts[path] = text

    def edit(self, path, pattern, replacement, what="this"):
        """Replaces the first place that the pattern finds, line by line; stops where there is none."""
        after, count = re.subn(pattern, replacement, self.read(path), count=1, flags=re.M | re.S)
        if count == 0:
            self.stop(f"{path} has no place for {what}")
        self.texts[path] = after

    def replace(self, path, text):
        """A file as a whole."""
        self.texts[path] = text

    def apply(self, *generators):
        """Formats what is Swift and writes everything; then runs the scripts that write what follows from it.
        Where one of them fails, everything is as it was before."""
        made = {path: self._formatted(path, text) for path, text in sorted(self.texts.items())}
        before = {path: self._bytes(path) for path in made}
        for path, text in made.items():
            full = os.path.join(ROOT, path)
            os.makedirs(os.path.dirname(full), exist_ok=True)
            with open(full, "w", encoding="utf-8") as f:
                f.write(text)
        for index, generator in enumerate(generators):
            result = subprocess.run([os.path.join(ROOT, generator)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                    text=True)
            if result.returncode != 0:
                self._restore(before)
                for earlier in generators[:index]:
                    subprocess.run([os.path.join(ROOT, earlier)], check=True)
                self.stop(f"{generator} fails, nothing is changed:\n{result.stdout.strip()}")
        return sorted(path for path, text in before.items() if text is None)

    def _formatted(self, path, text):
        if not path.endswith(".swift"):
            return text
        result = subprocess.run(
            [self._swift(), "format", "--configuration", os.path.join(ROOT, ".swift-format")], input=text,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT)
        if result.returncode != 0:
            self.stop(f"{path} would be no Swift, nothing is changed:\n{result.stderr.strip()}")
        return result.stdout

    def _swift(self):
        found = shutil.which("swift") or shutil.which("swift", path="/opt/swift/usr/bin")
        return found or self.stop("Swift 6.3 is needed: https://www.swift.org/install/linux")

    @staticmethod
    def _bytes(path):
        try:
            with open(os.path.join(ROOT, path), "rb") as f:
                return f.read()
        except FileNotFoundError:
            return None

    @staticmethod
    def _restore(before):
        for path, content in before.items():
            full = os.path.join(ROOT, path)
            if content is not None:
                with open(full, "wb") as f:
                    f.write(content)
                continue
            os.remove(full)
            folder = os.path.dirname(full)
            while not os.listdir(folder):
                os.rmdir(folder)
                folder = os.path.dirname(folder)

    # What the tree has

    def services(self):
        """The folders of the services, by the names of their executables."""
        found = re.findall(r'^    service\(\s*"(\w+)", "([a-z0-9-]+)"', self.read("Package.swift"), flags=re.M)
        return {name: folder for folder, name in found}

    def swift_files(self, folder):
        """The Swift files under a folder, those to come included."""
        found = {path for path in self.texts if path.startswith(folder + "/") and path.endswith(".swift")}
        for at, _, names in os.walk(os.path.join(ROOT, folder)):
            found |= {os.path.relpath(os.path.join(at, name), ROOT) for name in names if name.endswith(".swift")}
        return sorted(found)
