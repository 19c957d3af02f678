"""A headless Chromium, driven by the DevTools protocol over a pair of pipes; what it complains of is kept."""

import base64
import contextlib
import fcntl
import json
import os
import select
import shutil
import subprocess
import tempfile
import time

WAIT_S = 20
KEYS = {"Tab": 9, "Enter": 13, "Home": 36, "End": 35, "ArrowUp": 38, "ArrowDown": 40}
SHIFT = 8


def why_not():
    """Why there is no browser, or None."""
    return None if shutil.which("chromium") else "chromium is not installed (Debian: chromium, 280 MB)"


class Browser:
    """A browser with one page, as a context."""

    def __init__(self):
        self.complaints = []  # of console and network, and uncaught errors
        self.requests = []    # URLs
        self._number = 0
        self._pending = b""
        self._session = None

    def __enter__(self):
        self._profile = tempfile.TemporaryDirectory(prefix="mptap-chromium-", ignore_cleanup_errors=True)
        theirs_in, self._to = os.pipe()
        self._from, theirs_out = os.pipe()
        # Chromium reads from 3 and writes to 4; far numbers first, so that none of the four is in the way.
        far_in, far_out = (fcntl.fcntl(file, fcntl.F_DUPFD, 50) for file in (theirs_in, theirs_out))
        options = ["--headless=new", "--remote-debugging-pipe", f"--user-data-dir={self._profile.name}", "--no-first-run",
                   "--disable-gpu", "--hide-scrollbars", "--disable-extensions", "--disable-background-networking", "--disable-component-update",
                   "--disable-sync", "--no-default-browser-check", "--disable-dev-shm-usage", "--force-color-profile=srgb"]
        if os.geteuid() == 0:
            options.append("--no-sandbox")  # Chromium's own refuses root
        self._process = subprocess.Popen(
            ["bash", "-c", f'exec chromium "$@" 3<&{far_in} 4>&{far_out} {far_in}<&- {far_out}>&-', "chromium", *options],
            pass_fds=(far_in, far_out), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            env=os.environ | {"HOME": self._profile.name})
        for file in (theirs_in, theirs_out, far_in, far_out):
            os.close(file)
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")
        return self

    def __exit__(self, *_):
        with contextlib.suppress(OSError, RuntimeError, TimeoutError):
            self._session = None
            self.call("Browser.close")
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        os.close(self._to)
        os.close(self._from)
        self._profile.cleanup()

    def call(self, method, **parameters):
        """The result of one command."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._to, json.dumps(message).encode() + b"\0")
        while (answer := self._next()).get("id") != self._number:
            pass
        if "error" in answer:
            raise RuntimeError(f"{method}: {answer['error']}")
        return answer["result"]

    def _next(self):
        """The next message, noted where it is an event."""
        deadline = time.monotonic() + WAIT_S
        while b"\0" not in self._pending:
            if not select.select([self._from], [], [], max(0, deadline - time.monotonic()))[0]:
                raise TimeoutError("chromium does not answer")
            if not (part := os.read(self._from, 1 << 20)):
                raise RuntimeError("chromium has ended")
            self._pending += part
        line, self._pending = self._pending.split(b"\0", 1)
        message = json.loads(line)
        self._note(message.get("method"), message.get("params", {}))
        return message

    def _note(self, method, event):
        if method == "Network.requestWillBeSent":
            self.requests.append(event["request"]["url"])
        elif method == "Runtime.exceptionThrown":
            self.complaints.append(event["exceptionDetails"].get("exception", {}).get("description", "an exception"))
        elif method == "Runtime.consoleAPICalled" and event["type"] in ("error", "warning", "assert"):
            self.complaints.append(f"console.{event['type']}: {event['args']}")
        elif method == "Log.entryAdded" and event["entry"]["level"] in ("error", "warning"):
            self.complaints.append(f"{event['entry']['text']} {event['entry'].get('url', '')}")

    def open(self, url):
        """Goes to a page."""
        self.call("Page.navigate", url=url)

    def evaluate(self, expression):
        """The value of JavaScript, awaited."""
        result = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in result:
            raise RuntimeError(f"{expression}: {result['exceptionDetails']}")
        return result["result"].get("value")

    def wait_for(self, expression, seconds=WAIT_S):
        """Whether it becomes true in time."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            with contextlib.suppress(RuntimeError):  # between two documents
                if self.evaluate(expression):
                    return True
            time.sleep(0.05)
        return False

    def press(self, key, shift=False):
        """A key, down and up."""
        event = {"key": key, "code": key, "windowsVirtualKeyCode": KEYS[key], "modifiers": SHIFT if shift else 0}
        text = {"text": "\r"} if key == "Enter" else {}
        self.call("Input.dispatchKeyEvent", type="keyDown" if text else "rawKeyDown", **event, **text)
        self.call("Input.dispatchKeyEvent", type="keyUp", **event)

    def type(self, text):
        """Text into what has the focus."""
        self.call("Input.insertText", text=text)

    def look(self, width=1200, height=1400, dark=False, still=False):
        """The window's size, and what the system prefers."""
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        self.call("Emulation.setEmulatedMedia", features=[
            {"name": "prefers-color-scheme", "value": "dark" if dark else "light"},
            {"name": "prefers-reduced-motion", "value": "reduce" if still else "no-preference"}])

    def shoot(self, path):
        """A picture of the whole page."""
        shot = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=True)
        path.write_bytes(base64.b64decode(shot["data"]))

    def accessible(self):
        """[(role, name)] of what a screen reader finds."""
        nodes = self.call("Accessibility.getFullAXTree")["nodes"]
        return [(node["role"]["value"], node.get("name", {}).get("value", "")) for node in nodes if not node.get("ignored")]
