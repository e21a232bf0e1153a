"""The gateway against HAProxy: one upstream (nginx), one load generator (wrk, 64 connections), all on this machine.

Ours verifies ES256, routes, limits, traces and logs; it remembers a good token for a minute, as in production. The column
without that memory (TOKEN_CACHE=0) checks a signature at each request, as HAProxy does with RS256.
"""

import argparse
import base64
import json
import os
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import uuid


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def openssl(*arguments, data=None):
    return subprocess.run(["openssl", *arguments], input=data, capture_output=True, check=True).stdout


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def raw_signature(der):
    """r and s of an ECDSA signature in DER, 32 bytes each."""
    index, out = 2 + (der[1] & 0x7F if der[1] & 0x80 else 0), b""
    for _ in range(2):
        length = der[index + 1]
        out += der[index + 2:index + 2 + length].lstrip(b"\0").rjust(32, b"\0")
        index += 2 + length
    return out


def token(folder, algorithm):
    """A token that holds for an hour, and the file or document of its key."""
    key = os.path.join(folder, algorithm + ".pem")
    if algorithm == "ES256":
        openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", key)
    else:
        openssl("genrsa", "-out", key, "2048")
    now, name = int(time.time()), lambda: str(uuid.uuid4())
    claims = {"iss": "atelier", "aud": "atelier-api", "sub": name(), "wsp": name(), "role": "admin", "sid": name(),
              "jti": name(), "iat": now, "nbf": now, "exp": now + 3600}
    parts = b64(json.dumps({"alg": algorithm, "kid": "bench", "typ": "at+jwt"}).encode()) + "." + b64(
        json.dumps(claims).encode())
    signature = openssl("dgst", "-sha256", "-sign", key, data=parts.encode())
    if algorithm == "ES256":
        public = openssl("ec", "-in", key, "-pubout", "-outform", "DER")
        document = {"keys": [{"kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": "bench",
                              "x": b64(public[-64:-32]), "y": b64(public[-32:])}]}
        return parts + "." + b64(raw_signature(signature)), document
    path = os.path.join(folder, "rsa-public.pem")
    openssl("rsa", "-in", key, "-pubout", "-out", path)
    return parts + "." + b64(signature), path


class Bench:
    def __init__(self, folder, gateway):
        self.folder, self.gateway = folder, gateway
        self.children = []
        self.log = open(os.path.join(folder, "log"), "wb")

    def start(self, command, environment=None):
        self.children.append(subprocess.Popen(command, stdout=self.log, stderr=self.log, env=environment))

    def stop(self):
        for child in self.children:
            child.terminate()
        for child in self.children:
            try:
                child.wait(10)
            except subprocess.TimeoutExpired:
                child.kill()

    def write(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, "w") as file:
            file.write(text)
        return path

    def upstream(self, keys):
        port = free_port()
        answer = json.dumps({"items": [], "nextCursor": None})
        self.write("jwks.json", json.dumps(keys))
        path = self.write("nginx.conf", f"""
daemon off; worker_processes 2; pid {self.folder}/nginx.pid; error_log {self.folder}/nginx.log; worker_rlimit_nofile 8192;
events {{ worker_connections 4096; }}
http {{
    access_log off; keepalive_requests 1000000000; keepalive_timeout 300s; client_body_temp_path {self.folder}/body;
    proxy_temp_path {self.folder}/proxy; fastcgi_temp_path {self.folder}/f; uwsgi_temp_path {self.folder}/u;
    scgi_temp_path {self.folder}/s; default_type application/json;
    server {{
        listen 127.0.0.1:{port} backlog=4096;
        location = /.well-known/jwks.json {{ alias {self.folder}/jwks.json; }}
        location /internal/ {{ return 200 '{{"entries":[],"cursor":"x"}}'; }}
        location / {{ return 200 '{answer}'; }}
    }}
}}
""")
        self.start(["nginx", "-e", f"{self.folder}/nginx.log", "-c", path])
        self.wait(port)
        return port

    def haproxy(self, name, upstream, rules=""):
        port = free_port()
        path = self.write(name + ".cfg", f"""
global
    maxconn 8192
    nbthread 2
defaults
    mode http
    timeout connect 2s
    timeout client 60s
    timeout server 60s
    option http-keep-alive
    http-reuse always
frontend door
    bind 127.0.0.1:{port}
{rules}
    default_backend services
backend services
    option forwardfor
    server one 127.0.0.1:{upstream}
""")
        self.start(["haproxy", "-db", "-f", path])
        self.wait(port)
        return port

    def ours(self, upstream, **settings):
        port = free_port()
        environment = {"PATH": os.environ["PATH"], "PORT": str(port), "ADMIN_PORT": str(free_port()),
                       "SERVICE_SECRET": "s" * 40, "RATE_LIMIT_SCALE": "100000", "DRAIN_DELAY_MS": "0",
                       "RATE_LIMIT_PERSON": "1000000", "RATE_LIMIT_PROJECTS": "1000000", **settings}
        for service in ("USER", "PROJECT", "STORAGE", "MEDIA_WORKER", "ML_WORKER", "PUBLISHER", "NOTIFIER", "ANALYTICS"):
            environment[service + "_URL"] = environment[service + "_ADMIN_URL"] = f"http://127.0.0.1:{upstream}"
        self.start([self.gateway], environment)
        self.wait(port)
        return port

    @staticmethod
    def wait(port):
        for _ in range(200):
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                return
            except OSError:
                time.sleep(0.05)
        sys.exit(f"nothing listens on {port}")


def load(port, bearer, seconds):
    """Requests a second, and the 99th percentile in milliseconds."""
    text = subprocess.run(
        ["wrk", "-t2", "-c64", f"-d{seconds}s", "--latency", "-H", f"Authorization: Bearer {bearer}",
         f"http://127.0.0.1:{port}/api/v1/projects"], capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in text or "Socket errors" in text:
        sys.exit(f"port {port} did not answer every request with 200:\n{text}")
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", text).group(1))
    value, unit = re.search(r"99%\s+([\d.]+)(us|ms|s)", text).groups()
    return rate, float(value) * {"us": 0.001, "ms": 1, "s": 1000}[unit]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--gateway", required=True)
    parser.add_argument("--rounds", type=int, default=int(os.environ.get("ROUNDS", "5")))
    parser.add_argument("--seconds", type=int, default=4)
    parser.add_argument("--json", help="file for the rows")
    options = parser.parse_args()
    for program in ("nginx", "haproxy", "wrk", "openssl"):
        if not shutil.which(program) and not os.path.exists("/usr/sbin/" + program):
            sys.exit(f"{program} is not installed")
    os.environ["PATH"] += ":/usr/sbin"
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        bench = Bench(folder, os.path.abspath(options.gateway))
        try:
            ec, keys = token(folder, "ES256")
            rsa, public = token(folder, "RS256")
            upstream = bench.upstream(keys)
            rules = f"""    http-request set-var(txn.bearer) http_auth_bearer
    http-request deny unless {{ var(txn.bearer),jwt_header_query('$.alg') -m str RS256 }}
    http-request deny unless {{ var(txn.bearer),jwt_verify("RS256","{public}") -m int 1 }}"""
            targets = {
                "ours": (bench.ours(upstream), ec),
                "ours, each signature": (bench.ours(upstream, TOKEN_CACHE="0"), ec),
                "haproxy plain": (bench.haproxy("plain", upstream), rsa),
                "haproxy RS256": (bench.haproxy("rs256", upstream, rules), rsa),
            }
            time.sleep(1.5)
            for port, bearer in targets.values():
                load(port, bearer, 1)
            results = {name: [] for name in targets}
            names = list(targets)
            for turn in range(options.rounds):
                for name in names if turn % 2 else reversed(names):
                    results[name].append(load(*targets[name], options.seconds))
                    print(f"round {turn + 1} {name}: {results[name][-1][0]:.0f}/s, p99 {results[name][-1][1]:.1f} ms",
                          file=sys.stderr)
        finally:
            bench.stop()
    rates = {name: statistics.median(rate for rate, _ in values) for name, values in results.items()}
    tails = {name: statistics.median(tail for _, tail in values) for name, values in results.items()}
    rows = []
    for work, mine, peer, must, aim, note in (
            ("gateway: verify + route + forward, 64 connections", "ours", "haproxy RS256", 1.0, 1.5,
             "a good token is remembered for a minute; HAProxy checks each"),
            ("gateway: verify + route + forward, 64 connections", "ours", "haproxy plain", 0.5, 0.8, ""),
            ("gateway: the same, each ES256 signature checked", "ours, each signature", "haproxy RS256", "–", "–",
             "with TOKEN_CACHE=0, for comparison only; a signature on P-256 costs more to check than one of RSA")):
        tail = f"p99 {tails[mine]:.1f} ms, theirs {tails[peer]:.1f} ms"
        rows.append({"work": work, "peer": peer.replace("haproxy", "HAProxy 2.6"), "ours": f"{rates[mine]:,.0f}/s",
                     "theirs": f"{rates[peer]:,.0f}/s", "ratio": round(rates[mine] / rates[peer], 3), "must": must,
                     "aim": aim, "note": "; ".join(filter(None, (tail, note)))})
    for row in rows:
        print(json.dumps(row))
    if options.json:
        with open(options.json, "w") as file:
            json.dump(rows, file)


if __name__ == "__main__":
    main()
