"""kcat, as Debian has it: a Kafka client that shares nothing with the fleet's use of librdkafka but the library."""

import collections
import re
import subprocess
import tempfile
import time

Record = collections.namedtuple("Record", "topic partition offset key headers value")

_HEAD = re.compile(rb"(\d+) (\d+) (-?\d+) (-?\d+) ([^\n]*)\n")


def produce(broker, topic, key, value, headers):
    """Writes one record; `None` as value is none at all, which is another thing than an empty one."""
    words = ["kcat", "-P", "-q", "-b", broker, "-t", topic, "-X", "message.max.bytes=8388608"]
    for name, text in headers.items():
        words += ["-H", f"{name}={text}"]
    if not value:
        words += ["-K", "\x1f"] + (["-Z"] if value is None else [])
        result = _run(words, f"{key}\x1f\n".encode())
    else:
        with tempfile.NamedTemporaryFile() as f:
            f.write(value)
            f.flush()
            result = _run(words + ["-k", key, f.name])
    assert result.returncode == 0, result.stderr[-500:]


def _run(words, content=b""):
    """kcat gives up at the first connection that breaks; then it is asked again."""
    for attempt in range(6):
        result = subprocess.run(words, input=content, capture_output=True, timeout=120)
        if result.returncode == 0 or b"brokers are down" not in result.stderr:
            break
        time.sleep(0.2 * attempt)
    return result


def read(broker, topic):
    """Every record that a topic has now, each partition in order."""
    result = _run(
        ["kcat", "-C", "-q", "-e", "-b", broker, "-t", topic, "-o", "beginning", "-X", "fetch.wait.max.ms=20",
         "-X", "fetch.message.max.bytes=16000000", "-f", "%p %o %K %S %h\n%k%s\n"])
    if result.returncode != 0:
        # A topic that is not there has no records.
        assert b"nknown" in result.stderr or b"leader" in result.stderr.lower(), result.stderr[-500:]
    found, data, at = [], result.stdout, 0
    while at < len(data):
        head = _HEAD.match(data, at)
        assert head, data[at:at + 200]
        partition, offset, keys, size = (int(head[n]) for n in range(1, 5))
        headers = dict(pair.split("=", 1) for pair in head[5].decode().split(",") if "=" in pair)
        at = head.end()
        key, value = data[at:at + max(keys, 0)], data[at + max(keys, 0):at + max(keys, 0) + max(size, 0)]
        at += max(keys, 0) + max(size, 0) + 1
        found.append(Record(topic, partition, offset, key.decode(errors="replace"), headers, value))
    return found
