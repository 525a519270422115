"""Starting, configuring, stopping, and a disk that is full for a while."""
import json
import os
import pathlib
import resource
import signal
import socket
import subprocess
import tempfile
import time
import unittest
import urllib.error
import urllib.request

from harness import BINARY, Server


def run(*args, **kwargs):
    return subprocess.run([BINARY, *args], capture_output=True, text=True, timeout=30, **kwargs)


class Process(unittest.TestCase):
    def serve(self, *args, **kwargs):
        server = Server(*args, **kwargs).start()
        self.addCleanup(server.close)
        return server

    def push(self, server, line):
        return server.push([({"app": "a"}, [(time.time_ns(), line)])])

    def test_second_process_on_the_folder_is_refused(self):
        server = self.serve()
        self.push(server, "mine")
        second = run("server", "--listen", "127.0.0.1:0", "--data", server.data)
        self.assertEqual(second.returncode, 1)
        self.assertIn("another process uses this folder", second.stderr)
        self.assertIn(server.data, second.stderr)
        self.assertEqual(server.lines('{app="a"}'), ["mine"])
        server.kill()
        server.start()  # a killed process holds nothing
        self.assertEqual(server.lines('{app="a"}'), ["mine"])

    def test_used_port_and_bad_folder(self):
        server = self.serve()
        folder = tempfile.mkdtemp()
        taken = run("server", "--listen", f"127.0.0.1:{server.port}", "--data", folder)
        self.assertEqual(taken.returncode, 1)
        self.assertIn(f"cannot listen on 127.0.0.1:{server.port}", taken.stderr)
        file = pathlib.Path(folder, "file")
        file.write_text("x")
        bad = run("server", "--listen", "127.0.0.1:0", "--data", str(file))
        self.assertEqual(bad.returncode, 1)
        self.assertIn("cannot open the data folder", bad.stderr)

    def test_signals_flush_everything(self):
        server = self.serve()
        for how in (signal.SIGTERM, signal.SIGINT):
            for i in range(20):
                self.assertEqual(self.push(server, f"{how.name} {i}")[0], 204)
            self.assertEqual(server.stop(how), 0, server.log_text())
            self.assertIn("msg=stopped status=clean", server.log_text())
            self.assertEqual(os.listdir(os.path.join(server.data, "journal")), [])
            server.start()
            self.assertEqual(len(server.lines(f'{{app="a"}} |= "{how.name}"')), 20)

    def test_config_file(self):
        server = self.serve("auth_enabled: true\nlimits_config:\n  max_line_size: 10\nfrontend:\n  encoding: protobuf\n"
                            "server:\n  grpc_listen_port: 1\n  otlp_grpc_listen_port: 0\n")
        self.assertEqual(self.push(server, "x")[0], 401)
        self.assertEqual(server.push([({"app": "a"}, [(time.time_ns(), "12345678901")])], "t")[0], 400)
        warnings = [line for line in server.log_text().splitlines() if "level=warn" in line]
        self.assertEqual(len(warnings), 1, warnings)
        self.assertIn("frontend.encoding, server.grpc_listen_port", warnings[0])
        with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
            file.write("server:\n  http_listen_prt: 1\n")
            file.flush()
            for arguments in ([f"-config.file={file.name}"], ["-config.file", file.name], ["--config", file.name]):
                bad = run("server", *arguments, "--data", "/nowhere")
                self.assertEqual(bad.returncode, 1)
                self.assertIn(f"{file.name}:2: unknown key 'http_listen_prt' in server; did you mean 'http_listen_port'?",
                              bad.stderr)
        missing = run("server", "-config.file=/no/such/file")
        self.assertEqual(missing.returncode, 1)
        self.assertIn("/no/such/file: cannot be read", missing.stderr)

    def test_addresses(self):
        def ask(config, listen, answering, warns):
            server = Server()
            self.addCleanup(server.close)
            pathlib.Path(server.config).write_text(config and f"{config}  http_listen_port: {server.port}\n")
            server.listen = None if listen is None else f"{listen}:{server.port}"
            server.spawn()
            server.url = f"http://{answering}:{server.port}"
            stop = time.monotonic() + 20
            while "msg=ready" not in server.log_text():
                self.assertIsNone(server.process.poll(), server.log_text())
                self.assertLess(time.monotonic(), stop)
                time.sleep(0.01)
            self.assertEqual(server.request("GET", "/ready")[0], 200)
            self.assertEqual("anybody who reaches" in server.log_text(), warns, server.log_text())
            server.kill()

        def configured(address):
            return f"server:\n  http_listen_address: {address}\n"

        ask("", "localhost", "127.0.0.1", False)
        ask(configured("localhost"), None, "127.0.0.1", False)
        ask("", "", "127.0.0.1", True)
        ask(configured("''"), None, "127.0.0.1", True)
        ask(configured("''"), "127.0.0.1", "127.0.0.1", False)
        ask("", "0.0.0.0", "127.0.0.1", True)
        with socket.socket(socket.AF_INET6) as s:
            try:
                s.bind(("::1", 0))
            except OSError:
                self.skipTest("no IPv6 here")
        ask("", "[::1]", "[::1]", False)
        ask(configured("::1"), None, "[::1]", False)
        ask("", "", "[::1]", True)
        for rubbish in ("localhost", "::1:3100", "localhost:70000", "localhost:x"):
            bad = run("server", "--listen", rubbish, "--data", "/nowhere")
            self.assertEqual((bad.returncode, bad.stderr), (1, f"logi: --listen wants HOST:PORT, not {rubbish}\n"))

    def test_check_config(self):
        folder = tempfile.mkdtemp()
        file = pathlib.Path(folder, "loki.yaml")
        good = ["", "# nothing\n", "auth_enabled: false\n", "limits_config:\n  max_line_size: 1KB\n  bloom_max_bloom_size: 1KB\n"]
        for text in good:
            file.write_text(text)
            checked = run("check", "config", str(file))
            self.assertEqual((checked.returncode, checked.stderr), (0, ""), text)
            self.assertIn(f"{file} is valid\n", checked.stdout)
        self.assertEqual(checked.stdout.splitlines()[1:], ["without effect in Logi: limits_config.bloom_max_bloom_size"])
        bad = {"auth_enable: true\n": "1: unknown key 'auth_enable'; did you mean 'auth_enabled'?",
               "server: {}\nlimits_config:\n  max_line_sise: 1\n":
                   "3: unknown key 'max_line_sise' in limits_config; did you mean 'max_line_size'?",
               "auth_enabled: maybe\n": "1: expected true or false",
               "server:\n  http_listen_port: 70000\n": "2: expected a port number",
               "server:\n  log_level: loud\n": "2: expected debug, info, warn or error",
               "limits_config:\n  max_line_size: -5\n": "2: ", "limits_config:\n  max_line_size: 1XB\n": "2: not a valid size",
               "limits_config:\n  query_timeout: 5 parsecs\n": "2: not a valid duration",
               "limits_config:\n  ingestion_rate_mb: .nan\n": "2: ", "limits_config: 5\n": "1: section 'limits_config' must be a map",
               "a: [\n": "", "a: b: c\n": "1: ", "\tx: 1\n": "1: ", "auth_enabled: true\nauth_enabled: true\n":
                   "2: key 'auth_enabled' is given twice", "- 1\n": "", "just text\n": "", "[" * 100_000: "1: ",
               "{" * 100_000: "1: ", "x" * 1000 + ": 1\n": "1: unknown key",
               "x" * 1_000_000 + ": 1\n": "1: "}
        for text, message in bad.items():
            file.write_text(text)
            checked = run("check", "config", str(file))
            self.assertEqual(checked.returncode, 1, text[:60])
            self.assertIn(f"{file}:{message}", checked.stderr, text[:60])
        file.write_bytes(b"\x00\xff\xfe binary \x01" * 1000)
        checked = run("check", "config", str(file))
        self.assertEqual(checked.returncode, 1)
        self.assertTrue(checked.stderr.strip().isprintable(), checked.stderr)
        for path in (folder, "/no/such/file"):
            checked = run("check", "config", path)
            self.assertEqual(checked.returncode, 1)
            self.assertIn("cannot be read", checked.stderr)

    def test_the_flags_of_loki(self):
        file = pathlib.Path(tempfile.mkdtemp(), "loki.yaml")
        file.write_text("server:\n  log_level: ${LEVEL}\nlimits_config:\n  max_query_series: ${SERIES:-7}\n")
        environment = {**os.environ, "LEVEL": "warn"}
        environment.pop("SERIES", None)
        for expand in (["-config.expand-env=true"], ["--config.expand-env"], ["-config.expand-env"]):
            flags = ["server", f"-config.file={file}", "-target=all", *expand, "-verify-config"]
            checked = run(*flags, env=environment)
            self.assertEqual((checked.returncode, checked.stderr, checked.stdout), (0, "", f"{file} is valid\n"), flags)
            self.assertEqual(run(*flags, env={**environment, "SERIES": "many"}).returncode, 1)
        self.assertEqual(run("check", "config", str(file), "--expand-env", env=environment).returncode, 0)
        # Only where it is asked for.
        for no_expand in ([], ["-config.expand-env=false"]):
            checked = run("server", f"-config.file={file}", *no_expand, "-verify-config=true", env=environment)
            self.assertEqual(checked.returncode, 1)
            self.assertIn(f"{file}:2: expected debug, info, warn or error", checked.stderr)
        self.assertEqual(run("server", "-verify-config").returncode, 0)
        file.write_text("server:\n  log_level: ${LEVEL\n")
        self.assertIn(f"{file}:2: ", run("server", f"-config.file={file}", "-config.expand-env", "-verify-config").stderr)
        other = run("server", "-target=querier", "--listen", "127.0.0.1:0", "--data", "/nowhere")
        self.assertEqual(other.returncode, 1)
        self.assertIn("processes with roles share a bucket on S3, and the configuration names none", other.stderr)


class FullDisk(unittest.TestCase):
    def check(self, server, fill, free):
        """fill() makes writes fail, free() lets them succeed again."""
        lines = []

        def push(line):
            request = push_with_headers(server, line)
            if request[0] == 204:
                lines.append(line)
            return request

        self.assertEqual(push("before")[0], 204)
        self.assertEqual(server.request("POST", "/flush")[0], 204)
        self.assertEqual(push("in the head")[0], 204)
        fill()
        for i in range(50):
            status, body, headers = push(f"{i} " + "x" * 100_000)
            if status != 204:
                self.assertEqual(status, 503, body)
                self.assertGreater(int(headers["Retry-After"]), 0)
        refused = 50 - len([line for line in lines if line[0].isdigit()])
        self.assertGreater(refused, 1, "the disk was not full")
        # What was acknowledged is read all the time.
        self.assertEqual(set(server.lines('{app="a"}')), set(lines))
        self.assertEqual(server.request("GET", "/ready")[0], 200)
        free()
        stop = time.monotonic() + 20
        while push("after " + "x" * 100_000)[0] != 204:
            self.assertLess(time.monotonic(), stop, "pushes fail although there is space")
            time.sleep(0.1)
        while server.request("POST", "/flush")[0] != 204:
            self.assertLess(time.monotonic(), stop, "flushes fail although there is space")
            time.sleep(0.1)
        self.assertEqual(sorted(server.lines('{app="a"}')), sorted(lines))
        self.assertEqual(server.stop(), 0, server.log_text())
        self.assertEqual(os.listdir(os.path.join(server.data, "journal")), [])
        server.start()
        self.assertEqual(sorted(server.lines('{app="a"}')), sorted(lines))

    def test_a_small_disk(self):
        folder = tempfile.mkdtemp(prefix="logi-disk-")
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", folder], capture_output=True)
        if mounted.returncode != 0:
            self.skipTest("mounting is not allowed here")
        self.addCleanup(subprocess.run, ["umount", "-l", folder])
        server = Server(data=os.path.join(folder, "data")).start()
        self.addCleanup(server.close)
        self.check(server, lambda: None, lambda: subprocess.run(["mount", "-o", "remount,size=100m", folder], check=True))

    def test_a_limit_of_file_sizes(self):
        server = Server(limits={resource.RLIMIT_FSIZE: resource.RLIM_INFINITY}).start()
        self.addCleanup(server.close)
        limit = lambda size: resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
        self.check(server, lambda: limit(50_000), lambda: limit(resource.RLIM_INFINITY))

    def test_stopping_with_a_full_disk_loses_nothing(self):
        server = Server(limits={resource.RLIMIT_FSIZE: resource.RLIM_INFINITY}).start()
        self.addCleanup(server.close)
        self.assertEqual(push_with_headers(server, "kept")[0], 204)
        resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (10, resource.RLIM_INFINITY))
        self.assertEqual(server.request("POST", "/flush")[0], 503)
        self.assertEqual(server.stop(), 1)
        server.start()
        self.assertEqual(server.lines('{app="a"}'), ["kept"])


def push_with_headers(server, line):
    """(status, body, headers) of a push."""
    body = json.dumps({"streams": [{"stream": {"app": "a"}, "values": [[str(time.time_ns()), line]]}]}).encode()
    request = urllib.request.Request(server.url + "/loki/api/v1/push", body, {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, answer.read(), answer.headers
    except urllib.error.HTTPError as e:
        with e:
            return e.code, e.read(), e.headers


if __name__ == "__main__":
    unittest.main()
