"""The agent: CPU seconds, memory and delay while it tails a thousand files that grow by 50 MB a second, and when they
do not grow. The server that it sends to takes everything and keeps nothing."""
import http.server
import os
import pathlib
import socket
import subprocess
import threading
import time

from harness import BUILD, Corpus, Table, fresh, verdict

FILES = 1000
MB_PER_S = 50
SECONDS = 20
IDLE_SECONDS = 20
DELIVERY_SECONDS_MAX = 60
TARGET_CORES = 1
TARGET_IDLE_PERCENT = 1


class Sink:
    """Answers 204 to every push."""

    def __init__(self):
        sink = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                left = int(self.headers["Content-Length"])
                sink.bytes += left
                self.rfile.read(left)
                self.send_response(204)
                self.end_headers()

            def log_message(self, *args):
                pass

        self.bytes = 0
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


class Agent:
    def __init__(self, folder, port, stages):
        self.folder = fresh(folder)
        (self.folder / "logs").mkdir(parents=True)
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            self.port = s.getsockname()[1]
        config = self.folder / "agent.yaml"
        config.write_text(f"""
server: {{http_listen_address: 127.0.0.1, http_listen_port: {self.port}, log_level: warn}}
positions: {{filename: {self.folder}/positions.yaml}}
clients: [{{url: "http://127.0.0.1:{port}/loki/api/v1/push"}}]
scrape_configs:
- job_name: bench
  pipeline_stages: {stages}
  static_configs: [{{labels: {{job: bench, __path__: "{self.folder}/logs/*.log"}}}}]
""")
        self.process = subprocess.Popen([BUILD / "logi", "agent", f"-config.file={config}"])

    def cpu(self):
        total = 0
        for task in os.listdir(f"/proc/{self.process.pid}/task"):
            total += int(pathlib.Path(f"/proc/{self.process.pid}/task/{task}/schedstat").read_text().split()[0])
        return total / 1e9

    def memory_mb(self):
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return next(int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmHWM:"))

    def delivered(self):
        """Bytes, over all files, once positions are saved."""
        text = (self.folder / "positions.yaml").read_text()
        return sum(int(line.rsplit('"', 2)[1]) for line in text.splitlines() if line.endswith('"'))

    def stop(self):
        self.process.terminate()
        return self.process.wait()


def pieces_of(corpus, size):
    """The corpus's lines over and over, in pieces of whole lines."""
    text = pathlib.Path(corpus.lines).read_bytes()
    at = 0
    while True:
        end = text.rfind(b"\n", at, at + size) + 1
        if end <= at:
            at = 0
            continue
        yield text[at:end]
        at = end


def measure(work, corpus, name, stages, table):
    sink = Sink()
    agent = Agent(work / "agent", sink.port, stages)
    files = [os.open(agent.folder / f"logs/{i:04}.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND) for i in range(FILES)]
    pieces = pieces_of(corpus, MB_PER_S * 1_000_000 // FILES // 5)
    time.sleep(1)
    before = agent.cpu()
    begin = time.monotonic()
    written = 0
    for tick in range(SECONDS * 5):
        for file in files:
            written += os.write(file, next(pieces))
        time.sleep(max(0, begin + (tick + 1) / 5 - time.monotonic()))
    writing = time.monotonic() - begin
    # What it has not read yet on a busy machine is work, too; positions are saved every ten seconds.
    deadline = time.monotonic() + DELIVERY_SECONDS_MAX
    while agent.delivered() < written and time.monotonic() < deadline:
        time.sleep(0.5)
    cpu = agent.cpu() - before
    time.sleep(1)
    before = agent.cpu()
    time.sleep(IDLE_SECONDS)
    idle = (agent.cpu() - before) / IDLE_SECONDS * 100
    memory = agent.memory_mb()
    agent.stop()
    lost = written - agent.delivered()
    cores = cpu / writing
    table.add(name, FILES, f"{written / writing / 1e6:.0f}", verdict(cores, TARGET_CORES),
              f"{cpu / written * 1e9:.1f}", f"{memory:.0f}", verdict(idle, TARGET_IDLE_PERCENT), lost)
    for file in files:
        os.close(file)


def run(context):
    table = Table("The agent", "stages", "files", "MB/s", f"cores (target {TARGET_CORES})", "CPU s/GB", "peak MiB",
                  f"% of a core when idle (target {TARGET_IDLE_PERCENT})", "bytes not delivered")
    corpus = Corpus(context.work, "cloud", 64)
    measure(context.work, corpus, "none", "[]", table)
    measure(context.work, corpus, "regex, labels", "[{regex: {expression: '(?P<level>INFO|WARN|ERROR|info|warn|error)'}}, "
                                                   "{labels: {level: }}]", table)
    measure(context.work, corpus, "json, labels", "[{json: {expressions: {level: }}}, {labels: {level: }}]", table)
    yield table
