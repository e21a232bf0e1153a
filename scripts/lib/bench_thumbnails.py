"""Ours against vipsthumbnail: the same photographs, the same size, format and quality, one picture each.

Ours is what the service does with the pictures of one workspace: two decode children under their limits, an order (JSON)
for each picture, the header checked first, EXIF rotation applied, metadata removed. The peer gets all files in one
process, with libvips's own threads. Both write 480 pixels, JPEG, quality 80, optimised codes, no metadata, sRGB.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
MEDIA = os.path.join(ROOT, "Tests", "Media")
LIMITS = {
    "images": {"maxPixels": 100_000_000, "maxSide": 32_000, "maxPages": 2_000},
    "media": {"maxPixels": 35_389_440, "maxSide": 16_384, "maxDurationMs": 14_400_000, "maxStreams": 32,
              "maxFrames": 2_000_000},
}


def make_photographs(folder, count):
    """Six megapixels each, all different: frames of the film with the grain of a sensor."""
    film = os.path.join(MEDIA, "big-buck-bunny-480p-30s.mp4")
    subprocess.run(
        ["ffmpeg", "-v", "error", "-ss", "3", "-i", film, "-vf",
         f"fps={count}/17,scale=3000:2000:flags=bicubic,noise=alls=6:allf=t", "-frames:v", str(count), "-q:v", "3",
         os.path.join(folder, "p%03d.jpg")], check=True)
    return sorted(os.path.join(folder, name) for name in os.listdir(folder) if name.endswith(".jpg"))


class Lane(threading.Thread):
    """One decode child, asked for one picture after the other."""

    def __init__(self, tool, paths, out):
        super().__init__()
        self.tool, self.paths, self.out, self.failures = tool, paths, out, []

    def run(self):
        environment = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "MALLOC_ARENA_MAX": "2"}
        child = subprocess.Popen(
            [self.tool, "decode-child"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment)
        while True:
            try:
                path = self.paths.pop()
            except IndexError:
                break
            target = os.path.join(self.out, os.path.basename(path))
            order = {
                "task": {"thumbnails": {"input": path, "kind": "image", "wanted": [
                    {"maxSide": 480, "outputs": [{"path": target, "format": "jpeg", "quality": 80}]}]}},
                "limits": LIMITS, "timeLimitMs": 60_000, "threads": 1,
            }
            child.stdin.write(json.dumps(order).encode() + b"\n")
            child.stdin.flush()
            answer = json.loads(child.stdout.readline())
            if "result" not in answer:
                self.failures.append(answer)
        child.stdin.close()
        child.wait()


def ours(tool, paths, out, lanes):
    left = list(reversed(paths))
    threads = [Lane(tool, left, out) for _ in range(lanes)]
    start = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = time.monotonic() - start
    failures = [failure for thread in threads for failure in thread.failures]
    if failures:
        sys.exit(f"ours failed: {failures[0]}")
    return seconds


def theirs(paths, out):
    start = time.monotonic()
    subprocess.run(
        ["vipsthumbnail", "--size", "480x480>", "--export-profile", "srgb", "-o",
         out + "/%s.jpg[Q=80,strip,optimize_coding]"] + paths, check=True)
    return time.monotonic() - start


def check(out, count):
    names = [name for name in os.listdir(out) if os.path.getsize(os.path.join(out, name)) > 1000]
    if len(names) != count:
        sys.exit(f"{out} has {len(names)} thumbnails of {count}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tool", required=True)
    parser.add_argument("--rounds", type=int, default=int(os.environ.get("ROUNDS", "5")))
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--json", help="where the figures go")
    arguments = parser.parse_args()
    lanes = max(1, os.cpu_count() or 1)
    times = {"ours": [], "theirs": []}
    with tempfile.TemporaryDirectory(prefix="atelier-thumbnails-") as folder:
        photographs = os.path.join(folder, "in")
        os.mkdir(photographs)
        paths = make_photographs(photographs, arguments.count)
        for number in range(arguments.rounds):
            # In turns, and each time the other one first: what warms the machine warms it for both.
            for who in ("ours", "theirs") if number % 2 == 0 else ("theirs", "ours"):
                out = os.path.join(folder, who)
                shutil.rmtree(out, ignore_errors=True)
                os.mkdir(out)
                seconds = ours(arguments.tool, paths, out, lanes) if who == "ours" else theirs(paths, out)
                check(out, len(paths))
                times[who].append(seconds)
        count = len(paths)
    own, peer = (statistics.median(times[who]) for who in ("ours", "theirs"))
    ratio = peer / own
    line = {
        "work": f"thumbnails, {count} photographs", "peer": "vipsthumbnail", "ours": f"{count / own:.1f}/s",
        "theirs": f"{count / peer:.1f}/s", "ratio": round(ratio, 3), "must": "0.7", "aim": "1.0",
        "note": "six megapixels each; ours in child processes under limits, two at a time on two cores",
    }
    print(json.dumps(line))
    if arguments.json:
        with open(arguments.json, "w") as f:
            json.dump(line, f)


if __name__ == "__main__":
    main()
