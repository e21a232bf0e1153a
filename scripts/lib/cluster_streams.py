"""Live events through the ingress for minutes: server-sent events and WebSocket side by side."""

import base64
import json
import os
import struct
import threading
import time

from client import Events
from cluster_load import TROUBLE
from cluster_pods import need, proved
from cluster_world import wait


class Socket(threading.Thread):
    """Follows `GET /realtime` (WebSocket, RFC 6455) on one connection until it ends; nothing is made anew."""

    def __init__(self, client):
        super().__init__(daemon=True)
        self.client, self.seen, self.pings, self.ended = client, [], 0, None
        self.connected, self.over = threading.Event(), False

    def run(self):
        try:
            self.follow()
        except (OSError, ValueError) as error:
            self.ended = repr(error)

    def follow(self):
        connection = self.client.connection(90)
        connection.request("GET", "/api/v1/realtime", headers=self.client.headers({
            "Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": base64.b64encode(os.urandom(16)).decode()}))
        self.socket = connection.sock
        answer = connection.getresponse()
        if answer.status != 101:
            raise ValueError(f"answered {answer.status}")
        self.connected.set()
        # What came with the answer is in its buffer; the rest comes by the same file.
        self.source = answer.fp
        while True:
            kind, data = self.frame()
            if kind == 9:
                self.pings += 1
                self.send(10, data)
            elif kind == 8:
                self.ended = f"closed: {data!r}"
                return
            elif kind == 1:
                self.seen.append(json.loads(data))

    def read(self, count):
        data = self.source.read(count)
        if len(data) < count:
            raise ValueError("the connection ended")
        return data

    def frame(self):
        first, second = self.read(2)
        size = second & 127
        if size > 125:
            size = struct.unpack("!H" if size == 126 else "!Q", self.read(2 if size == 126 else 8))[0]
        return first & 15, self.read(size)

    def send(self, kind, data):
        mask = os.urandom(4)
        self.socket.sendall(bytes([128 | kind, 128 | len(data)]) + mask
                            + bytes(byte ^ mask[i % 4] for i, byte in enumerate(data)))


def streams(world):
    """Live events by SSE and by WebSocket through the ingress, minutes long: no break, every change told once.

    It runs beside the parts that leave the gateway's pods alone; a change may be refused while a store is away.
    """
    seconds = int(os.environ.get("CLUSTER_STREAM_SECONDS", "600"))
    person = world.client().register()
    events, socket = Events(person), Socket(person)
    events.start()
    socket.start()
    need(events.connected.wait(20), "no live events through the ingress")
    need(socket.connected.wait(20), f"no WebSocket through the ingress: {socket.ended}")
    end, made, refused = time.monotonic() + seconds, set(), 0
    while time.monotonic() < end:
        try:
            made.add(person.post("/projects", {"title": "Stream", "type": "video"})["id"])
        except TROUBLE:
            refused += 1
        time.sleep(min(5, seconds / 10))

    def by_events():
        return [value["projectId"] for name, value in list(events.events) if name == "ProjectChanged"]

    def by_socket():
        return [value["data"]["projectId"] for value in list(socket.seen) if value.get("event") == "ProjectChanged"]
    wait("every change was told", lambda: made <= set(by_events()) and made <= set(by_socket()), 60)
    events.close()
    need(events.reconnects == 0, f"the stream broke {events.reconnects} times")
    need(socket.ended is None, f"the WebSocket ended: {socket.ended}")
    # What was refused may have been done all the same, for a client that got no answer.
    for way, told in (("SSE", by_events()), ("WebSocket", by_socket())):
        need(len(told) == len(set(told)) <= len(made) + refused, f"of {len(made)} changes {len(told)} were told by {way}")
    proved("streams", "live events through the ingress", f"{seconds} s without a break; by SSE {len(by_events())} of {len(made)} "
           f"changes told, by WebSocket {len(by_socket())} ({socket.pings} pings answered; {refused} changes were refused)")
