"""Secrets in the repository: every file of every commit is searched for the shapes of known tokens and keys.

    security_secrets.py [FOLDER]        the repository (this one by default)

What looks like one and is none stands in deploy/secret-skips with its reason. Of a shallow clone there is only as much history as
was fetched; that is said. Exit code 1 where something was found.
"""

import os
import re
import subprocess
import sys

from fleet import ROOT

# Each begins with something rare, so that a scan is quick; each needs its whole length, so that it finds no words.
RULES = {
    "aws-access-key": rb"(?<![A-Z0-9])(?:AKIA|ASIA)[A-Z2-7]{16}(?![A-Z0-9])",
    "github-token": rb"gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{60,}",
    "gitlab-token": rb"glpat-[A-Za-z0-9_-]{20,}",
    "slack-token": rb"xox[abprs]-[A-Za-z0-9-]{20,}|hooks\.slack\.com/services/T[A-Z0-9]{8,}/B[A-Z0-9]{8,}/[A-Za-z0-9]{20,}",
    "stripe-key": rb"[sr]k_live_[A-Za-z0-9]{20,}",
    "openai-key": rb"sk-(?:proj-|svcacct-)?[A-Za-z0-9]{20,}T3BlbkFJ[A-Za-z0-9_-]{20,}",
    "anthropic-key": rb"sk-ant-(?:api|admin)\d\d-[A-Za-z0-9_-]{60,}",
    "elevenlabs-key": rb"(?<![A-Za-z0-9_])sk_[0-9a-f]{48}(?![0-9a-f])",
    "google-key": rb"AIza[A-Za-z0-9_-]{35}(?![A-Za-z0-9_-])|GOCSPX-[A-Za-z0-9_-]{28}",
    "npm-token": rb"npm_[A-Za-z0-9]{36}(?![A-Za-z0-9])",
    "pypi-token": rb"pypi-AgEIcHlwaS5vcmc[A-Za-z0-9_-]{50,}",
    "sendgrid-key": rb"SG\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43}",
    "telegram-token": rb"(?<!\d)\d{8,10}:AA[A-Za-z0-9_-]{33}(?![A-Za-z0-9_-])",
    "private-key": rb"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY(?: BLOCK)?-----\s+[A-Za-z0-9+/=\s]{64,}",
    "signed-token": rb"eyJ[A-Za-z0-9_-]{16,}\.eyJ[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{40,}",
    "password-in-url": rb"[a-z][a-z0-9+]{2,14}://[A-Za-z0-9._-]+:[A-Za-z0-9._~!*+=-]{8,}@[A-Za-z0-9.-]+",
}
SEARCH = re.compile(b"|".join(b"(?P<%s>%s)" % (name.replace("-", "_").encode(), rule) for name, rule in RULES.items()))
# Larger ones are pictures and films.
LARGEST = 2_000_000


def git(folder, *words, **more):
    return subprocess.run(["git", "-C", folder, *words], stdout=subprocess.PIPE, check=True, **more).stdout


def found_in(content):
    """(rule, text) of everything in a file that looks like a secret."""
    return [(match.lastgroup.replace("_", "-"), match[0].decode("ascii", "replace")) for match in SEARCH.finditer(content)]


def contents(folder):
    """(object, path, bytes) of every file of every commit, and of the tree as it is now, committed or not."""
    paths = {}
    for line in git(folder, "rev-list", "--objects", "--all", text=True).splitlines():
        name, _, path = line.partition(" ")
        if path:
            paths[name] = path
    kept = []
    sizes = git(folder, "cat-file", "--batch-check=%(objectname) %(objecttype) %(objectsize)", input="\n".join(paths), text=True)
    for line in sizes.splitlines():
        name, kind, size = line.split()
        if kind == "blob" and int(size) <= LARGEST:
            kept.append(name)
    batch = subprocess.Popen(["git", "-C", folder, "cat-file", "--batch"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    for name in kept:
        batch.stdin.write(name.encode() + b"\n")
        batch.stdin.flush()
        size = int(batch.stdout.readline().split()[2])
        yield name, paths[name], batch.stdout.read(size)
        batch.stdout.read(1)
    batch.stdin.close()
    batch.wait()
    for path in git(folder, "ls-files", "-z", "--modified", "--others", "--exclude-standard", text=True).split("\0"):
        full = os.path.join(folder, path)
        if path and os.path.isfile(full) and os.path.getsize(full) <= LARGEST:
            with open(full, "rb") as f:
                yield "working tree", path, f.read()


def skips(folder):
    """[(rule, pattern of what was found, reason)] of deploy/secret-skips."""
    path = os.path.join(folder, "deploy", "secret-skips")
    if not os.path.exists(path):
        return []
    with open(path) as f:
        return [line.split(None, 2) for line in f.read().splitlines() if line.strip() and not line.startswith("#")]


def scan(folder):
    """(files searched, [(object, path, rule, text)] that no skip explains, skips that explain nothing)."""
    known, used, count, faults = skips(folder), set(), 0, []
    for name, path, content in contents(folder):
        count += 1
        for rule, text in found_in(content):
            matching = [s for s in known if s[0] == rule and re.search(s[1], text)]
            used.update(s[1] for s in matching)
            if not matching:
                faults.append((name, path, rule, text))
    return count, faults, [s for s in known if s[1] not in used]


def main(words):
    folder = words[0] if words else ROOT
    count, faults, unused = scan(folder)
    for name, path, rule, text in faults:
        # No more of it than is needed to find it again.
        print(f"secrets: {rule}: {path} ({name[:12]}): {text[:12].splitlines()[0]}… of {len(text)} characters")
    for rule, pattern, _ in unused:
        print(f"secrets: deploy/secret-skips: {rule} {pattern} explains nothing any more")
    shallow = git(folder, "rev-parse", "--is-shallow-repository", text=True).strip() == "true"
    commits = git(folder, "rev-list", "--count", "--all", text=True).strip()
    print(f"secrets: {count} files of {commits} commits{' (a shallow clone)' if shallow else ''}, {len(RULES)} rules, {len(faults)} found")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
