"""A Kubernetes of several nodes on this machine, and around it what Atelier needs and does not bring: Postgres with TLS and
passwords, Kafka of three brokers with SASL, S3, Redis with TLS, and the sandbox. The programs come with the folder that ATELIER_TEST_TOOLS
names. Needs root."""

import json
import os
import secrets
import shutil
import subprocess
import sys
import time

from client import Client
from fleet import NAMES, ROOT, SERVICES, FleetError, Postgres

FOLDER = os.path.join(ROOT, ".run", "cluster")
IMAGES = os.path.join(ROOT, ".run", "images")
TOOLS = os.environ.get("ATELIER_TEST_TOOLS", "")
CLUSTER = os.path.join(TOOLS, "kubernetes", "cluster")
# The world's side of the cluster's network, the pods, and the name of the way in (the tools' README).
WORLD, PODS, HOST = "10.77.0.1", "10.78.0.0/16", "atelier.test"
NAMESPACE = RELEASE = "atelier"
# The version that is installed, and the one that it is upgraded to.
TAG, NEXT_TAG = "cluster-test", "cluster-test-next"
POSTGRES_PORT, KAFKA_PORT, S3_PORT, REDIS_PORT, SANDBOX_PORT, SMTP_PORT = 5432, 9092, 19000, 6379, 8070, 2525
ROLES = {name: role for name, _, role in SERVICES if role}


def run(*words, check=True, timeout=600, **more):
    done = subprocess.run(words, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=timeout, **more)
    if check and done.returncode:
        raise FleetError(f"{' '.join(words)} ended with {done.returncode}:\n{done.stdout[-3000:]}")
    return done.stdout


def kubectl(*words, **more):
    return run("kubectl", "-n", NAMESPACE, *words, **more)


def node(word, name):
    """Breaks or mends a node, from outside of the world: in there the control groups are hidden, and nothing would be killed."""
    outside = f"/proc/{os.environ['ATELIER_IN_WORLD']}/ns"
    # A node that starts on a busy machine may come later than the tool waits: who calls asks Kubernetes for it.
    return run("nsenter", f"--mount={outside}/mnt", f"--net={outside}/net", CLUSTER, "node", word, name, check=word != "start")


def objects(kind, selector=None):
    words = ["get", kind, "-o", "json"] + (["-l", selector] if selector else [])
    return json.loads(kubectl(*words))["items"]


class WorldPostgres(Postgres):
    """A Postgres that listens in the world: TLS alone, a password for each role."""

    def __init__(self, folder, authority):
        super().__init__(folder)
        self.authority = authority
        self.passwords = {}

    def start(self):
        first = not os.path.exists(os.path.join(self.data, "PG_VERSION"))
        super().start()
        if not first:
            return
        for name in ("server.crt", "server.key"):
            target = os.path.join(self.data, name)
            shutil.copyfile(os.path.join(self.authority, "postgres" + name[-4:]), target)
            shutil.chown(target, "postgres", "postgres")
            os.chmod(target, 0o600)
        with open(os.path.join(self.data, "postgresql.auto.conf"), "a") as conf:
            conf.write(f"listen_addresses = '{WORLD}'\nport = {POSTGRES_PORT}\nssl = on\nmax_connections = 600\n"
                       "password_encryption = 'scram-sha-256'\n")
        with open(os.path.join(self.data, "pg_hba.conf"), "w") as rules:
            rules.write(f"local all postgres trust\nhostssl atelier all {PODS} scram-sha-256\n"
                        f"hostssl atelier all {WORLD}/32 scram-sha-256\n")
        for role in set(ROLES.values()):
            self.passwords[role] = secrets.token_urlsafe(24)
            self.sql(f"ALTER ROLE {role} PASSWORD '{self.passwords[role]}'")
        self.stop()
        super().start()

    def url(self, role):
        return (f"postgresql://{role}:{self.passwords[role]}@{WORLD}:{POSTGRES_PORT}/atelier"
                "?sslmode=verify-full")


class World:
    """The stores, the sandbox and the release; made from nothing, taken away by ``stop``."""

    def __init__(self):
        self.url, self.sandbox_url = f"https://{HOST}", f"http://{WORLD}:{SANDBOX_PORT}"
        self.authority = os.path.join(FOLDER, "authority")
        self.ca = os.path.join(self.authority, "ca.crt")
        self.binaries = os.environ.get("ATELIER_BINARIES") or os.path.join(ROOT, ".build", "release")
        self.postgres = WorldPostgres(os.path.join(FOLDER, "postgres"), self.authority)
        self.sandbox = self.redis = None

    # Certificates

    def make_authority(self):
        os.makedirs(self.authority, exist_ok=True)
        run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-subj", "/CN=cluster test",
            "-keyout", f"{self.authority}/ca.key", "-out", self.ca)
        for name, alternative in (("postgres", f"IP:{WORLD}"), ("redis", f"IP:{WORLD}"), ("gateway", f"DNS:{HOST}")):
            base = os.path.join(self.authority, name)
            run("openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj",
                f"/CN={name}", "-keyout", base + ".key",
                "-out", base + ".csr")
            with open(base + ".ext", "w") as f:
                f.write(f"subjectAltName={alternative}\n")
            run("openssl", "x509", "-req", "-in", base + ".csr", "-CA", self.ca, "-CAkey", f"{self.authority}/ca.key",
                "-CAcreateserial", "-days", "30", "-extfile", base + ".ext", "-out", base + ".crt")

    # The stores

    def start(self):
        shutil.rmtree(FOLDER, ignore_errors=True)
        os.makedirs(FOLDER)
        self.postgres = WorldPostgres(os.path.join(FOLDER, "postgres"), self.authority)
        self.postgres.wipe()
        self.make_authority()
        self.postgres.start()
        self.kafka_password = secrets.token_urlsafe(24)
        self.start_kafka()
        self.start_s3()
        self.redis_password = secrets.token_urlsafe(24)
        self.start_redis()
        log = open(os.path.join(FOLDER, "sandbox.log"), "ab")
        self.sandbox = subprocess.Popen(
            [os.path.join(self.binaries, "sandbox")], stdout=log, stderr=log, stdin=subprocess.DEVNULL,
            env={"PATH": os.environ["PATH"], "HOST": WORLD, "PORT": str(SANDBOX_PORT), "BROKER_PORT": "0",
                 "SMTP_PORT": str(SMTP_PORT), "SANDBOX_FOLDER": os.path.join(FOLDER, "sandbox"),
                 "HISTORY": os.path.join(FOLDER, "history.jsonl")})

    def start_kafka(self):
        self.kafka("start", "--host", WORLD, "--port", str(KAFKA_PORT), "--brokers", "3", "--sasl",
                   f"atelier:{self.kafka_password}")

    def start_s3(self):
        self.s3("start", "--host", WORLD, "--port", str(S3_PORT), "--bucket", "atelier")

    def start_redis(self):
        settings = os.path.join(FOLDER, "redis.conf")
        with open(settings, "w") as f:
            f.write(f"bind {WORLD}\nport 0\ntls-port {REDIS_PORT}\ntls-auth-clients no\nsave \"\"\ndir {FOLDER}\n"
                    f"tls-cert-file {self.authority}/redis.crt\ntls-key-file {self.authority}/redis.key\n"
                    f"tls-ca-cert-file {self.ca}\nrequirepass {self.redis_password}\n")
        log = open(os.path.join(FOLDER, "redis.log"), "ab")
        self.redis = subprocess.Popen(["redis-server", settings], stdout=log, stderr=log, stdin=subprocess.DEVNULL)

    def stop_redis(self):
        self.redis.terminate()
        self.redis.wait(20)

    def s3(self, *words, check=True):
        return run(os.path.join(TOOLS, "s3proxy", "s3proxy"), *words, "--dir", os.path.join(FOLDER, "s3"), check=check)

    def kafka(self, *words, check=True):
        return run(os.path.join(TOOLS, "kafka", "kafka"), *words, "--dir", os.path.join(FOLDER, "kafka"), check=check)

    def stop(self):
        for process in (self.sandbox, self.redis):
            if process:
                process.terminate()
        self.kafka("stop", check=False)
        self.s3("stop", check=False)
        self.postgres.stop()

    def client(self):
        return Client(self.url, timeout=120, authority=self.ca)

    # The release

    def prepare(self):
        """Namespace under the restricted profile, and the Secrets that an operator makes."""
        run("kubectl", "create", "namespace", NAMESPACE)
        run("kubectl", "label", "namespace", NAMESPACE, "pod-security.kubernetes.io/enforce=restricted")

        def secret(name, values):
            kubectl("create", "secret", "generic", name, *(f"--from-literal={k}={v}" for k, v in values.items()))
        secret("atelier-keys", {name: secrets.token_urlsafe(48) for name in (
            "SERVICE_SECRET", "KEY_SEAL_SECRET", "URL_SIGNING_SECRET", "TOKEN_SEAL_SECRET", "WEBHOOK_SEAL_SECRET")})
        secret("atelier-postgres", {name: self.postgres.url(role) for name, role in ROLES.items()})
        secret("atelier-kafka", {"password": self.kafka_password})
        secret("atelier-redis", {"url": f"rediss://:{self.redis_password}@{WORLD}:{REDIS_PORT}"})
        kubectl("create", "secret", "generic", "atelier-redis-ca", f"--from-file=ca.crt={self.ca}")
        secret("atelier-s3", {"access-key": "atelier", "secret-key": "atelier-secret"})
        kubectl("create", "secret", "generic", "atelier-postgres-ca", f"--from-file=ca.crt={self.ca}")
        kubectl("create", "secret", "tls", "atelier-tls", f"--cert={self.authority}/gateway.crt",
                f"--key={self.authority}/gateway.key")

    def values(self, tag):
        """What this world asks of the chart: production's shape, two of everything."""
        def outside(port):
            return {"cidrs": [f"{WORLD}/32"], "ports": [port]}
        return {
            "publicUrl": self.url, "existingSecret": "atelier-keys",
            "postgres": {"existingSecret": "atelier-postgres", "ca": "atelier-postgres-ca"},
            "kafka": {"bootstrapServers": ",".join(f"{WORLD}:{KAFKA_PORT + n}" for n in range(3)),
                      "securityProtocol": "sasl_plaintext", "saslMechanism": "PLAIN", "username": "atelier",
                      "existingSecret": "atelier-kafka", "partitions": 6, "replication": 3},
            "objectStore": {"endpoint": f"http://{WORLD}:{S3_PORT}", "bucket": "atelier", "existingSecret": "atelier-s3"},
            "redis": {"existingSecret": "atelier-redis", "ca": "atelier-redis-ca"},
            "telemetry": {"otlpEndpoint": self.sandbox_url + "/v1/traces"},
            "ingress": {"enabled": True, "className": "traefik", "controller": "traefik", "hosts": [HOST],
                        "tlsSecret": "atelier-tls"},
            "networkPolicy": {"destinations": {
                "postgres": outside(POSTGRES_PORT), "objects": outside(S3_PORT), "redis": outside(REDIS_PORT),
                "otlp": outside(SANDBOX_PORT),
                "kafka": {"cidrs": [f"{WORLD}/32"], "ports": [KAFKA_PORT + n for n in range(3)]},
                "sandbox": outside(SANDBOX_PORT)}},
            # Small requests: two cores carry the whole cluster.
            "defaults": {"replicas": 2, "image": {"tag": tag, "pullPolicy": "IfNotPresent"},
                         "resources": {"requests": {"cpu": "10m"}}},
            "services": {
                "gateway": {"config": {"RATE_LIMIT_SCALE": 1000}, "resources": {"requests": {"cpu": "20m"}}},
                # A part lasts longer than a token does otherwise, and a stream ends with its token.
                "user": {"config": {"ACCESS_TOKEN_LIFETIME_MS": 1800000}, "resources": {"requests": {"cpu": "20m"}}},
                "storage": {"dataFolder": {"size": "5Gi"}},
                "media-worker": {"resources": {"requests": {"cpu": "20m", "memory": "128Mi"}}},
                "ml-worker": {"resources": {"requests": {"cpu": "20m", "memory": "128Mi"}}},
                "publisher": {"config": {"SANDBOX_NETWORK_URL": self.sandbox_url},
                              "egress": ["postgres", "kafka", "objects", "otlp", "https", "sandbox"]},
            },
        }

    def install(self, values, wait=True):
        path = os.path.join(FOLDER, "values.json")
        with open(path, "w") as f:
            json.dump(values, f, indent=1)
        return run("helm", "upgrade", "--install", RELEASE, os.path.join(ROOT, "helm", "atelier"), "-n", NAMESPACE, "-f",
                   path, *(["--wait"] if wait else []), "--timeout", "10m", timeout=700)


def merged(values, change):
    """The values with some of them changed, as Helm merges them."""
    both = dict(values)
    for name, value in change.items():
        both[name] = merged(both.get(name) or {}, value) if isinstance(value, dict) else value
    return both


def say(text):
    print(f"\033[1m▸ {text}\033[0m" if sys.stdout.isatty() else f"▸ {text}", flush=True)


def make_images(binaries, tag, names):
    """Images of what was built, on every node of the cluster."""
    run(os.path.join(ROOT, "scripts", "image"), *names, "--output", IMAGES, "--version", tag, "--executables", binaries,
        timeout=1800)
    load_images(IMAGES, tag, names)


def load_images(folder, tag, names=NAMES):
    run(CLUSTER, "load", *(f"atelier/{name}:{tag}={folder}/{name}" for name in names), timeout=1800)


def wait(what, ready, seconds):
    """Asks until it is so; the seconds it took."""
    began = time.monotonic()
    while not ready():
        if time.monotonic() - began > seconds:
            raise TimeoutError(f"{what}: not after {seconds} s")
        time.sleep(0.5)
    return time.monotonic() - began
