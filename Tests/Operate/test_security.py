"""scripts/check-security: that it finds what is there, and that nothing is there."""

import json
import os
import subprocess

import security_debian
import security_pypi
import security_secrets
from checks import ROOT, check

# Shapes only, put together here so that this file holds none.
PLANTED = {
    "aws-access-key": "AKIA" + "QZ7MXP2LNT4WVRKD",
    "github-token": "ghp_" + "a1B2c3D4" * 5,
    "private-key": "-----BEGIN EC " + "PRIVATE KEY-----\n" + "MHcCAQEEIB" * 12 + "\n",
    "signed-token": "eyJ" + "hbGciOiJFUzI1NiJ9" + ".eyJ" + "zdWIiOiIxMjM0NTY3ODkw" + "." + "s1gN" * 15,
    "password-in-url": "postgresql://atelier:" + "correct-horse-7" + "@db.example.org/atelier",
}


@check("S01", "no secret in any file of any commit")
def test_no_secrets():
    count, faults, _ = security_secrets.scan(ROOT)
    assert not faults, [(path, rule) for _, path, rule, _ in faults]
    return f"{count} files, {len(security_secrets.RULES)} rules"


@check("S01", "a secret is found, also where a later commit took it away, and is not printed")
def test_planted_secrets(tmp_path):
    git = ["git", "-C", str(tmp_path), "-c", "user.name=t", "-c", "user.email=t@example.org"]
    subprocess.run([*git, "init", "-q"], check=True)
    for rule, text in PLANTED.items():
        (tmp_path / rule).write_text(f"value = '{text}'\n")
    for words in (["add", "-A"], ["commit", "-qm", "with"], ["rm", "-q", *PLANTED], ["commit", "-qm", "without", "--allow-empty"]):
        subprocess.run([*git, *words], check=True)
    (tmp_path / "new").write_text(PLANTED["github-token"])
    _, faults, _ = security_secrets.scan(str(tmp_path))
    assert {rule for _, path, rule, _ in faults if path == rule} == set(PLANTED), faults
    assert [path for name, path, _, _ in faults if name == "working tree"] == ["new"]
    done = subprocess.run(["python3", os.path.join(ROOT, "scripts", "lib", "security_secrets.py"), str(tmp_path)],
                          capture_output=True, text=True)
    assert done.returncode == 1 and not [t for t in PLANTED.values() if t.strip() in done.stdout]
    os.makedirs(tmp_path / "deploy")
    (tmp_path / "deploy" / "secret-skips").write_text("github-token ^ghp_a1B2 planted\n")
    assert len(security_secrets.scan(str(tmp_path))[1]) == len(faults) - 2
    return f"{len(faults)} found"


POLICY = """\
libssl3:
  Installed: 3.0.17-1~deb12u2
  Candidate: 3.0.18-1~deb12u1
  Version table:
     3.0.18-1~deb12u1 500
        500 http://deb.debian.org/debian-security bookworm-security/main amd64 Packages
 *** 3.0.17-1~deb12u2 500
        500 http://deb.debian.org/debian bookworm/main amd64 Packages
        100 /var/lib/dpkg/status
tzdata:
  Installed: 2026a-0
  Candidate: 2026a-0
  Version table:
 *** 2026a-0 500
        500 http://deb.debian.org/debian bookworm/main amd64 Packages
"""


@check("S02", "Debian: what a newer version mends is found, what none mends is counted")
def test_debian(tmp_path):
    assert security_debian.secured(POLICY) == {"libssl3": "3.0.18-1~deb12u1"}
    inside = security_debian.packages(
        "Package: libssl3\nStatus: install ok installed\nSource: openssl\nVersion: 3.0.17-1~deb12u2\n\n"
        "Package: libpq5\nSource: postgresql-15 (15.13-0)\nVersion: 15.13-0+b1\n\nPackage: gone\nStatus: deinstall ok config-files\nVersion: 1\n")
    assert inside == {"libssl3": ("3.0.17-1~deb12u2", "openssl", "3.0.17-1~deb12u2"), "libpq5": ("15.13-0+b1", "postgresql-15", "15.13-0")}

    def state(**fields):
        return {"releases": {"bookworm": fields}}
    (tmp_path / "tracker.json").write_text(json.dumps({
        "openssl": {"CVE-1": state(status="resolved", fixed_version="3.0.18-1~deb12u1"), "CVE-2": state(status="open", urgency="low"),
                    "CVE-3": state(status="resolved", fixed_version="3.0.1-1"), "CVE-4": state(status="resolved", fixed_version="0")},
        "postgresql-15": {"CVE-5": {"releases": {"sid": {"status": "open"}}}}, "bash": {"CVE-6": state(status="open", urgency="high")}}))
    known = security_debian.tracked((tmp_path / "tracker.json").as_uri())
    mendable, waiting = security_debian.known_faults(known, inside, "bookworm")
    assert mendable == [("libssl3", "3.0.17-1~deb12u2", "CVE-1", "3.0.18-1~deb12u1")] and waiting == {"low": 1}
    assert isinstance(security_debian.tracked((tmp_path / "absent").as_uri()), str)


@check("S03", "PyPI: an answer of pip-audit is read, and one that does not come is told from it")
def test_pypi(tmp_path):
    program = tmp_path / "pip-audit"
    answer = {"dependencies": [{"name": "a", "version": "1", "vulns": [{"id": "X-1", "fix_versions": ["2"]}]},
                               {"name": "b", "version": "1", "vulns": [{"id": "X-2", "fix_versions": []}]}, {"name": "c", "version": "3", "vulns": []}]}

    def says(answer, code):
        program.write_text("#!/usr/bin/python3\nimport sys\n" + (
            f"open(sys.argv[-1], 'w').write({json.dumps(json.dumps(answer))})\n" if answer else "") +
            f"print('could not connect', file=sys.stderr)\nsys.exit({code})\n")
        program.chmod(0o755)
        return security_pypi.main([str(program), "deploy/packages.pypi"])
    assert says(answer, 1) == 1
    answer["dependencies"][0]["vulns"] = []
    assert says(answer, 1) == 0
    assert says(None, 1) == 0 and security_pypi.audited(str(program), "x") == "could not connect"
