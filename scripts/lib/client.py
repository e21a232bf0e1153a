"""An ordinary client of the API: what `curl` would do, with the answers read. Standard library only."""

import base64
import http.client
import json
import os
import socket
import ssl
import threading
import time
import urllib.parse
import uuid

# Of everybody whom `register` makes.
PASSWORD = "a quiet morning by the brook"


class ApiError(Exception):
    """An answer that is no success: the status and the problem document."""

    def __init__(self, method, path, status, body):
        self.status, self.body = status, body
        try:
            self.problem = json.loads(body)
        except ValueError:
            self.problem = {}
        super().__init__(f"{method} {path} → {status} {body[:600].decode(errors='replace')}")

    @property
    def code(self):
        return self.problem.get("code")


class Client:
    """One person at one gateway.

    An https gateway is verified, by the authorities of the file `authority` where one is given.
    """

    def __init__(self, url, timeout=60, authority=None):
        parts = urllib.parse.urlsplit(url)
        self.tls = ssl.create_default_context(cafile=authority) if parts.scheme == "https" else None
        self.host, self.port, self.timeout = parts.hostname, parts.port or (443 if self.tls else 80), timeout
        self.url = url
        self.token = None
        self.refresh_token = None
        self.user = None

    def headers(self, more=None):
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        headers.update(more or {})
        return headers

    def connection(self, timeout=None):
        timeout = timeout or self.timeout
        if self.tls:
            return http.client.HTTPSConnection(self.host, self.port, timeout=timeout, context=self.tls)
        return http.client.HTTPConnection(self.host, self.port, timeout=timeout)

    def raw(self, method, path, body=None, headers=None, timeout=None):
        """One request on a connection of its own: status, headers (lower case), body."""
        connection = self.connection(timeout)
        try:
            connection.request(method, path, body=body, headers=self.headers(headers))
            answer = connection.getresponse()
            return answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read()
        finally:
            connection.close()

    def call(self, method, path, value=None, headers=None, timeout=None):
        """A JSON call under /api/v1; raises ApiError for 4xx and 5xx."""
        body = None
        more = dict(headers or {})
        if value is not None:
            body = json.dumps(value).encode()
            more["Content-Type"] = "application/json"
        status, _, data = self.raw(method, "/api/v1" + path, body, more, timeout)
        if status >= 400:
            raise ApiError(method, path, status, data)
        return json.loads(data) if data else None

    def get(self, path, **more):
        return self.call("GET", path, **more)

    def post(self, path, value=None, key=None, **more):
        headers = {"Idempotency-Key": key or str(uuid.uuid4())}
        return self.call("POST", path, {} if value is None else value, headers=headers, **more)

    # Accounts

    def register(self, name=None):
        name = name or "p" + uuid.uuid4().hex[:12]
        answer = self.post("/auth/register", {
            "email": f"{name}@example.org", "username": name, "password": PASSWORD})
        self._take(answer)
        return self

    def login(self, email, password):
        self._take(self.post("/auth/login", {"email": email, "password": password}))
        return self

    def refresh(self):
        self._take(self.post("/auth/refresh", {"refreshToken": self.refresh_token}))

    def _take(self, answer):
        self.token, self.refresh_token = answer["accessToken"], answer["refreshToken"]
        self.user = answer.get("user", self.user)

    # Uploads

    def upload(self, path, project=None, content_type="application/octet-stream", filename=None):
        """One shot."""
        query = {"filename": filename or os.path.basename(path)}
        if project:
            query["projectId"] = project
        with open(path, "rb") as f:
            status, _, data = self.raw(
                "POST", "/api/v1/assets?" + urllib.parse.urlencode(query), f.read(),
                {"Content-Type": content_type, "Idempotency-Key": str(uuid.uuid4())})
        if status != 201:
            raise ApiError("POST", "/assets", status, data)
        return json.loads(data)

    def tus_create(self, size, filename, content_type, project=None):
        def b64(text):
            return base64.b64encode(text.encode()).decode()
        metadata = f"filename {b64(filename)},filetype {b64(content_type)}"
        if project:
            metadata += f",projectId {b64(project)}"
        status, headers, data = self.raw("POST", "/api/v1/uploads", b"", {
            "Tus-Resumable": "1.0.0", "Upload-Length": str(size), "Upload-Metadata": metadata})
        if status != 201:
            raise ApiError("POST", "/uploads", status, data)
        return urllib.parse.urlsplit(headers["location"]).path

    def tus_head(self, location):
        status, headers, data = self.raw("HEAD", location, None, {"Tus-Resumable": "1.0.0"})
        if status not in (200, 204):
            raise ApiError("HEAD", location, status, data)
        return int(headers["upload-offset"]), headers

    def tus_patch(self, location, offset, data):
        status, headers, body = self.raw("PATCH", location, data, {
            "Tus-Resumable": "1.0.0", "Upload-Offset": str(offset),
            "Content-Type": "application/offset+octet-stream"})
        if status != 204:
            raise ApiError("PATCH", location, status, body)
        return int(headers["upload-offset"]), headers

    def tus_patch_cut(self, location, offset, data, cut):
        """Announces all of `data`, sends `cut` bytes of it, and is gone."""
        with socket.create_connection((self.host, self.port), timeout=self.timeout) as plain:
            s = self.tls.wrap_socket(plain, server_hostname=self.host) if self.tls else plain
            lines = [f"PATCH {location} HTTP/1.1", f"Host: {self.host}:{self.port}",
                     f"Authorization: Bearer {self.token}", "Tus-Resumable: 1.0.0", f"Upload-Offset: {offset}",
                     "Content-Type: application/offset+octet-stream", f"Content-Length: {len(data)}", "", ""]
            s.sendall("\r\n".join(lines).encode() + data[:cut])
            time.sleep(0.2)

    # Waiting

    def run(self, run_id):
        return self.get(f"/runs/{run_id}")

    def wait(self, get, done, deadline=300, every=0.2):
        """Asks until `done` says so; raises after `deadline` seconds with the last answer."""
        end = time.monotonic() + deadline
        while True:
            answer = get()
            if done(answer):
                return answer
            if time.monotonic() > end:
                raise TimeoutError(f"not done after {deadline} s: {json.dumps(answer, default=str)[:1500]}")
            time.sleep(every)


class Events(threading.Thread):
    """Follows `GET /events` (SSE) in a thread; resumes with `Last-Event-ID` when the stream breaks."""

    def __init__(self, client, on_event=None):
        super().__init__(daemon=True)
        self.client, self.on_event = client, on_event
        self.events, self.last_id, self.stopped = [], None, False
        self.connected = threading.Event()
        self.reconnects = -1

    def run(self):
        while not self.stopped:
            try:
                self._follow()
            except (OSError, http.client.HTTPException, ValueError):
                pass
            time.sleep(0.2)

    def _follow(self):
        connection = self.client.connection(60)
        headers = {"Accept": "text/event-stream"}
        if self.last_id:
            headers["Last-Event-ID"] = self.last_id
        connection.request("GET", "/api/v1/events", headers=self.client.headers(headers))
        answer = connection.getresponse()
        if answer.status != 200:
            raise ValueError(answer.status)
        self.reconnects += 1
        self.connected.set()
        event, data, identifier = "message", [], None
        for line in answer:
            line = line.decode().rstrip("\r\n")
            if self.stopped:
                break
            if line.startswith("id:"):
                identifier = line[3:].strip()
            elif line.startswith("event:"):
                event = line[6:].strip()
            elif line.startswith("data:"):
                data.append(line[5:].strip())
            elif not line:
                if data:
                    value = json.loads("\n".join(data))
                    self.last_id = identifier or self.last_id
                    self.events.append((event, value))
                    if self.on_event:
                        self.on_event(event, value)
                event, data, identifier = "message", [], None
        connection.close()

    def close(self):
        self.stopped = True
