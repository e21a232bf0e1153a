"""Sign-ins a second over HTTP, and beside them, in turns, what argon2id allows on this machine: the same parameters by
the same library, on as many threads as there are cores, with nothing else around. Needs a user service that runs.

    python3 scripts/lib/bench_logins.py --url http://127.0.0.1:8081 [--rounds 5] [--seconds 4] [--connections 8] [--json]
"""
import argparse, ctypes, http.client, json, os, statistics, threading, time, urllib.parse, uuid

PASSWORD = "a quiet morning by the brook"


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


def post(connection, path, value):
    connection.request("POST", "/api/v1" + path, json.dumps(value), {"Content-Type": "application/json"})
    answer = connection.getresponse()
    return answer.status, answer.read()


def logins(host, port, email, seconds, connections):
    """Sign-ins a second; any other answer than 200 is an error of the measurement."""
    end = time.monotonic() + seconds
    def work():
        done, connection = 0, http.client.HTTPConnection(host, port, timeout=30)
        while time.monotonic() < end:
            status, body = post(connection, "/auth/login", {"email": email, "password": PASSWORD})
            if status != 200:
                raise RuntimeError(f"{status} {body[:200]}")
            done += 1
        connection.close()
        return done
    return in_threads(connections, work) / seconds


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--url", default="http://127.0.0.1:8081")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument("--connections", type=int, default=8)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    url = urllib.parse.urlparse(options.url)
    name = "bench" + uuid.uuid4().hex[:12]
    connection = http.client.HTTPConnection(url.hostname, url.port, timeout=30)
    status, body = post(connection, "/auth/register",
                        {"email": f"{name}@example.org", "username": name, "password": PASSWORD})
    if status != 201:
        raise SystemExit(f"register: {status} {body[:200]}")
    argon2, ours, theirs = library(), [], []
    for _ in range(options.rounds):
        theirs.append(limit(argon2, options.seconds))
        ours.append(logins(url.hostname, url.port, f"{name}@example.org", options.seconds, options.connections))
    row = {"work": "logins", "peer": "argon2id limit", "unit": "1/s", "ours": round(statistics.median(ours), 1),
           "theirs": round(statistics.median(theirs), 1),
           "ratio": round(statistics.median(a / b for a, b in zip(ours, theirs)), 3)}
    print(json.dumps(row) if options.json else
          f"logins {row['ours']}/s, argon2id alone {row['theirs']}/s, ratio {row['ratio']}")


if __name__ == "__main__":
    main()
