"""Sign-ins a second over HTTP, and beside them, in turns, what argon2id allows on this machine: the same parameters by
the same library, on as many threads as there are cores, with nothing else around. Needs a user service that runs.

    python3 scripts/lib/bench_logins.py --url http://127.0.0.1:8081 [--rounds 5] [--seconds 4] [--connections 8] [--json]
"""
import argparse, ctypes, json, os, re, statistics, subprocess, tempfile, threading, time, urllib.request, uuid

from client import PASSWORD


def library():
    argon2 = ctypes.CDLL("libargon2.so.1")
    number, size, text = ctypes.c_uint32, ctypes.c_size_t, ctypes.c_char_p
    argon2.argon2id_hash_raw.argtypes = [number, number, number, text, size, text, size, text, size]
    return argon2


def in_threads(count, work):
    totals = [0] * count
    def run(index):
        totals[index] = work()
    threads = [threading.Thread(target=run, args=(index,)) for index in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(totals)


def limit(argon2, seconds):
    """Hashes a second without a service."""
    end = time.monotonic() + seconds
    def work():
        done, out, salt, password = 0, ctypes.create_string_buffer(32), os.urandom(16), PASSWORD.encode()
        while time.monotonic() < end:
            code = argon2.argon2id_hash_raw(2, 19456, 1, password, len(password), salt, 16, out, 32)
            if code:
                raise RuntimeError(f"argon2: {code}")
            done += 1
        return done
    return in_threads(os.cpu_count(), work) / seconds


def post(url, path, value):
    request = urllib.request.Request(f"{url}/api/v1{path}", json.dumps(value).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


def logins(url, email, seconds, connections):
    """Sign-ins a second; any other answer than 200 is an error of the measurement. The load is wrk's, which is written
    in C: one of Python would take a part of what is measured."""
    script = f"""
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.body = '{json.dumps({"email": email, "password": PASSWORD})}'
done = function(s, l, r)
  local e = s.errors
  io.write(string.format("RESULT %d %d %f\\n", s.requests, e.status + e.connect + e.read + e.write + e.timeout, s.duration / 1e6))
end
"""
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as file:
        file.write(script)
        file.flush()
        out = subprocess.run(["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "-s", file.name, url + "/api/v1/auth/login"],
                             check=True, text=True, stdout=subprocess.PIPE).stdout
    count, errors, took = re.search(r"RESULT (\d+) (\d+) (\S+)", out).groups()
    if int(errors):
        raise RuntimeError(out)
    return int(count) / float(took)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--url", default="http://127.0.0.1:8081")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=4)
    parser.add_argument("--connections", type=int, default=8)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    name = "bench" + uuid.uuid4().hex[:12]
    post(options.url, "/auth/register", {"email": f"{name}@example.org", "username": name, "password": PASSWORD})
    argon2, ours, theirs = library(), [], []
    for _ in range(options.rounds):
        theirs.append(limit(argon2, options.seconds))
        ours.append(logins(options.url, f"{name}@example.org", options.seconds, options.connections))
    row = {"work": "logins", "peer": "argon2id limit", "unit": "1/s", "ours": round(statistics.median(ours), 1),
           "theirs": round(statistics.median(theirs), 1),
           "ratio": round(statistics.median(a / b for a, b in zip(ours, theirs)), 3)}
    print(json.dumps(row) if options.json else
          f"logins {row['ours']}/s, argon2id alone {row['theirs']}/s, ratio {row['ratio']}")


if __name__ == "__main__":
    main()
