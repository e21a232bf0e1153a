"""A running fleet for the checks that need one: what it says of itself, and stubs that hear it."""

import gzip
import http.server
import json
import os
import re
import shutil
import threading
import urllib.request

from checks import RUN, build_folder
from fleet import NAMES, Fleet


def start_fleet(name, environment=None, **more):
    """A fleet in a folder of its own, with the executables that there are."""
    os.environ["ATELIER_BINARIES"] = build_folder()
    folder = os.path.join(RUN, name)
    shutil.rmtree(folder, ignore_errors=True)
    values = {"RATE_LIMIT_SCALE": "1000", "DRAIN_DELAY_MS": "50", **(environment or {})}
    if os.environ.get("VOICE_DIR"):
        values["VOICE_DIR"] = os.environ["VOICE_DIR"]
    fleet = Fleet(folder, environment=values, **more)
    fleet.postgres.wipe()
    fleet.start(deadline=180)
    return fleet


def scrape(fleet, name):
    """What a service tells of itself."""
    with urllib.request.urlopen(f"http://127.0.0.1:{fleet.admin[name]}/metrics", timeout=10) as answer:
        return answer.read().decode()


def scrapes(fleet):
    return {name: scrape(fleet, name) for name in NAMES}


def series(text):
    """The lines that are series."""
    return [line for line in text.splitlines() if line and not line.startswith("#")]


def families(text):
    """name → (kind, help, labels) of a scrape."""
    kinds = dict(re.findall(r"^# TYPE (\S+) (\S+)$", text, re.M))
    helps = dict(re.findall(r"^# HELP (\S+) (.*)$", text, re.M))
    labels = {name: set() for name in kinds}
    for line in series(text):
        name = re.match(r"[\w:]+", line)[0]
        base = next((n for n in (name, re.sub(r"_(bucket|sum|count)$", "", name)) if n in kinds), name)
        labels.setdefault(base, set()).update(re.findall(r'[{,](\w+)="', line))
    return {name: (kind, helps.get(name), labels[name] - {"le"}) for name, kind in kinds.items()}


class Stub(http.server.ThreadingHTTPServer):
    """Keeps what is sent to it as JSON: a collector of spans (OTLP/HTTP), a receiver of alerts."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Keeper)
        self.documents, self.lock = [], threading.Lock()
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_address[1]}"

    def kept(self):
        with self.lock:
            return list(self.documents)

    def spans(self):
        """All spans so far, each with its service, its kind and its attributes as plain values."""
        found = []
        for document in self.kept():
            for resource in document["resourceSpans"]:
                names = {a["key"]: a["value"] for a in resource["resource"]["attributes"]}
                for span in (s for scope in resource["scopeSpans"] for s in scope["spans"]):
                    attributes = {a["key"]: a["value"].get("stringValue") for a in span["attributes"]}
                    found.append({**span, "service": names["service.name"]["stringValue"], "attributes": attributes})
        return found


class Keeper(http.server.BaseHTTPRequestHandler):
    """One connection to a stub."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_POST(self):
        if "chunked" in self.headers.get("Transfer-Encoding", ""):
            body = b""
            while size := int(self.rfile.readline().split(b";")[0], 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
        else:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        with self.server.lock:
            self.server.documents.append(json.loads(body))
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")
