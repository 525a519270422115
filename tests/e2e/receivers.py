"""A Prometheus that takes remote writes, and an Alertmanager: Debian's, each on a folder and a port of its own."""
import json
import pathlib
import shutil
import subprocess
import tempfile
import time
import urllib.parse
import urllib.request

from harness import free_port


def wait_until(ask, seconds=60, what="it"):
    """The first answer that is true."""
    end = time.monotonic() + seconds
    while True:
        try:
            answer = ask()
        except OSError:
            answer = None
        if answer:
            return answer
        if time.monotonic() > end:
            raise AssertionError(f"{what} has not come in {seconds} s; the last answer: {answer!r}")
        time.sleep(0.1)


class Receiver:
    def __init__(self, test):
        self.folder = tempfile.mkdtemp(prefix="logi-receiver-")
        test.addCleanup(shutil.rmtree, self.folder)
        self.port, self.process = free_port(), None
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = open(f"{self.folder}/log", "w+")
        test.addCleanup(self.close)

    def start(self):
        self.process = subprocess.Popen(self.command(), stdout=self.log, stderr=self.log)
        wait_until(lambda: self.get("/-/ready", read=lambda body: True), what=self.command()[0])
        return self

    def stop(self):
        if self.process:
            self.process.terminate()
            self.process.wait()
            self.process = None

    def close(self):
        self.stop()
        self.log.close()

    def get(self, path, read=json.loads, **params):
        with urllib.request.urlopen(f"{self.url}{path}?{urllib.parse.urlencode(params)}", timeout=10) as answer:
            return read(answer.read())


class Prometheus(Receiver):
    def command(self):
        config = pathlib.Path(self.folder, "config.yml")
        config.write_text("global: {scrape_interval: 1h}\n")
        return ["prometheus", f"--config.file={config}", f"--storage.tsdb.path={self.folder}/data",
                "--web.enable-remote-write-receiver", f"--web.listen-address=127.0.0.1:{self.port}"]

    def query(self, expression, **params):
        """[(labels, value)]"""
        result = self.get("/api/v1/query", query=expression, **params)["data"]["result"]
        return [(series["metric"], float(series["value"][1])) for series in result]


class Alertmanager(Receiver):
    def command(self):
        config = pathlib.Path(self.folder, "config.yml")
        config.write_text("route: {receiver: none}\nreceivers: [{name: none}]\n")
        return ["prometheus-alertmanager", f"--config.file={config}", f"--storage.path={self.folder}/data",
                "--cluster.listen-address=", f"--web.listen-address=127.0.0.1:{self.port}"]

    def alerts(self, name=None):
        return [alert for alert in self.get("/api/v2/alerts") if name in (None, alert["labels"]["alertname"])]
