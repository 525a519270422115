"""A Logi agent of one test."""
import http.server
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import threading
import time
import urllib.error
import urllib.request

import harness


class Agent:
    """`logi agent` with a folder of its own, in which logs/ is for files to read."""

    def __init__(self, scrape_configs, clients, extra="", flags=()):
        """All YAML; {logs} stands for the folder of logs."""
        self.folder = tempfile.mkdtemp(prefix="logi-agent-")
        self.logs = os.path.join(self.folder, "logs")
        os.mkdir(self.logs)
        self.port = harness.free_port()
        self.config = os.path.join(self.folder, "agent.yaml")
        self.positions = os.path.join(self.folder, "positions.yaml")
        self.flags = list(flags)
        self.configure(scrape_configs, clients, extra)
        self.log = open(os.path.join(self.folder, "log"), "ab")
        self.process = None

    def configure(self, scrape_configs, clients, extra=""):
        text = (f"server: {{http_listen_address: 127.0.0.1, http_listen_port: {self.port}}}\n"
                f"positions: {{filename: {self.positions}, sync_period: 1s}}\n"
                f"clients:\n{clients}\nscrape_configs:\n{scrape_configs}\n{extra}")
        pathlib.Path(self.config).write_text(text.replace("{logs}", self.logs))

    def spawn(self):
        self.process = subprocess.Popen([harness.BINARY, "agent", f"-config.file={self.config}", *self.flags],
                                        stderr=self.log)

    def start(self):
        """Returns when the status pages answer."""
        self.spawn()
        for _ in range(1000):
            try:
                self.get("/metrics")
                return self
            except OSError:
                if self.process.poll() is not None:
                    break
            time.sleep(0.01)
        raise RuntimeError("agent did not start:\n" + self.log_text())

    def get(self, path, method="GET"):
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", method=method)
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as e:
            with e:
                return e.code, e.read().decode()

    def metric(self, start):
        """The value of the metric whose line begins so; None if there is none."""
        for line in self.get("/metrics")[1].splitlines():
            if line.startswith(start):
                return float(line.rsplit(" ", 1)[1])
        return None

    def write(self, name, text, mode="a"):
        with open(os.path.join(self.logs, name), mode + ("b" if isinstance(text, bytes) else "")) as f:
            f.write(text)

    def path(self, name):
        return os.path.join(self.logs, name)

    def log_text(self):
        return pathlib.Path(self.folder, "log").read_text()

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=60)

    def close(self):
        if self.process and self.process.poll() is None:
            self.kill()
        self.log.close()
        shutil.rmtree(self.folder)

    def cpu_seconds(self):
        with open(f"/proc/{self.process.pid}/stat") as f:
            fields = f.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / 100

    def memory_mb(self):
        with open(f"/proc/{self.process.pid}/status") as status:
            return next(int(line.split()[1]) / 1024 for line in status if line.startswith("VmRSS"))


def unsnappy(data):
    """What a snappy block holds."""
    at = shift = size = 0
    while True:
        byte = data[at]
        size |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            break
    out = bytearray()
    while at < len(data):
        tag = data[at]
        kind, length, at = tag & 3, tag >> 2, at + 1
        if kind == 0:
            if length >= 60:
                extra = length - 59
                length = int.from_bytes(data[at:at + extra], "little")
                at += extra
            out += data[at:at + length + 1]
            at += length + 1
            continue
        if kind == 1:
            length, offset, at = (length & 7) + 4, (tag >> 5) << 8 | data[at], at + 1
        else:
            width = 2 * kind - 2 if kind == 2 else 4
            length, offset, at = length + 1, int.from_bytes(data[at:at + width], "little"), at + width
        for _ in range(length):
            out.append(out[-offset])
    assert len(out) == size
    return bytes(out)


class Recorder:
    """A server that records push requests and answers as told."""

    def __init__(self, statuses=(), tls=None, delay=0):
        """statuses: of the first requests; then 204. delay: seconds before each answer."""
        self.requests = []
        self.statuses = list(statuses)
        recorder = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status = recorder.statuses.pop(0) if recorder.statuses else 204
                recorder.requests.append((self.path, dict(self.headers), unsnappy(body), status))
                time.sleep(delay)
                text = b"" if status == 204 else b"first line\nsecond line"
                self.send_response(status)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *args):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        if tls:
            self.server.socket = tls.wrap_socket(self.server.socket, server_side=True)
        self.url = f"http{'s' if tls else ''}://127.0.0.1:{self.server.server_address[1]}/loki/api/v1/push"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


def wait_until(condition, seconds=20):
    """Waits until condition() is true and returns its value."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"still {value!r} after {seconds} s")
        time.sleep(0.02)
