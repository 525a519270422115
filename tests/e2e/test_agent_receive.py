"""The agent's targets gelf and loki_push_api."""
import gzip
import json
import os
import socket
import subprocess
import threading
import time
import unittest
import urllib.error
import urllib.request
import zlib

import harness
from agent import Agent, Recorder, wait_until
from certificates import Authority


def post(port, path, body, headers=None, timeout=40):
    """(status, text, headers)"""
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", body, headers or {}, method="POST")
    try:
        with urllib.request.urlopen(request, timeout=timeout) as answer:
            return answer.status, answer.read().decode(), answer.headers
    except urllib.error.HTTPError as e:
        with e:
            return e.code, e.read().decode(), e.headers


def push_body(labels, lines, ns=None):
    ns = ns or time.time_ns()
    return json.dumps({"streams": [{"stream": labels, "values": [[str(ns + i), line] for i, line in enumerate(lines)]}]}
                      ).encode()


JSON = {"Content-Type": "application/json"}
PUSH = "/loki/api/v1/push"


class GelfTest(unittest.TestCase):
    """Promtail's documented example."""

    @classmethod
    def setUpClass(cls):
        cls.server = harness.Server().start()
        cls.addClassCleanup(cls.server.close)
        cls.port = harness.free_port()
        cls.agent = Agent(f"""
- job_name: gelf
  gelf:
    listen_address: "127.0.0.1:{cls.port}"
    use_incoming_timestamp: true
    labels:
      job: gelf
  relabel_configs:
      - action: replace
        source_labels:
          - __gelf_message_host
        target_label: host
      - action: replace
        source_labels:
          - __gelf_message_level
        target_label: level
      - action: replace
        source_labels:
          - __gelf_message_facility
        target_label: facility
      - {{source_labels: [__gelf_message_version], target_label: version}}
""", f"- {{url: '{cls.server.url}{PUSH}', batchwait: 100ms}}\n")
        cls.addClassCleanup(cls.agent.close)
        cls.agent.start()

    def send(self, *datagrams):
        with socket.socket(type=socket.SOCK_DGRAM) as s:
            s.connect(("127.0.0.1", self.port))
            for datagram in datagrams:
                s.send(datagram)

    def expect(self, query, lines):
        wait_until(lambda: len(self.server.lines(query)) >= len(lines))
        self.assertEqual(sorted(self.server.lines(query)), sorted(lines))

    @staticmethod
    def message(host, **fields):
        return json.dumps({"version": "1.1", "host": host, "short_message": "m", **fields})

    def test_labels_and_time(self):
        now = int(time.time())
        text = self.message("h1", level=4, facility="shop", timestamp=now + 0.25, _user=7)
        self.send(text.encode())
        query = '{job="gelf", host="h1", level="warning", facility="shop", version="1.1"}'
        self.expect(query, [text])
        self.assertEqual(self.server.query(query)["result"][0]["values"][0][0], f"{now}250000000")
        self.expect(query + " | json | _user = 7", [text])

    def test_compressed_and_in_chunks(self):
        large = self.message("h2", full_message="x" * 60000)
        noise = self.message("h2", full_message="".join(f"{i * 7919 % 10007} " for i in range(20000)))
        packed = zlib.compress(noise.encode())
        pieces = [packed[i:i + 1400] for i in range(0, len(packed), 1400)]
        chunks = [b"\x1e\x0f12345678" + bytes([i, len(pieces)]) + piece for i, piece in enumerate(pieces)]
        self.assertGreater(len(chunks), 10)
        self.send(gzip.compress(large.encode()), *reversed(chunks))
        self.expect('{job="gelf", host="h2", level="alert"}', [large, noise])

    def test_large_labels_are_not_remembered(self):
        for i in range(20):
            self.send(gzip.compress(self.message(f"{i}" + "h" * 8_000_000).encode()))
            time.sleep(0.1)
        # What comes while these are unpacked may be dropped: UDP.
        wait_until(lambda: self.send(self.message("after").encode()) or self.server.lines('{host="after"}'), 60)
        self.assertLess(self.agent.memory_mb(), 400)

    def test_what_is_wrong_is_counted(self):
        errors = "promtail_gelf_target_parsing_errors_total"
        before = self.agent.metric(errors)
        self.send(b"no JSON", b"[1]", b"\x1f\x8bbroken", b"\x1e\x0f12345678\x05\x02x")
        wait_until(lambda: self.agent.metric(errors) == before + 4)
        self.assertIn("a message of GELF is left out", self.agent.log_text())
        self.assertIn(f"udp 127.0.0.1:{self.port}", self.agent.get("/targets")[1])


class PushTest(unittest.TestCase):
    """A relay, as Promtail documents it."""

    @classmethod
    def setUpClass(cls):
        cls.server = harness.Server("auth_enabled: true").start()
        cls.addClassCleanup(cls.server.close)
        cls.authority = Authority(cls)
        cert, key = cls.authority.issue("agent")
        cls.port, cls.keeping, cls.secure = (harness.free_port() for _ in range(3))
        cls.agent = Agent(f"""
- job_name: push1
  loki_push_api:
    server:
      http_listen_address: 127.0.0.1
      http_listen_port: {cls.port}
      grpc_listen_port: 0
    labels:
      pushserver: push1
  pipeline_stages:
  - match: {{selector: '{{app="multi"}}', stages: [{{multiline: {{firstline: '^first', max_wait_time: 500ms}}}}]}}
- job_name: push2
  loki_push_api:
    server: {{http_listen_address: 127.0.0.1, http_listen_port: {cls.keeping}}}
    labels: {{pushserver: push2, fixed: ours}}
    use_incoming_timestamp: true
  relabel_configs:
  - {{source_labels: [__loki_push_api_tenant], target_label: __tenant_id__}}
  - {{source_labels: [app], regex: dropped, action: drop}}
  - {{source_labels: [__internal], target_label: external}}
- job_name: push3
  loki_push_api:
    server:
      http_listen_address: 127.0.0.1
      http_listen_port: {cls.secure}
      http_tls_config: {{cert_file: {cert}, key_file: {key}, client_ca_file: {cls.authority.cert},
                         client_auth_type: RequireAndVerifyClientCert}}
    labels: {{pushserver: push3}}
    use_incoming_timestamp: true
""", f"- {{url: '{cls.server.url}{PUSH}', tenant_id: relay, batchwait: 30s}}\n")
        cls.addClassCleanup(cls.agent.close)
        cls.agent.start()

    def lines(self, query, tenant="relay"):
        return self.server.lines(query, tenant)

    def test_an_answer_means_that_it_is_there(self):
        """However long batchwait is, nobody waits for it."""
        begin = time.time_ns()
        for i in range(5):
            self.assertEqual(post(self.port, PUSH, push_body({"app": f"a{i}"}, ["x", "y"], 1), JSON)[0], 204)
            self.assertEqual(sorted(self.lines(f'{{pushserver="push1", app="a{i}"}}')), ["x", "y"])
        self.assertLess(time.time_ns() - begin, 10 * 10**9)
        # Its own time is not asked for.
        first = self.server.query('{app="a0"}', "relay", direction="forward")["result"][0]["values"][0][0]
        self.assertGreater(int(first), begin)

    def test_protobuf_with_metadata_and_the_pusher_s_time(self):
        ns = time.time_ns()
        body = harness.snappy(harness.protobuf(b'{app="proto", fixed="theirs", __internal="i"}',
                                               [(ns, b"line", [(b"trace", b"t1")])]))
        for path in [PUSH, "/promtail/api/v1/push"]:  # the second time it is the same entry
            self.assertEqual(post(self.keeping, path, body, {"Content-Type": "application/x-protobuf"})[0], 204)
        query = '{pushserver="push2", app="proto", fixed="ours", external="i"} | trace="t1"'
        self.assertEqual(self.lines(query), ["line"])
        self.assertEqual(int(self.server.query(query, "relay")["result"][0]["values"][0][0]), ns)

    def test_a_rule_can_keep_the_tenant(self):
        body = push_body({"app": "tenants"}, ["x"])
        self.assertEqual(post(self.keeping, PUSH, body, {**JSON, "X-Scope-OrgID": "own"})[0], 204)
        self.assertEqual(self.lines('{app="tenants"}', "own"), ["x"])
        self.assertEqual(post(self.port, PUSH, body, {**JSON, "X-Scope-OrgID": "own"})[0], 204)
        self.assertEqual(self.lines('{app="tenants", pushserver="push1"}'), ["x"])
        self.assertEqual(self.lines('{app="tenants"}', "own"), ["x"])

    def test_raw_lines(self):
        self.assertEqual(post(self.port, "/promtail/api/v1/raw", b"one\n\ntwo\r\n{}")[0], 204)
        self.assertEqual(post(self.port, "/promtail/api/v1/raw", gzip.compress(b"three\n"),
                              {"Content-Encoding": "gzip"})[0], 204)
        self.assertEqual(sorted(self.lines('{pushserver="push1", app=""}')), ["one", "three", "two", "{}"])

    def test_what_rules_drop_and_stages_hold(self):
        self.assertEqual(post(self.keeping, PUSH, push_body({"app": "dropped"}, ["x"]), JSON)[0], 204)
        self.assertEqual(self.lines('{app="dropped"}'), [])
        self.assertEqual(post(self.port, PUSH, push_body({"app": "multi"}, ["first", "more"]), JSON)[0], 204)
        self.assertEqual(self.lines('{app="multi"}'), ["first\nmore"])

    def test_what_is_wrong(self):
        self.assertEqual(post(self.port, PUSH, b"{", JSON)[0], 400)
        self.assertEqual(post(self.port, "/loki/api/v1/query", b"")[0], 404)
        self.assertEqual(post(self.port, "/promtail/api/v1/raw", b"x", {"Content-Encoding": "br"})[0], 415)
        self.assertEqual(post(self.port, "/promtail/api/v1/raw", gzip.compress(b"x\n" * 4_000_000),
                              {"Content-Encoding": "gzip"})[0], 413)
        body = harness.snappy(harness.protobuf(b"{", [(1, b"x")]) +
                              harness.protobuf(b'{app="good"}', [(time.time_ns(), b"x")]))
        status, text, _ = post(self.port, PUSH, body, {"Content-Type": "application/x-protobuf"})
        self.assertEqual(status, 400)
        self.assertIn("parse error", text)
        self.assertEqual(self.lines('{app="good"}'), ["x"])
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/ready", timeout=10) as answer:
            self.assertEqual(answer.status, 200)
        with self.assertRaises(urllib.error.HTTPError) as e:
            urllib.request.urlopen(f"http://127.0.0.1:{self.port}{PUSH}", timeout=10)
        self.assertEqual(e.exception.code, 405)
        e.exception.close()

    def test_many_pushers(self):
        answers = []

        def run(k):
            for i in range(20):
                answers.append(post(self.port, PUSH, push_body({"app": "many"}, [f"{k} {i}"]), JSON)[0])
        threads = [threading.Thread(target=run, args=(k,)) for k in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(answers, [204] * 160)
        # Who has an answer is let go of at once.
        files = f"/proc/{self.agent.process.pid}/fd"
        wait_until(lambda: len(os.listdir(files)) < 100, seconds=5)
        self.assertEqual(sorted(self.lines('{app="many"}')), sorted(f"{k} {i}" for k in range(8) for i in range(20)))

    def test_an_agent_pushes_to_an_agent_over_tls(self):
        cert, key = self.authority.issue("pusher")
        pusher = Agent("- job_name: t\n  static_configs: [{labels: {job: t, __path__: '{logs}/*.log'}}]\n",
                       f"- url: https://127.0.0.1:{self.secure}{PUSH}\n  batchwait: 100ms\n"
                       f"  tls_config: {{ca_file: {self.authority.cert}, cert_file: {cert}, key_file: {key}}}\n")
        self.addCleanup(pusher.close)
        pusher.write("a.log", "".join(f"line {i}\n" for i in range(1000)))
        pusher.start()
        query = '{pushserver="push3", job="t"}'
        wait_until(lambda: len(self.lines(query)) == 1000)
        sent = wait_until(lambda: pusher.metric("promtail_sent_entries_total"))
        self.assertEqual(sent, 1000)


class OutageTest(unittest.TestCase):
    def test_no_answer_without_a_server_and_none_is_lost(self):
        """A pusher is told that it should try again, and its time makes one entry of both."""
        server = harness.Server()
        self.addCleanup(server.close)
        port = harness.free_port()
        agent = Agent(f"- job_name: p\n  loki_push_api:\n    use_incoming_timestamp: true\n"
                      f"    server: {{http_listen_address: 127.0.0.1, http_listen_port: {port}}}\n",
                      f"- url: {server.url}{PUSH}\n  backoff_config: {{min_period: 100ms, max_period: 100ms}}\n")
        self.addCleanup(agent.close)
        agent.start()
        body = push_body({"app": "a"}, ["x"])
        with self.assertRaises(TimeoutError):
            post(port, PUSH, body, JSON, timeout=1)
        threading.Timer(0.5, server.start).start()
        self.assertEqual(post(port, PUSH, body, JSON)[0], 204)
        self.assertEqual(server.lines('{app="a"}'), ["x"])

    def test_a_stop_answers(self):
        port = harness.free_port()
        agent = Agent("- job_name: p\n  loki_push_api:\n    server: {http_listen_address: 127.0.0.1, "
                      f"http_listen_port: {port}, graceful_shutdown_timeout: 500ms}}\n", "- url: http://127.0.0.1:1/\n")
        self.addCleanup(agent.close)
        agent.start()
        answers = []
        thread = threading.Thread(target=lambda: answers.append(post(port, PUSH, push_body({"a": "b"}, ["x"]), JSON)))
        thread.start()
        time.sleep(0.5)
        self.assertEqual(agent.stop(), 0)
        thread.join()
        self.assertEqual(answers[0][0], 503)
        self.assertEqual(answers[0][2]["Retry-After"], "1")

    def test_what_upstream_refuses_is_the_relay_s_to_tell(self):
        recorder = Recorder([400])
        self.addCleanup(recorder.close)
        port = harness.free_port()
        agent = Agent(f"- job_name: p\n  loki_push_api:\n    server: {{http_listen_address: 127.0.0.1, "
                      f"http_listen_port: {port}}}\n", f"- url: {recorder.url}\n")
        self.addCleanup(agent.close)
        agent.start()
        self.assertEqual(post(port, PUSH, push_body({"a": "b"}, ["x"]), JSON)[0], 204)
        self.assertEqual(agent.metric("promtail_dropped_entries_total"), 1)
        self.assertIn("a batch was refused and is dropped", agent.log_text())

    def test_configuration(self):
        for block, error in [("{server: {http_listen_prt: 1}}", "http_listen_port"),
                             ("{sever: {}}", "did you mean 'server'")]:
            agent = Agent(f"- {{job_name: p, loki_push_api: {block}}}", "- url: http://127.0.0.1:1/\n")
            self.addCleanup(agent.close)
            done = subprocess.run([harness.BINARY, "agent", f"-config.file={agent.config}", "-check-syntax"],
                                  capture_output=True, text=True)
            self.assertEqual(done.returncode, 1)
            self.assertIn(error, done.stderr)


if __name__ == "__main__":
    unittest.main()
