"""The benchmarks: one table, what, peer, ours, theirs, ratio. Prints both figures of each pair; medians of alternating runs."""

import json
import lzma
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(__file__))
from client import Client  # noqa: E402
from fleet import NAMES, ROOT, Fleet, free_ports  # noqa: E402

FOLDER = os.path.join(ROOT, ".run", "bench")
README = os.path.join(ROOT, "README.md")
REPORT = os.path.join(ROOT, "deploy", "BENCHMARKS.md")
STATE = os.path.join(ROOT, "deploy", "benchmarks.json")
ROUNDS = int(os.environ.get("ROUNDS", "5"))
GIB = 1 << 30


def run(*words, **more):
    return subprocess.run(words, check=True, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **more).stdout


def medians(ours, theirs):
    """Alternates two measurements and gives the median of each."""
    a, b = [], []
    for _ in range(ROUNDS):
        a.append(ours())
        b.append(theirs())
    return statistics.median(a), statistics.median(b), a, b


def row(work, peer, ours, theirs, ratio, must, aim, note=""):
    line = dict(work=work, peer=peer, ours=ours, theirs=theirs, ratio=ratio, must=must, aim=aim, note=note)
    print(json.dumps(line), flush=True)
    return line


class Nginx:
    """nginx as static server and WebDAV sink, in a folder of its own."""

    def __init__(self, folder):
        self.folder, (self.port,) = folder, free_ports(1)
        shutil.rmtree(folder, ignore_errors=True)
        os.makedirs(os.path.join(folder, "www"))
        os.makedirs(os.path.join(folder, "tmp"))
        os.chmod(folder, 0o777), os.chmod(os.path.join(folder, "www"), 0o777), os.chmod(os.path.join(folder, "tmp"), 0o777)
        self.conf = os.path.join(folder, "nginx.conf")
        with open(self.conf, "w") as f:
            f.write(f"""
daemon off; worker_processes 2; pid {folder}/pid; error_log {folder}/error.log;
{'user root;' if os.getuid() == 0 else ''}
events {{ worker_connections 1024; }}
http {{ access_log off; sendfile on; tcp_nopush on; client_max_body_size 0;
  client_body_temp_path {folder}/tmp; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  server {{ listen 127.0.0.1:{self.port}; root {folder}/www; location / {{ dav_methods PUT DELETE; }} }} }}""")
        self.process = subprocess.Popen(["nginx", "-c", self.conf, "-p", folder], stderr=subprocess.DEVNULL)
        time.sleep(0.7)

    def stop(self):
        self.process.terminate()
        self.process.wait()


def peak(pid):
    with open(f"/proc/{pid}/status") as f:
        return int(re.search(r"VmHWM:\s+(\d+)", f.read())[1]) * 1024


def bench_fleet():
    shutil.rmtree(os.path.join(FOLDER, "fleet"), ignore_errors=True)
    return Fleet(os.path.join(FOLDER, "fleet"), environment={
        "RATE_LIMIT_SCALE": "100000", "OTLP_ENDPOINT": None, "LOG_LEVEL": "warning"})


def upload(fleet, rows):
    blob = os.path.join(FOLDER, "blob")
    with open(blob, "wb") as f:
        for _ in range(64):
            f.write(os.urandom(GIB // 64))
    client = Client(fleet.url, timeout=300).register()
    nginx = Nginx(os.path.join(FOLDER, "nginx"))
    tusd = None
    tools = os.environ.get("ATELIER_TEST_TOOLS")
    if tools and os.path.exists(os.path.join(tools, "peers", "tusd.xz")):
        binary = os.path.join(FOLDER, "tusd")
        with lzma.open(os.path.join(tools, "peers", "tusd.xz")) as i, open(binary, "wb") as o:
            shutil.copyfileobj(i, o)
        os.chmod(binary, 0o755)
        (port,) = free_ports(1)
        os.makedirs(os.path.join(FOLDER, "tusd-data"), exist_ok=True)
        tusd = (subprocess.Popen([binary, "-listen", f"127.0.0.1:{port}", "-dir", os.path.join(FOLDER, "tusd-data")],
                                 stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL), port)
        time.sleep(0.7)

    def curl(*words):
        return float(run("curl", "-sS", "-f", "-o", "/dev/null", "-w", "%{time_total}", *words))

    def ours():
        location = client.tus_create(GIB, "blob.bin", "application/octet-stream")
        seconds = curl("-X", "PATCH", "-T", blob, "-H", "Expect:", "-H", f"Authorization: Bearer {client.token}",
                       "-H", "Tus-Resumable: 1.0.0", "-H", "Upload-Offset: 0",
                       "-H", "Content-Type: application/offset+octet-stream", fleet.url + location)
        asset = client.tus_head(location)[1].get("upload-asset-id")
        if asset:
            client.call("DELETE", f"/assets/{asset}")
        return seconds

    # The work is an upload that survives a loss of power. Ours is flushed before the answer; the peers do not flush, so
    # their file is flushed after it, and the time without that is told beside it.
    unflushed = []

    def flushed(seconds, *paths):
        unflushed.append(seconds)
        began = time.monotonic()
        for path in paths:
            with open(path, "rb") as file:
                os.fsync(file.fileno())
        seconds += time.monotonic() - began
        for path in paths:
            os.remove(path)
        return seconds

    def note(ours):
        median = statistics.median(unflushed)
        unflushed.clear()
        return f"theirs without the flush that ours makes {GIB / median / 1e6:.0f} MB/s, a ratio of {median / ours:.2f}"

    def theirs():
        return flushed(curl("-T", blob, "-H", "Expect:", f"http://127.0.0.1:{nginx.port}/blob"),
                       os.path.join(nginx.folder, "www", "blob"))

    def tusd_patch():
        out = run("curl", "-sS", "-D", "-", "-o", "/dev/null", "-X", "POST", "-H", "Tus-Resumable: 1.0.0", "-H",
                  f"Upload-Length: {GIB}", f"http://127.0.0.1:{tusd[1]}/files/")
        location = re.search(r"(?i)location: (\S+)", out)[1]
        seconds = curl("-X", "PATCH", "-T", blob, "-H", "Expect:", "-H", "Tus-Resumable: 1.0.0", "-H", "Upload-Offset: 0",
                       "-H", "Content-Type: application/offset+octet-stream", location)
        folder = os.path.join(FOLDER, "tusd-data")
        return flushed(seconds, *(os.path.join(folder, name) for name in os.listdir(folder)))
    try:
        a, b, all_a, all_b = medians(ours, theirs)
        memory = (f"peak resident {peak(fleet.processes['gateway'].pid) / 1e6:.0f} MB gateway, "
                  f"{peak(fleet.processes['storage'].pid) / 1e6:.0f} MB storage")
        rows.append(row("upload 1 GiB (tus, one PATCH, flushed)", "nginx WebDAV PUT, then fsync", f"{GIB / a / 1e6:.0f} MB/s",
                        f"{GIB / b / 1e6:.0f} MB/s", b / a, 0.6, 0.9, f"{note(a)}; {memory}"))
        if tusd:
            a, b, _, _ = medians(ours, tusd_patch)
            rows.append(row("upload 1 GiB (tus, one PATCH, flushed)", "tusd 2.9.2, then fsync", f"{GIB / a / 1e6:.0f} MB/s",
                            f"{GIB / b / 1e6:.0f} MB/s", b / a, 0.6, 0.9, note(a)))
    finally:
        if tusd:
            tusd[0].terminate()
        nginx.stop()
    return rows


def download(fleet, rows):
    blob = os.path.join(FOLDER, "blob")
    client = Client(fleet.url, timeout=300).register()
    nginx = Nginx(os.path.join(FOLDER, "nginx"))
    if not os.path.exists(blob):
        with open(blob, "wb") as f:
            for _ in range(64):
                f.write(os.urandom(GIB // 64))
    shutil.copyfile(blob, os.path.join(nginx.folder, "www", "blob"))
    location = client.tus_create(GIB, "blob.bin", "application/octet-stream")
    run("curl", "-sS", "-f", "-X", "PATCH", "-T", blob, "-H", "Expect:", "-H", f"Authorization: Bearer {client.token}",
        "-H", "Tus-Resumable: 1.0.0", "-H", "Upload-Offset: 0", "-H", "Content-Type: application/offset+octet-stream",
        fleet.url + location)
    asset = client.tus_head(location)[1]["upload-asset-id"]

    def get(url, *more):
        return float(run("curl", "-sS", "-f", "-o", "/dev/null", "-w", "%{time_total}", *more, url))
    try:
        a, b, _, _ = medians(
            lambda: get(f"{fleet.url}/api/v1/assets/{asset}/content", "-H", f"Authorization: Bearer {client.token}"),
            lambda: get(f"http://127.0.0.1:{nginx.port}/blob"))
        rows.append(row("download 1 GiB", "nginx sendfile", f"{GIB / a / 1e6:.0f} MB/s", f"{GIB / b / 1e6:.0f} MB/s",
                        b / a, 0.6, 0.9))
    finally:
        nginx.stop()
        client.call("DELETE", f"/assets/{asset}")


def events(_, rows):
    """Postgres, the embedded broker, and one process that is the service which changes and the one which is told."""
    fleet = bench_fleet()
    environment = dict(os.environ, DATABASE_URL=fleet.postgres.url("postgres"),
                       KAFKA_BOOTSTRAP_SERVERS=f"127.0.0.1:{fleet.broker_port}")

    def measure(rate):
        return json.loads(run(os.path.join(ROOT, ".build/release/event-bench"), str(rate), "8", env=environment))
    fleet.postgres.start()
    fleet.spawn("sandbox")
    try:
        steady = sorted((measure(500) for _ in range(ROUNDS)), key=lambda r: r["p99Ms"])[ROUNDS // 2]
        full = sorted((measure(0) for _ in range(ROUNDS)), key=lambda r: r["perSecond"])[ROUNDS // 2]
    finally:
        fleet.stop()
    rows.append(row("event: commit → handled effect committed, 500/s", "–",
                    f"p50 {steady['p50Ms']:.1f} ms, p99 {steady['p99Ms']:.1f} ms", "–", None, "p99 < 50 ms", "–"))
    rows.append(row("events a second, sustained", "–", f"{full['perSecond']:.0f}/s", "–", None, "3,000/s", "5,000/s",
                    "each is a commit of its own, a row of the outbox, a record, and a row of the inbox with its effect"))


def workflows(fleet, rows):
    client = Client(fleet.url, timeout=120).register()
    project = client.post("/projects", {"title": "bench", "type": "video"})["id"]
    client.wait(lambda: client.run(client.post("/workflows/relay/runs", {"projectId": project})["id"]),
                lambda r: True)
    script = os.path.join(FOLDER, "start.lua")
    with open(script, "w") as f:
        f.write(f'wrk.method = "POST"\nwrk.body = \'{{"projectId":"{project}","input":{{}}}}\'\n'
                f'wrk.headers["Content-Type"] = "application/json"\nwrk.headers["Authorization"] = "Bearer {client.token}"\n'
                'done = function(s, l, r) io.write(string.format("RESULT %d %d %f %f\\n", s.requests, s.errors.status, s.duration / 1e6, l:percentile(99) / 1e6)) end\n')

    def ended():
        return int(fleet.postgres.sql("SELECT count(*) FROM project.run WHERE status IN ('succeeded','failed')"))

    def settle():
        while int(fleet.postgres.sql("SELECT count(*) FROM project.run WHERE status = 'running'")):
            time.sleep(0.3)
    starts, tails = [], []
    for _ in range(3):
        out = run("wrk", "-t1", "-c64", "-d4s", "-s", script, f"{fleet.url}/api/v1/workflows/relay/runs")
        count, errors, seconds, p99 = re.search(r"RESULT (\d+) (\d+) (\S+) (\S+)", out).groups()
        starts.append((int(count) - int(errors)) / float(seconds))
        tails.append(float(p99))
        settle()
    rows.append(row("workflow starts, 64 callers", "Temporal 1.30.4 with Postgres, on such a machine: 250/s, p99 0.6 s",
                    f"{statistics.median(starts):.0f}/s, p99 {statistics.median(tails):.2f} s", "250/s",
                    statistics.median(starts) / 250, "250/s", "1,000/s", "while the started runs are worked on"))
    rates = []
    for _ in range(3):
        before, begin = ended(), time.monotonic()
        out = run("wrk", "-t1", "-c16", "-d2s", "-s", script, f"{fleet.url}/api/v1/workflows/relay/runs")
        settle()
        rates.append((ended() - before) / (time.monotonic() - begin))
    rows.append(row("workflows of five empty steps, to their end", "Temporal, the same: 22/s",
                    f"{statistics.median(rates):.0f}/s", "22/s", statistics.median(rates) / 22, "45/s", "200/s"))


def logins(fleet, rows):
    found = json.loads(run(sys.executable, os.path.join(os.path.dirname(__file__), "bench_logins.py"), "--json",
                           "--url", fleet.url, "--rounds", str(ROUNDS)))
    rows.append(row("logins", "libargon2 alone: m=19456 t=2 p=1, all cores", f"{found['ours']:.0f}/s",
                    f"{found['theirs']:.0f}/s", found["ratio"], 0.9, 0.98))


def idle(fleet, rows):
    time.sleep(5)
    total = sum(fleet.memory(name)[0] for name in NAMES)
    ready = max(fleet.ready_after.values())
    rows.append(row("the idle fleet, nine services", "–", f"{total / 1e6:.0f} MB resident, ready in {ready:.1f} s", "–", None,
                    "450 MB, 3 s", "300 MB, 1 s"))


def external(name, option, product):
    """A benchmark that is a program of its own, given what scripts/bench has built; it prints its rows as JSON lines."""
    def measure(_, rows):
        program = os.path.join(os.path.dirname(__file__), f"bench_{name}.py")
        out = run(sys.executable, program, option, os.path.join(ROOT, ".build", "release", product), "--rounds",
                  str(ROUNDS))
        for line in out.splitlines():
            if line.startswith("{"):
                found = json.loads(line)
                rows.append(row(found["work"], found["peer"], found["ours"], found["theirs"], found["ratio"],
                                found.get("must"), found.get("aim"), found.get("note", "")))
    return measure


PARTS = {"idle": idle, "events": events, "workflows": workflows, "logins": logins, "upload": upload,
         "download": download, "gateway": external("gateway", "--gateway", "gateway"),
         "thumbnails": external("thumbnails", "--tool", "media-worker"),
         "render": external("render", "--tool", "render-tool")}
ALONE = {"events", "gateway", "thumbnails", "render"}


def report(results):
    lines = ["# Benchmarks", "", "Written by `scripts/bench`; do not edit. Each pair ran in the same run on the same machine, in turns; figures",
             f"are medians. A ratio above 1 means that ours is faster. Machine: {os.cpu_count()} cores, shared with the load.", "",
             "| work | peer | ours | theirs | ratio | must | aim |", "|---|---|---|---|---|---|---|"]
    notes = []
    for part in PARTS:
        for r in results.get(part, []):
            ratio = "–" if r["ratio"] is None else f"{r['ratio']:.2f}"
            mark = ""
            if r["note"]:
                notes.append(r["note"])
                mark = f" ({len(notes)})"
            lines.append(f"| {r['work']}{mark} | {r['peer']} | {r['ours']} | {r['theirs']} | {ratio} | {r['must']} | {r['aim']} |")
    lines += [""] + [f"({i}) {note}.  " for i, note in enumerate(notes, 1)]
    with open(REPORT, "w") as f:
        f.write("\n".join(lines).rstrip() + "\n")
    with open(README) as f:
        text = f.read()
    table = "\n".join(lines[lines.index("") + 4:]).strip()
    with open(README, "w") as f:
        f.write(re.sub(r"(<!-- figures -->\n).*(\n<!-- /figures -->)", lambda m: m[1] + table + m[2], text, flags=re.S))


def main(parts):
    os.makedirs(FOLDER, exist_ok=True)
    results = {}
    if os.path.exists(STATE):
        with open(STATE) as f:
            results = json.load(f)
    fleet = None
    wanted = parts or list(PARTS)
    try:
        for part in wanted:
            if part not in ALONE and fleet is None:
                fleet = bench_fleet()
                fleet.start()
            if part in ALONE and fleet is not None:
                fleet.stop()
                fleet = None
            print(f"▸ {part}", file=sys.stderr, flush=True)
            rows = []
            PARTS[part](fleet, rows)
            results[part] = rows
            with open(STATE, "w") as f:
                json.dump(results, f, indent=1)
            report(results)
    finally:
        if fleet:
            fleet.stop()
    print(open(REPORT).read())


main(sys.argv[1:])
