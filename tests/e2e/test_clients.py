"""Clients that others have written push records to Logi, and queries find each of them."""
import pathlib
import socket
import subprocess
import time
import unittest

import clients
import harness

COUNT = 300


class Clients(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        clients.installed()
        cls.otlp = f"127.0.0.1:{harness.free_port()}"
        cls.server = harness.Server(
            f"server: {{otlp_grpc_listen_port: {cls.otlp.split(':')[1]}}}").start()
        cls.addClassCleanup(cls.server.close)

    def expect(self, query, lines):
        self.assertEqual(sorted(self.server.lines(query)), sorted(lines))

    @staticmethod
    def lines(name):
        return [f'{name} {i} "quoted" \\ ünï' for i in range(COUNT)]

    def test_pino(self):
        lines = self.lines("pino")
        clients.run("pino.js", self.server.url, lines=lines)
        # A line of pino's is JSON.
        self.expect('{client="pino", level="error", part="shop"} | json | line_format "{{.msg}}"', lines)

    def test_winston(self):
        for form in ["json", "protobuf"]:
            with self.subTest(form):
                lines = self.lines(form)
                clients.run("winston.js", self.server.url, form, lines=lines)
                self.expect(f'{{client="winston", format="{form}", level="warn"}}', lines)

    def test_opentelemetry(self):
        for protocol in ["http", "proto", "grpc"]:
            url = "http://" + self.otlp if protocol == "grpc" else self.server.url
            for compression in ["none", "gzip"]:
                with self.subTest(protocol, compression=compression):
                    lines = self.lines(compression)
                    clients.run("otel.js", url, protocol, compression, lines=lines)
                    self.expect(f'{{service_name="otel-{protocol}"}} |= "{compression}" | scope_name="tests" '
                                '| severity_text="ERROR" | host_name="h1" | nested_key_a="true" | number>=0', lines)

    def test_syslog_ng(self):
        """Its destination http(), with batches."""
        port = harness.free_port()
        folder = pathlib.Path(self.server.folder, "syslog-ng")
        folder.mkdir()
        config = (clients.FOLDER / "syslog-ng.conf").read_text()
        (folder / "conf").write_text(config.replace("PORT", str(port)).replace("URL", self.server.url))
        with open(folder / "log", "wb") as log:
            process = subprocess.Popen(
                ["syslog-ng", "--foreground", "--no-caps", "--stderr", "--cfgfile", folder / "conf", "--persist-file",
                 folder / "persist", "--control", folder / "control", "--pidfile", folder / "pid"], stderr=log)
        lines = self.lines("syslog-ng")
        try:
            self.send_syslog(port, lines)
            for _ in range(100):
                if len(self.server.lines('{client="syslog-ng"}')) >= COUNT:
                    break
                time.sleep(0.1)
        finally:
            process.terminate()
            process.wait(timeout=30)
        self.expect('{client="syslog-ng", host="h2", program="app"}', lines)

    @staticmethod
    def send_syslog(port, lines):
        for _ in range(200):
            try:
                with socket.create_connection(("127.0.0.1", port)) as s:
                    for line in lines:
                        s.sendall(f"<11>1 2026-01-01T00:00:00Z h2 app 1 - - {line}\n".encode())
                return
            except ConnectionRefusedError:
                time.sleep(0.05)
        raise RuntimeError("syslog-ng does not listen")


if __name__ == "__main__":
    unittest.main()
