"""A Prometheus of one's own on the loopback address, with a data directory that goes with it."""

import http.client
import json
import pathlib
import shutil
import socket
import subprocess
import time
import urllib.parse

START_S = 20
STOP_S = 10


def why_not():
    """Why there can be none here, or None."""
    missing = [tool for tool in ("prometheus", "promtool") if not shutil.which(tool)]
    return f"{' and '.join(missing)} not found (Debian: prometheus)" if missing else None


class Prometheus:
    """Scrapes and evaluates what `config` (the dictionary that prometheus.yml is) says, while its context lasts."""

    def __init__(self, folder, config):
        self._folder = pathlib.Path(folder)
        self._config = self._folder / "prometheus.yml"
        self._config.write_text(json.dumps(config))  # JSON is YAML
        self._stderr = self._folder / "prometheus.stderr"

    def __enter__(self):
        with socket.create_server(("127.0.0.1", 0)) as free:
            self._address = f"127.0.0.1:{free.getsockname()[1]}"
        command = ["prometheus", f"--config.file={self._config}", f"--storage.tsdb.path={self._folder / 'data'}",
                   f"--web.listen-address={self._address}", "--log.level=warn"]
        with self._stderr.open("w") as stderr:
            self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=stderr, stderr=stderr)
        deadline = time.monotonic() + START_S
        while not self._is_ready():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.__exit__()
                raise RuntimeError(f"prometheus did not start: {self._stderr.read_text().strip()[-600:]}")
            time.sleep(0.1)
        return self

    def __exit__(self, *_):
        self._process.terminate()
        try:
            self._process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def query(self, expression):
        """[(labels, number)] of an instant query; raises ValueError with Prometheus's words where it cannot be parsed."""
        data = self._get(f"/api/v1/query?{urllib.parse.urlencode({'query': expression})}")
        if data["resultType"] == "scalar":
            return [({}, float(data["result"][1]))]
        return [(it["metric"], float(it["value"][1])) for it in data["result"]]

    def rules(self):
        """All rules that it evaluates."""
        return [rule for group in self._get("/api/v1/rules")["groups"] for rule in group["rules"]]

    def complaints(self):
        """What went wrong with each target at last."""
        return [target["lastError"] for target in self._get("/api/v1/targets")["activeTargets"]]

    def _is_ready(self):
        try:
            return self._request("/-/ready")[0] == 200
        except OSError:
            return False

    def _get(self, path):
        answer = json.loads(self._request(path)[1])
        if answer["status"] != "success":
            raise ValueError(answer["error"])
        return answer["data"]

    def _request(self, path):
        connection = http.client.HTTPConnection(self._address, timeout=10)
        try:
            connection.request("GET", path)
            response = connection.getresponse()
            return response.status, response.read().decode()
        finally:
            connection.close()
