"""The whole fleet on one machine: a private Postgres, the sandbox with its broker, and the nine services.

Used by `scripts/demo`, the fleet and chaos tests, and the benchmarks. Everything it starts it stops; everything it
writes is under one folder. Standard library only.
"""

import glob
import hashlib
import json
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
import urllib.error
import urllib.request

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))

# name, default port, database role, schema: `README.md` has the same table for people.
SERVICES = [
    ("user", 8081, "atelier_user"),
    ("storage", 8089, "atelier_storage"),
    ("project", 8086, "atelier_project"),
    ("media-worker", 8084, "atelier_media"),
    ("ml-worker", 8083, "atelier_ml"),
    ("publisher", 8087, "atelier_publisher"),
    ("notifier", 8088, "atelier_notifier"),
    ("analytics", 8082, "atelier_analytics"),
    ("gateway", 8080, None),
]
NAMES = [name for name, _, _ in SERVICES]


class FleetError(Exception):
    """The fleet could not be started, with the reason a person can act on."""


def free_ports(count):
    """Ports that are free now; held together so that they differ."""
    held = []
    for _ in range(count):
        held.append(socket.socket())
        held[-1].bind(("127.0.0.1", 0))
    ports = [s.getsockname()[1] for s in held]
    for s in held:
        s.close()
    return ports


class Postgres:
    """A private cluster on a Unix socket that only its owner reaches."""

    def __init__(self, folder):
        self.bin = sorted(glob.glob("/usr/lib/postgresql/*/bin"))[-1] if glob.glob("/usr/lib/postgresql/*/bin") else ""
        if not self.bin:
            raise FleetError("postgresql is not installed: run scripts/setup")
        self.as_root = os.getuid() == 0
        self.folder = self._reachable(folder)
        self.data = os.path.join(self.folder, "data")
        self.port = 5432

    def _reachable(self, folder):
        """Postgres does not run as root: then its folder must be one that the user postgres can come to."""
        os.makedirs(folder, exist_ok=True)
        if not self.as_root:
            os.chmod(folder, 0o700)
            return folder
        path = folder
        while path != "/":
            if not os.stat(path).st_mode & 0o001 and path != folder:
                name = "atelier-" + hashlib.sha256(folder.encode()).hexdigest()[:12]
                folder = os.path.join("/var/tmp", name)
                os.makedirs(folder, exist_ok=True)
                break
            path = os.path.dirname(path)
        owner = pwd.getpwnam("postgres")
        os.chown(folder, owner.pw_uid, owner.pw_gid)
        os.chmod(folder, 0o700)
        return folder

    def _command(self, *words):
        prefix = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if self.as_root else []
        return prefix + [os.path.join(self.bin, words[0]), *words[1:]]

    def run(self, *words, check=True, **more):
        result = subprocess.run(
            self._command(*words), cwd=self.folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, timeout=120, **more)
        if check and result.returncode != 0:
            raise FleetError(f"{words[0]} failed: {result.stdout[-2000:]}")
        return result.stdout

    def start(self):
        if not os.path.exists(os.path.join(self.data, "PG_VERSION")):
            self.run("initdb", "-D", self.data, "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "-U", "postgres")
            with open(os.path.join(self.data, "postgresql.auto.conf"), "a") as conf:
                conf.write(
                    f"listen_addresses = ''\nunix_socket_directories = '{self.folder}'\nmax_connections = 300\n"
                    "shared_buffers = 128MB\nwal_level = minimal\nmax_wal_senders = 0\n"
                    "log_min_messages = warning\nlog_min_error_statement = panic\n")
        # A log file instead of the pipe: the server outlives this call.
        self.run("pg_ctl", "-D", self.data, "-w", "-t", "60", "-l", os.path.join(self.folder, "log"), "start",
                 preexec_fn=os.setsid)
        if "atelier" not in self.sql("SELECT datname FROM pg_database", database="postgres"):
            self.sql("CREATE DATABASE atelier", database="postgres")
        self.run("psql", "-qX", "-v", "ON_ERROR_STOP=1", "-h", self.folder, "-U", "postgres", "-d", "atelier",
                 "-f", self._shared_file(os.path.join(ROOT, "deploy/postgres/init.sql")))

    def _shared_file(self, path):
        copy = os.path.join(self.folder, os.path.basename(path))
        shutil.copyfile(path, copy)
        os.chmod(copy, 0o644)
        return copy

    def sql(self, text, database="atelier"):
        """Runs a statement as the owner and gives its rows, tab-separated."""
        return self.run("psql", "-qAtX", "-F", "\t", "-v", "ON_ERROR_STOP=1", "-h", self.folder, "-U", "postgres",
                        "-d", database, "-c", text)

    def url(self, role):
        return f"postgresql:///atelier?host={self.folder}&port={self.port}&user={role}"

    def signal(self, number):
        """Sends a signal to every process of the server: SIGSTOP lets it hang, SIGCONT go on."""
        with open(os.path.join(self.data, "postmaster.pid")) as f:
            pid = int(f.readline())
        # The postmaster first: meanwhile it begins no other.
        os.kill(pid, number)
        children = subprocess.run(["pgrep", "-P", str(pid)], stdout=subprocess.PIPE, text=True).stdout.split()
        for child in map(int, children):
            try:
                os.kill(child, number)
            except ProcessLookupError:
                pass

    def crash(self):
        """Kills the postmaster at once, as a power cut of the process would."""
        with open(os.path.join(self.data, "postmaster.pid")) as f:
            pid = int(f.readline())
        os.kill(pid, signal.SIGKILL)
        # Its children end by themselves when they notice; a new start needs them gone.
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            if not subprocess.run(["pgrep", "-g", str(pid)], stdout=subprocess.DEVNULL).returncode == 0:
                break
            time.sleep(0.05)
        try:
            os.remove(os.path.join(self.data, "postmaster.pid"))
        except FileNotFoundError:
            pass

    def check(self, *more):
        """Compares every table with every index of it (`pg_amcheck`, all databases): what does not agree, as text."""
        words = ["pg_amcheck", "-h", self.folder, "-U", "postgres", "--all", "--install-missing", "--heapallindexed"]
        found = subprocess.run(
            self._command(*words, *more), cwd=self.folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, timeout=600)
        return "" if found.returncode == 0 else found.stdout or f"pg_amcheck ended with {found.returncode}"

    def wipe(self):
        """Takes away what an earlier installation in this folder left."""
        shutil.rmtree(self.data, ignore_errors=True)

    def stop(self, mode="fast"):
        self.run("pg_ctl", "-D", self.data, "-w", "-m", mode, "stop", check=False)


class Fleet:
    """Postgres, sandbox and services of one installation."""

    def __init__(self, folder, build="release", gateway_port=None, environment=None, per_service=None, sandbox=True,
                 kafka=None, own_broker=False):
        self.folder = os.path.abspath(folder)
        self.binaries = os.environ.get("ATELIER_BINARIES") or os.path.join(ROOT, ".build", build)
        self.extra = dict(environment or {})
        self.per_service = per_service or {}
        self.with_sandbox = sandbox
        # A broker in a process of its own can be killed without the network, whose history is the oracle.
        self.own_broker = own_broker
        self.kafka = kafka
        os.makedirs(os.path.join(self.folder, "log"), exist_ok=True)
        ports = free_ports(len(SERVICES) * 2 + 5)
        self.ports = {name: ports.pop() for name, _, _ in SERVICES}
        self.admin = {name: ports.pop() for name, _, _ in SERVICES}
        if gateway_port:
            self.ports["gateway"] = gateway_port
        self.broker_port, self.sandbox_port, self.smtp_port, *self.spare_ports = ports
        self.postgres = Postgres(os.path.join(self.folder, "postgres"))
        self.processes = {}
        self.started = {}
        self.ready_after = {}
        self.lock = threading.RLock()
        self.secrets = self._secrets()

    # Secrets live with the data that they protect, readable by the owner alone.
    def _secrets(self):
        path = os.path.join(self.folder, "secrets.json")
        if os.path.exists(path):
            with open(path) as f:
                return json.load(f)
        made = {name: secrets.token_urlsafe(48) for name in
                ("SERVICE_SECRET", "KEY_SEAL_SECRET", "URL_SIGNING_SECRET", "TOKEN_SEAL_SECRET", "WEBHOOK_SEAL_SECRET")}
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as f:
            json.dump(made, f)
        return made

    @property
    def url(self):
        return f"http://127.0.0.1:{self.ports['gateway']}"

    @property
    def sandbox_url(self):
        return f"http://127.0.0.1:{self.sandbox_port}"

    def environment(self, name):
        role = {n: r for n, _, r in SERVICES}.get(name)
        values = {
            "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
            "HOME": os.environ.get("HOME", "/"),
            "HOST": "127.0.0.1",
            "KAFKA_BOOTSTRAP_SERVERS": self.kafka or f"127.0.0.1:{self.broker_port}",
            # The embedded broker answers an empty question only when its time is over.
            **({} if self.kafka else {"KAFKA_FETCH_WAIT_MS": "30"}),
            "OTLP_ENDPOINT": self.sandbox_url + "/v1/traces",
            "OBJECT_STORE": "file",
            "OBJECT_FOLDER": os.path.join(self.folder, "objects"),
            "WORK_FOLDER": os.path.join(self.folder, "work"),
            "VOICE_DIR": os.path.join(ROOT, ".cache", "voice"),
            "SMTP_URL": f"smtp://127.0.0.1:{self.smtp_port}",
            "SANDBOX_NETWORK_URL": self.sandbox_url,
            "PUBLIC_URL": self.url,
            "WEBHOOK_ALLOW_PRIVATE": "true",
            "DRAIN_DELAY_MS": "200",
            **self.secrets,
        }
        for peer, _, _ in SERVICES:
            values[peer.upper().replace("-", "_") + "_URL"] = f"http://127.0.0.1:{self.ports[peer]}"
            values[peer.upper().replace("-", "_") + "_ADMIN_URL"] = f"http://127.0.0.1:{self.admin[peer]}"
        if name in self.ports:
            values["PORT"] = str(self.ports[name])
            values["ADMIN_PORT"] = str(self.admin[name])
        if role:
            values["DATABASE_URL"] = self.postgres.url(role)
        if name == "sandbox":
            broker = "0" if self.own_broker else str(self.broker_port)
            values.update(PORT=str(self.sandbox_port), BROKER_PORT=broker,
                          SMTP_PORT=str(self.smtp_port), HISTORY=os.path.join(self.folder, "history.jsonl"),
                          SANDBOX_FOLDER=os.path.join(self.folder, "sandbox"))
        if name == "broker":
            port, smtp = self.spare_ports
            values.update(PORT=str(port), BROKER_PORT=str(self.broker_port), SMTP_PORT=str(smtp),
                          HISTORY=os.path.join(self.folder, "broker-history.jsonl"),
                          SANDBOX_FOLDER=os.path.join(self.folder, "broker"))
        values.update(self.extra)
        values.update(self.per_service.get(name, {}))
        return {key: value for key, value in values.items() if value is not None}

    @staticmethod
    def program(name):
        """Which program a process runs: a broker of its own is a sandbox of which nothing else is used."""
        return "sandbox" if name == "broker" else name

    def command(self, name):
        """What runs a process; a test may run it in something."""
        executable = os.path.join(self.binaries, self.program(name))
        if not os.access(executable, os.X_OK):
            raise FleetError(f"{executable} is not built")
        return [executable]

    def spawn(self, name):
        """Starts one process; its output goes to a file of its own, appended."""
        command = self.command(name)
        with self.lock:
            log = open(os.path.join(self.folder, "log", name + ".log"), "ab")
            self.processes[name] = subprocess.Popen(
                command, env=self.environment(name), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                cwd=self.folder, start_new_session=True)
            self.started[name] = time.monotonic()
            self.ready_after.pop(name, None)
            log.close()

    def start(self, deadline=60):
        self.postgres.start()
        if self.own_broker:
            self.spawn("broker")
        if self.with_sandbox:
            self.spawn("sandbox")
        for name in NAMES:
            self.spawn(name)
        self.wait_ready(deadline)
        self._note()

    def wait_ready(self, deadline=60, names=None):
        """Waits until every service says that it is ready; says which is not, and its last words."""
        waiting = set(names or NAMES)
        end = time.monotonic() + deadline
        while waiting:
            for name in sorted(waiting):
                if self.is_ready(name):
                    self.ready_after.setdefault(name, time.monotonic() - self.started.get(name, time.monotonic()))
                    waiting.discard(name)
                elif self.processes.get(name) and self.processes[name].poll() is not None:
                    raise FleetError(f"{name} ended with {self.processes[name].returncode}:\n{self.tail(name)}")
            if waiting and time.monotonic() > end:
                name = sorted(waiting)[0]
                raise FleetError(f"not ready after {deadline} s: {', '.join(sorted(waiting))}\n{self.tail(name)}")
            time.sleep(0.02)

    def is_ready(self, name):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.admin[name]}/health/ready", timeout=2) as answer:
                return answer.status == 200
        except (urllib.error.URLError, OSError, ValueError):
            return False

    def tail(self, name, lines=12):
        try:
            with open(os.path.join(self.folder, "log", name + ".log"), errors="replace") as f:
                return "".join(f.readlines()[-lines:])
        except FileNotFoundError:
            return "(no output)"

    def memory(self, name):
        """Resident and proportional memory of a process, in bytes."""
        values = {"Rss": 0, "Pss": 0}
        try:
            with open(f"/proc/{self.processes[name].pid}/smaps_rollup") as f:
                for line in f:
                    key = line.split(":")[0]
                    if key in values:
                        values[key] = int(line.split()[1]) * 1024
        except (FileNotFoundError, ProcessLookupError, KeyError, PermissionError):
            pass
        return values["Rss"], values["Pss"]

    def table(self):
        """The readiness table: name, port, memory, start time."""
        lines = [f"{'service':<14}{'port':>6}{'admin':>7}{'ready in':>11}{'memory':>10}"]
        total = 0
        names = NAMES + (["sandbox"] if self.with_sandbox else [])
        for name in names:
            rss, _ = self.memory(name)
            total += rss if name in NAMES else 0
            ready = f"{self.ready_after[name] * 1000:.0f} ms" if name in self.ready_after else "–"
            port = self.ports.get(name, self.sandbox_port)
            lines.append(f"{name:<14}{port:>6}{self.admin.get(name, '–'):>7}{ready:>11}{rss / 1e6:>7.1f} MB")
        lines.append(f"{'together':<14}{'':>24}{total / 1e6:>7.1f} MB resident")
        return "\n".join(lines)

    def kill(self, name, number=signal.SIGKILL):
        process = self.processes.get(name)
        if process and process.poll() is None:
            process.send_signal(number)
            if number in (signal.SIGKILL, signal.SIGTERM):
                process.wait(60)

    def restart(self, name, number=signal.SIGKILL):
        self.kill(name, number)
        self.spawn(name)

    def _note(self):
        with open(os.path.join(self.folder, "fleet.json"), "w") as f:
            json.dump({"pids": {n: p.pid for n, p in self.processes.items()}, "ports": self.ports,
                       "sandbox": self.sandbox_port, "url": self.url}, f)

    def stop(self):
        """Asks all to end, gateway first, and makes sure that they did."""
        codes = {}
        order = ["gateway", *[n for n in NAMES if n != "gateway"], "sandbox", "broker"]
        for name in order:
            process = self.processes.get(name)
            if process and process.poll() is None:
                process.terminate()
        for name in order:
            process = self.processes.get(name)
            if not process:
                continue
            try:
                codes[name] = process.wait(40)
            except subprocess.TimeoutExpired:
                process.kill()
                codes[name] = process.wait()
        self.postgres.stop()
        return codes

    @staticmethod
    def stop_noted(folder):
        """Stops a fleet that an earlier call left running; true where there was one."""
        path = os.path.join(folder, "fleet.json")
        if not os.path.exists(path):
            return False
        with open(path) as f:
            noted = json.load(f)
        for name, pid in noted["pids"].items():
            try:
                with open(f"/proc/{pid}/cmdline", "rb") as f:
                    if os.path.basename(f.read().split(b"\0")[0].decode()) != Fleet.program(name):
                        continue
                os.kill(pid, signal.SIGTERM)
            except (ProcessLookupError, FileNotFoundError):
                pass
        deadline = time.monotonic() + 40
        for name, pid in noted["pids"].items():
            while os.path.exists(f"/proc/{pid}") and time.monotonic() < deadline:
                with open(f"/proc/{pid}/stat") as f:
                    if f.read().rsplit(")", 1)[1].split()[0] == "Z":
                        break
                time.sleep(0.05)
        Postgres(os.path.join(folder, "postgres")).stop()
        os.remove(path)
        return True
