"""What the server says of itself: its format, ids of requests, the log of queries, and nothing secret."""
import http.client
import json
import re
import subprocess
import time
import unittest
import urllib.parse

from harness import BINARY, Server

NS = time.time_ns() // 10**9 * 10**9
PAIR = re.compile(r'([a-zA-Z0-9_.@-]+)=("(?:[^"\\]|\\.)*"|[^ "]*)(?: |$)')


def logfmt(line):
    """The pairs of a line, or an error where it is not made of pairs only."""
    pairs, at = {}, 0
    while at < len(line):
        found = PAIR.match(line, at)
        if not found:
            raise ValueError(f"not logfmt at {at}: {line!r}")
        key, value = found.groups()
        if key in pairs:
            raise ValueError(f"{key} twice: {line!r}")
        pairs[key] = json.loads(value) if value.startswith('"') else value
        at = found.end()
    return pairs


def strict_json(line):
    def unique(pairs):
        if len(dict(pairs)) != len(pairs):
            raise ValueError(f"a key twice: {line!r}")
        return dict(pairs)
    return json.loads(line, object_pairs_hook=unique)


class Logs(unittest.TestCase):
    def serve(self, config=""):
        server = Server(config).start()
        self.addCleanup(server.close)
        return server

    def ask(self, server, method, path, body=None, **headers):
        """(status, headers, body)"""
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
        try:
            connection.request(method, path, body, {k.replace("_", "-"): v for k, v in headers.items()})
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()
        finally:
            connection.close()

    def query_path(self, query, **params):
        return "/loki/api/v1/query_range?" + urllib.parse.urlencode({"query": query, **params})

    def lines(self, server, parse=logfmt):
        return [parse(line) for line in server.log_text().split("\n") if line]

    def wait_for(self, server, wanted, parse=logfmt):
        """The first line with these pairs."""
        stop = time.monotonic() + 20
        while time.monotonic() < stop:
            for line in self.lines(server, parse):
                if all(line.get(k) == v for k, v in wanted.items()):
                    return line
            time.sleep(0.02)
        raise AssertionError(f"no line with {wanted} in:\n{server.log_text()}")

    def test_a_line_for_each_query(self):
        server = self.serve()
        values = [(NS - i * 10**6, f"line {i} {'warn' if i % 2 else 'ok'}") for i in range(10)]
        self.assertEqual(server.push([({"app": "a"}, values)])[0], 204)
        status, headers, _ = self.ask(
            server, "GET", self.query_path('{app="a"} |= "warn"', start=NS - 10**9, end=NS + 10**9, limit=7),
            X_Query_Tags="Source=logvolhist, Feature=x y,bad,query=forged,org_id=forged")
        self.assertEqual(status, 200)
        line = self.wait_for(server, {"msg": "query"})
        known = {"level": "info", "caller": "metrics.go", "component": "querier", "org_id": "fake", "latency": "fast",
                 "query": '{app="a"} |= "warn"', "query_type": "filter", "range_type": "range", "length": "2s",
                 "status": "200", "limit": "7", "returned_lines": "5", "total_entries": "5", "total_lines": "10",
                 "post_filter_lines": "5", "splits": "0", "shards": "0", "step": "1s", "source": "logvolhist",
                 "feature": "x y", "tag_query": "forged", "tag_org_id": "forged", "request_id": headers["X-Request-Id"]}
        self.assertEqual({k: line.get(k) for k in known}, known)
        self.assertNotIn("bad", line)
        self.assertRegex(line["ts"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
        self.assertRegex(line["total_bytes"], r"^\d+B$")
        for key in ("duration", "start_delta", "end_delta", "queue_time", "store_chunks_download_time"):
            self.assertRegex(line[key], r"^-?[0-9.]+(ns|µs|ms|s|m\d.*|h\d.*)$", key)
        for key in ("throughput", "lines_per_second"):
            self.assertRegex(line[key], r"^[0-9.]+[kMG]?B?$", key)
        # The hash is FNV-1 of the text.
        expected = 2166136261
        for byte in known["query"].encode():
            expected = expected * 16777619 % 2**32 ^ byte
        self.assertEqual(line["query_hash"], str(expected))

    def test_other_reads_and_kinds(self):
        server = self.serve("auth_enabled: true\nquerier:\n  multi_tenant_queries_enabled: true\n"
                            "limits_config:\n  max_query_bytes_read: 1KB\n")
        self.assertEqual(server.push([({"app": "a"}, [(NS, "x")])], "one")[0], 204)
        self.assertEqual(server.push([({"app": "a"}, [(NS, "x" * 3000)])], "big")[0], 204)
        server.get("/loki/api/v1/query", "one", query='sum(count_over_time({app="a"}[1h]))', time=NS)
        line = self.wait_for(server, {"msg": "query", "query_type": "metric"})
        self.assertEqual((line["range_type"], line["length"], line["total_entries"]), ("instant", "0s", "1"))
        server.get("/loki/api/v1/labels", "one|two", start=NS - 60 * 10**9, end=NS)
        line = self.wait_for(server, {"msg": "query", "query_type": "labels"})
        self.assertEqual((line["org_id"], line["length"], line["status"]), ("one|two", "1m0s", "200"))
        for path, kind in (("series", "series"), ("index/stats", "stats"), ("index/volume", "volume"),
                           ("patterns", "patterns"), ("detected_labels", "detected_labels"),
                           ("detected_fields", "detected_fields")):
            server.get("/loki/api/v1/" + path, "one", query='{app="a"}')
            self.assertEqual(self.wait_for(server, {"query_type": kind})["query"], '{app="a"}')
        self.assertEqual(server.get("/loki/api/v1/query_range", "big", query='{app="a"} |= "y"', start=NS - 10**9)[0], 400)
        self.assertEqual(self.wait_for(server, {"query_type": "filter"})["status"], "400")

    def test_ids_of_requests(self):
        server = self.serve("server:\n  log_level: debug\n")
        for sent in ("trace-1/a:b+c=d@e_f.g", "x" * 128):
            for path in ("/ready", "/no/such/path", "/loki/api/v1/push", self.query_path("{")):
                self.assertEqual(self.ask(server, "GET", path, X_Request_Id=sent)[1].get_all("X-Request-Id"), [sent])
        made = set()
        for sent in ("", "x" * 129, "a b", "a\tb", "ü".encode().decode("latin1"), 'a"b', "a\\nb"):
            for method, path in (("GET", "/ready"), ("PUT", "/ready"), ("GET", "/x")):
                _, headers, _ = self.ask(server, method, path, X_Request_Id=sent)
                self.assertRegex(headers["X-Request-Id"], "^[0-9a-f]{32}$", sent)
                made.add(headers["X-Request-Id"])
        self.assertEqual(len(made), 21)
        _, headers, _ = self.ask(server, "POST", "/loki/api/v1/push", b"{", Content_Type="application/json")
        line = self.wait_for(server, {"msg": "request", "request_id": headers["X-Request-Id"]})
        self.assertEqual((line["level"], line["method"], line["path"], line["status"]),
                         ("debug", "POST", "/loki/api/v1/push", "400"))

    def test_nothing_can_be_forged(self):
        for config, parse in (("server:\n  log_level: debug\n", logfmt),
                              ("server:\n  log_level: debug\n  log_format: json\n", strict_json)):
            server = self.serve(config)
            query = '{app="a"} |= "x\\n" |= `\nts=1 level=error msg=forged`\r\n # \x1b[2J \u2028 "} {"level":"error'
            status, _, body = self.ask(server, "GET", self.query_path(query))
            self.assertEqual(status, 200, body)
            line = self.wait_for(server, {"msg": "query"}, parse)
            self.assertEqual(line["query"], query)
            self.ask(server, "GET", "/loki/api/v1/label/" + urllib.parse.quote('a"\n\r\x1b level=error') + "/values",
                     X_Query_Tags='a="1" level=error,level=error,b="')
            line = self.wait_for(server, {"query_type": "labels"}, parse)
            self.assertEqual((line["level"], line["tag_level"], line["b"]), ("info", "error", "_"))
            self.wait_for(server, {"msg": "request", "path": '/loki/api/v1/label/a"\n\r\x1b level=error/values'}, parse)
            self.assertEqual([l for l in self.lines(server, parse) if l["level"] == "error"], [])
            self.assertNotIn("\x1b", server.log_text())
            # Of a long query only the beginning.
            self.ask(server, "GET", self.query_path('{app="a"} |= "' + "y" * 30_000 + '"'))
            self.assertIn("of 30015 bytes", [l for l in self.lines(server, parse) if l["msg"] == "query"][-1]["query"])

    def test_no_secrets(self):
        made = subprocess.run([BINARY, "hash-token"], capture_output=True, text=True, check=True).stdout
        token, hashed = re.search(r"^token: *(\S+)$", made, re.M), re.search(r"scrypt:\S+", made)
        self.assertTrue(token and hashed, made)
        server = self.serve("server:\n  log_level: debug\nfrontend:\n  log_queries_longer_than: -1s\nauth:\n  mode: static\n"
                            f"  credentials:\n  - name: reader\n    token: \"{hashed[0].strip(chr(34))}\"\n"
                            "    tenants: [fake]\n    rights: [query]\n")
        query = self.query_path('{app="a"}')
        good = f"Bearer {token[1]}"
        self.assertEqual(self.ask(server, "GET", query, Authorization=good)[0], 200)
        _, headers, _ = self.ask(server, "GET", query, Authorization="Bearer wrong-secret")
        line = self.wait_for(server, {"msg": "refused", "request_id": headers["X-Request-Id"]})
        self.assertEqual(line["path"], "/loki/api/v1/query_range")
        self.assertEqual(self.ask(server, "GET", "/ready?token=in-the-url", Cookie="in-a-cookie")[0], 200)
        _, headers, _ = self.ask(server, "POST", "/flush", Authorization=good)
        self.wait_for(server, {"msg": "refused", "credential": "reader", "request_id": headers["X-Request-Id"]})
        self.wait_for(server, {"msg": "slow query"})
        for secret in (token[1], "wrong-secret", hashed[0], "in-the-url", "in-a-cookie"):
            self.assertNotIn(secret, server.log_text())

    def test_slow_queries_with_their_plans(self):
        server = self.serve("frontend:\n  log_queries_longer_than: 1ns\n")
        self.assertEqual(server.push([({"app": "a"}, [(NS + i, f"line {i} n={i}") for i in range(1000)])])[0], 204)
        self.assertEqual(server.request("POST", "/flush")[0], 204)
        query = '{app="a"} |= "n=7" | logfmt'
        params = {"start": NS - 10**9, "end": NS + 10**9, "limit": 5000}
        explained = json.loads(server.get("/loki/api/v1/query_range", query=query, explain="true", **params)[1])
        _, headers, _ = self.ask(server, "GET", self.query_path(query, **params), X_Query_Tags="source=me")
        line = self.wait_for(server, {"msg": "slow query", "query": query})
        self.assertEqual(json.loads(line["plan"]), explained["data"]["plan"])
        self.assertEqual(
            [line[k] for k in ("level", "org_id", "status", "blocks_found", "blocks_read", "source", "request_id")],
            ["warn", "fake", "200", "1", "1", "me", headers["X-Request-Id"]])
        self.assertGreater(int(line["stored_bytes_read"]), 0)
        self.assertGreater(int(line["line_bytes_read"]), 0)
        server.get("/loki/api/v1/series", match='{app="a"}')
        self.assertEqual(self.wait_for(server, {"msg": "slow query", "query_type": "series"})["plan"], "")
        # Not where it is not wanted, and not those that are fast enough.
        for config in ("", "frontend:\n  log_queries_longer_than: 1h\n"):
            other = self.serve(config)
            other.get("/loki/api/v1/query_range", query='{app="a"}')
            self.wait_for(other, {"msg": "query"})
            self.assertEqual(other.stop(), 0)
            self.assertNotIn("slow query", other.log_text())

    def test_flags_and_keys(self):
        server = self.serve("server:\n  log_format: json\n  log_level: warn\n  otlp_grpc_listen_port: 0\n")
        self.assertEqual(server.stop(), 0)
        self.assertEqual(server.log_text(), "")
        config = server.config
        for flags in (["-log.level=info", "-log.format=logfmt"], ["--log-level", "info", "--log-format", "logfmt"]):
            with open(server.folder + "/flags", "w+") as out, open(out.name) as written:
                process = subprocess.Popen([BINARY, "server", "-config.file", config, "--listen", f"127.0.0.1:{server.port}",
                                            "--data", server.data, *flags], stderr=out)
                server.process = process
                stop = time.monotonic() + 20
                log = ""
                while "msg=ready" not in log:
                    log += written.read()
                    self.assertIsNone(process.poll())
                    self.assertLess(time.monotonic(), stop)
                    time.sleep(0.01)
                self.assertEqual(server.stop(), 0)
        for bad in (["-log.format=xml"], ["-log.level=loud"]):
            self.assertNotEqual(subprocess.run([BINARY, "server", *bad], capture_output=True, timeout=30).returncode, 0)


if __name__ == "__main__":
    unittest.main()
