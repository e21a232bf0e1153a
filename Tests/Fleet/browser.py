"""A headless Chromium, driven by its own protocol: opens pages, asks them, looks at them."""

import asyncio
import base64
import json
import os
import shutil
import subprocess
import time

import aiohttp

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


class Browser:
    """One page of a browser with a profile of its own. Used from one thread."""

    def __init__(self, folder):
        self.loop = asyncio.new_event_loop()
        self.last = 0
        port_file = os.path.join(folder, "profile", "DevToolsActivePort")
        self.process = subprocess.Popen(
            [CHROMIUM, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
             "--remote-debugging-port=0", f"--user-data-dir={os.path.join(folder, 'profile')}", "about:blank"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        end = time.monotonic() + 60
        while not os.path.exists(port_file) or not open(port_file).read().count("\n"):
            assert time.monotonic() < end and self.process.poll() is None, "the browser does not start"
            time.sleep(0.05)
        port = open(port_file).readline().strip()
        self.session, self.socket = self.loop.run_until_complete(self._connect(port))
        for domain in ("Page", "Runtime"):
            self.call(domain + ".enable")

    async def _connect(self, port):
        session = aiohttp.ClientSession()
        async with session.get(f"http://127.0.0.1:{port}/json") as answer:
            page = next(target for target in await answer.json() if target["type"] == "page")
        return session, await session.ws_connect(page["webSocketDebuggerUrl"], max_msg_size=1 << 28)

    async def _call(self, method, parameters):
        self.last += 1
        await self.socket.send_json({"id": self.last, "method": method, "params": parameters})
        while True:
            message = json.loads((await self.socket.receive(timeout=60)).data)
            if message.get("id") == self.last:
                assert "error" not in message, message
                return message["result"]

    def call(self, method, **parameters):
        return self.loop.run_until_complete(self._call(method, parameters))

    def open(self, url):
        """Goes to a page; it may still be loading."""
        self.call("Page.navigate", url=url)

    def ask(self, script):
        """The value of an expression in the page."""
        result = self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in result, result
        return result["result"].get("value")

    def until(self, script, limit=30):
        """Waits until an expression is true; its value."""
        end = time.monotonic() + limit
        while True:
            # A page that is being left has no answer.
            try:
                value = self.ask(script)
            except AssertionError:
                value = None
            if value:
                return value
            assert time.monotonic() < end, f"{script} did not come true; the page says: {self.text()}"
            time.sleep(0.05)

    def text(self):
        return self.ask("document.body?.innerText ?? ''")

    def look(self, width=1280, height=900, dark=False):
        """Makes the window this large, light or dark."""
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        self.call("Emulation.setEmulatedMedia",
                  features=[{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}])

    def key(self, name):
        """Presses a key, as in `Tab`."""
        for kind in ("keyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, key=name, code=name,
                      windowsVirtualKeyCode={"Tab": 9, "Enter": 13}[name], text="\r" if name == "Enter" else "")

    def picture(self, path):
        with open(path, "wb") as f:
            f.write(base64.b64decode(self.call("Page.captureScreenshot")["data"]))

    def close(self):
        self.loop.run_until_complete(self.session.close())
        self.loop.close()
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
