"""TLS of the server: handshakes good and bad, certificates that change under load, clients known by theirs."""
import json
import pathlib
import shutil
import socket
import ssl
import subprocess
import threading
import time
import unittest

import clients
import harness
from busy import LIMITS, path_of, push_lines
from certificates import Authority
from harness import BINARY, Server
from test_otlp_grpc import EXPORT, export
from test_slow import LINES, SLOW
from websocket import Refused, Tail

TIMEOUT = 2


def trusting(authority, identity=None):
    """What a client believes, and who it is."""
    context = ssl.create_default_context(cafile=authority.cert)
    if identity:
        context.load_cert_chain(*identity)
    return context


class Tls(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.authority, cls.stranger = Authority(cls), Authority(cls, "stranger")

    def setUp(self):
        self.files = {"cert_file": self.authority.folder / "live.pem", "key_file": self.authority.folder / "live.key"}
        self.put(self.authority.issue("server"))

    def put(self, identity):
        """Makes it the server's: each file is replaced at once, one after the other."""
        for source, file in zip(identity, self.files.values()):
            shutil.copy(source, f"{file}.new")
            pathlib.Path(f"{file}.new").rename(file)

    def start(self, more="", tls=None, context=None):
        files = ", ".join(f"{key}: {file}" for key, file in {**self.files, **(tls or {})}.items())
        self.grpc_port = harness.free_port()
        server = Server(f"server:\n  tls: {{{files}}}\n  http_server_read_timeout: {TIMEOUT}s\n"
                        f"  otlp_grpc_listen_port: {self.grpc_port}\n{more}", tls=context or trusting(self.authority))
        self.addCleanup(server.close)
        return server.start()

    def connect(self, server, context, name="127.0.0.1"):
        """A connection, after its handshake."""
        raw = socket.create_connection(("127.0.0.1", server.port), timeout=20)
        self.addCleanup(raw.close)
        tls = context.wrap_socket(raw, server_hostname=name)
        self.addCleanup(tls.close)
        return tls

    def serial(self, server):
        """That of the certificate which new connections see."""
        return self.connect(server, trusting(self.authority)).getpeercert()["serialNumber"]

    def wait_until(self, holds, seconds=20):
        stop = time.monotonic() + seconds
        while not holds():
            self.assertLess(time.monotonic(), stop)
            time.sleep(0.05)

    def push(self, server, line, app="a"):
        return server.push([({"app": app}, [(time.time_ns(), line)])])[0]


class Handshakes(Tls):
    def test_all_goes_through_tls(self):
        server = self.start()
        self.assertEqual(self.push(server, "over TLS"), 204)
        self.assertEqual(server.lines('{app="a"}'), ["over TLS"])
        self.assertEqual(self.push(server, "x" * 250_000, "large"), 204)
        self.assertEqual(server.lines('{app="large"}'), ["x" * 250_000])
        tail = Tail(server, '{app="a"}', wrap=lambda s: server.tls.wrap_socket(s, server_hostname="127.0.0.1"))
        self.addCleanup(tail.close)
        self.assertEqual(tail.lines(1), ["over TLS"])
        self.push(server, "followed")
        self.assertEqual(tail.lines(1), ["followed"])
        done = subprocess.run([BINARY, "query", '{app="a"}', "--addr", server.url, "--ca-cert", self.authority.cert, "-o", "raw"],
                              capture_output=True, text=True)
        self.assertEqual((done.stdout, done.stderr), ("followed\nover TLS\n", ""))
        self.assertIn("tls=on", server.log_text())

    def test_versions(self):
        server = self.start()
        for version, works in ((ssl.TLSVersion.TLSv1_1, False), (ssl.TLSVersion.TLSv1_2, True), (ssl.TLSVersion.TLSv1_3, True)):
            context = trusting(self.authority)
            context.set_ciphers("DEFAULT:@SECLEVEL=0")
            context.minimum_version = context.maximum_version = version
            if works:
                self.assertEqual(self.connect(server, context).version(), version.name.replace("_", "."))
            else:
                with self.assertRaises(ssl.SSLError):
                    self.connect(server, context)

    def test_clients_that_do_not_believe_it(self):
        server = self.start()
        with self.assertRaises(ssl.SSLCertVerificationError):
            self.connect(server, trusting(self.stranger))
        with self.assertRaises(ssl.SSLCertVerificationError):
            self.connect(server, trusting(self.authority), "elsewhere")
        self.assertEqual(self.push(server, "still served"), 204)

    def test_http_where_tls_is_spoken(self):
        server = self.start()
        for data in (b"GET /ready HTTP/1.1\r\nHost: x\r\n\r\n", b"POST /loki/api/v1/push HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}"):
            with socket.create_connection(("127.0.0.1", server.port), timeout=20) as raw:
                raw.sendall(data)
                answer = b"".join(iter(lambda: raw.recv(4096), b""))
            self.assertTrue(answer.startswith(b"HTTP/1.0 400 Bad Request\r\n"), answer)
            self.assertIn(b"Client sent an HTTP request to an HTTPS server.", answer)
        for rubbish in (b"\x00" * 100, b"\xff\xfe rubbish\r\n\r\n", b"\x16\x03\x01\x40\x00" + b"x" * 100_000):
            with socket.create_connection(("127.0.0.1", server.port), timeout=20) as raw:
                raw.sendall(rubbish)
                try:
                    self.assertNotIn(b"HTTP", b"".join(iter(lambda: raw.recv(4096), b"")))
                except ConnectionResetError:
                    pass
        self.assertEqual(self.push(server, "still served"), 204)

    def test_slow_handshakes_hold_nobody_up(self):
        server = self.start()
        hello = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"  # the beginning of one
        slow = []
        for i in range(300):
            raw = socket.create_connection(("127.0.0.1", server.port), timeout=20)
            self.addCleanup(raw.close)
            raw.sendall(hello if i % 2 else b"")
            slow.append(raw)
        begin = time.monotonic()
        for i in range(20):
            self.assertEqual(self.push(server, f"beside {i}"), 204)
        self.assertLess(time.monotonic() - begin, TIMEOUT, "they wait for slow handshakes")
        for raw in slow:  # they are cut off without a word
            self.assertEqual(raw.recv(100), b"")
        self.assertLess(time.monotonic() - begin, TIMEOUT + 10)

    def test_too_many_connections_are_told(self):
        server = self.start("  http_listen_conn_limit: 10\n")
        held = [self.connect(server, server.tls) for _ in range(10)]
        tls = self.connect(server, server.tls)
        self.assertTrue(tls.recv(1000).startswith(b"HTTP/1.1 503 "))
        for connection in held:
            connection.close()
        self.wait_until(lambda: server.request("GET", "/ready")[0] == 200)

    def test_requests_of_all_kinds(self):
        server = self.start()

        def ask(data):
            tls = self.connect(server, server.tls)
            tls.sendall(data)
            return b"".join(iter(lambda: tls.recv(65536), b""))

        pipelined = ask(b"GET /ready HTTP/1.1\r\n\r\n" * 50 + b"GET /ready HTTP/1.0\r\n\r\n")
        self.assertEqual(pipelined.count(b"ready\n"), 51)
        self.assertIn(b" 408 ", ask(b"GET /ready HTT"))
        self.assertIn(b" 408 ", ask(b"POST /loki/api/v1/push HTTP/1.1\r\nContent-Length: 10\r\n\r\nabc"))
        self.assertIn(b" 413 ", ask(b"POST /loki/api/v1/push HTTP/1.1\r\nContent-Length: 999999999\r\n\r\n"))
        self.assertEqual(ask(b""), b"")


class Clients(Tls):
    """Whose client goes away is not worked for any more, as without TLS."""

    def test_a_client_that_goes_away_cancels_its_query(self):
        server = self.start(LIMITS)
        push_lines(self, server, LINES)
        tls = self.connect(server, server.tls)
        tls.sendall(f"GET {path_of(SLOW)} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        time.sleep(0.3)
        tls.close()
        self.wait_until(lambda: b'route="loki_api_v1_query_range",status_code="499"' in server.request("GET", "/metrics")[1])


class Reload(Tls):
    def test_a_new_pair_under_load(self):
        server = self.start()
        stop, failures, done = threading.Event(), [], [0] * 4

        def load(n):
            while not stop.is_set():
                try:  # a connection for each request
                    status = self.push(server, f"{n} {done[n]}", f"load{n}")
                    if status != 204:
                        failures.append(status)
                except OSError as e:
                    failures.append(e)
                done[n] += 1

        threads = [threading.Thread(target=load, args=(n,)) for n in range(4)]
        old = Tail(server, '{app="after"}', wrap=lambda s: server.tls.wrap_socket(s, server_hostname="127.0.0.1"))
        self.addCleanup(old.close)
        for thread in threads:
            thread.start()
        try:
            for i in range(3):
                before = self.serial(server)
                self.put(self.authority.issue(f"next{i}"))
                self.wait_until(lambda: self.serial(server) != before)
        finally:
            stop.set()
            for thread in threads:
                thread.join()
        self.assertEqual(failures, [])
        self.assertGreater(min(done), 5)
        for n in range(4):
            self.assertEqual(len(server.lines(f'{{app="load{n}"}}')), done[n])
        self.push(server, "to whom was connected before", "after")
        self.assertEqual(old.lines(1), ["to whom was connected before"])
        self.assertIn("TLS has a new certificate or key", server.log_text())

    def test_a_broken_pair_changes_nothing(self):
        server = self.start()
        before = self.serial(server)

        def metric(name):
            text = server.request("GET", "/metrics")[1].decode()
            return float(next(line for line in text.splitlines() if line.startswith(name)).split()[-1])

        other = self.authority.issue("other")
        wrong = {"nothing": lambda: self.files["cert_file"].unlink(),
                 "rubbish": lambda: self.files["cert_file"].write_text("rubbish"),
                 "half": lambda: self.files["cert_file"].write_text(pathlib.Path(other[0]).read_text()[:200]),
                 "another key": lambda: shutil.copy(other[1], self.files["key_file"]),
                 "a certificate without its key": lambda: shutil.copy(other[0], self.files["cert_file"])}
        for name, damage in wrong.items():
            self.put(self.authority.issue("good"))
            self.wait_until(lambda: self.serial(server) != before and metric("logi_tls_last_reload_successful") == 1)
            before = self.serial(server)
            damage()
            self.wait_until(lambda: metric("logi_tls_last_reload_successful") == 0)
            self.assertEqual(self.serial(server), before, name)
        errors = [line for line in server.log_text().splitlines() if "TLS stays as it is" in line]
        self.assertIn("there is no certificate in it", "\n".join(errors))
        self.assertIn("key values mismatch", "\n".join(errors))
        self.assertLess(len(errors), 15, "one line for each thing that is wrong, not for each look")
        self.assertGreater(metric("logi_tls_reload_failures_total"), 0)

    def test_grpc_has_the_new_one_too(self):
        self.start()
        context = trusting(self.authority)

        def serial():
            with socket.create_connection(("127.0.0.1", self.grpc_port), timeout=20) as raw, \
                 context.wrap_socket(raw, server_hostname="127.0.0.1") as tls:
                return tls.getpeercert()["serialNumber"]

        context.set_alpn_protocols(["h2"])
        before = serial()
        self.put(self.authority.issue("other"))
        self.wait_until(lambda: serial() != before)


class Start(Tls):
    def test_what_does_not_start(self):
        cert, key = self.authority.issue("fine")
        _, other_key = self.authority.issue("other")
        encrypted = self.authority.folder / "encrypted.key"
        subprocess.run(["openssl", "ec", "-in", key, "-out", encrypted, "-aes128", "-passout", "pass:x"], check=True, capture_output=True)

        def started(text, auth=""):
            server = Server(f"server:\n  {text}\n{auth}")
            self.addCleanup(server.close)
            checked = subprocess.run([BINARY, "check", "config", server.config], capture_output=True, text=True)
            run = subprocess.run([BINARY, "server", "--config", server.config, "--data", server.data, "--listen", server.listen],
                                 capture_output=True, text=True, timeout=60)
            self.assertEqual((checked.returncode, run.returncode), (1, 1), text)
            return checked.stderr + run.stderr

        for text, message in [
                (f"tls: {{cert_file: {cert}}}", "TLS needs a cert_file and a key_file"),
                (f"tls: {{cert_file: {cert}, key_file: {other_key}}}", "key values mismatch"),
                (f"tls: {{cert_file: {cert}, key_file: {encrypted}}}", "or it has a passphrase"),
                (f"tls: {{cert_file: {cert}, key_file: /no/such}}", "/no/such"),
                (f"tls: {{cert_file: {key}, key_file: {key}}}", "there is no certificate in it"),
                (f"tls: {{cert_file: {cert}, key_file: {key}, client_ca_file: {key}}}", "client CA: there is no certificate in it"),
                (f"tls: {{cert_file: {cert}, key_file: {key}, client_auth_type: RequireAnyClientCert}}", "expected NoClientCert, "),
                (f"tls: {{cert_file: {cert}, key_file: {key}, client_auth_type: RequireAndVerifyClientCert}}", "needs a client_ca_file"),
                (f"tls: {{cert_file: {cert}, key_file: {key}}}\n  http_tls_config: {{cert_file: {cert}, key_file: {key}}}", "given twice"),
                (f"tls: {{cert_file: {cert}, key_file: {key}, ca: x}}", "has no key 'ca'"),
                ("tls: {cert: '-----BEGIN'}", "certificates and keys are in files"),
                ("tls_min_version: VersionTLS10", "expected VersionTLS12 or VersionTLS13")]:
            self.assertIn(message, started(text), text)
        only_13 = Server(f"server:\n  tls: {{cert_file: {cert}, key_file: {key}}}\n  tls_min_version: VersionTLS13\n"
                         f"  otlp_grpc_listen_port: {harness.free_port()}\n")
        self.addCleanup(only_13.close)
        only_13.spawn()
        self.assertEqual(only_13.process.wait(timeout=60), 1)
        self.assertIn("gRPC speaks TLS 1.2, too", only_13.log_text())
        mtls = "auth: {mode: mtls, credentials: [{name: a, common_name: a, tenants: [fake], rights: [push]}]}"
        self.assertIn("auth.mode mtls needs server.tls", started("log_level: info", mtls))
        self.assertIn("auth.mode mtls needs server.tls", started(f"tls: {{cert_file: {cert}, key_file: {key}}}", mtls))

    def test_lokis_names(self):
        cert, key = self.files.values()
        server = Server(f"server:\n  otlp_grpc_listen_port: 0\n  tls_min_version: VersionTLS13\n"
                        f"  http_tls_config: {{cert_file: {cert}, key_file: {key}, client_auth_type: ''}}\n", tls=trusting(self.authority))
        self.addCleanup(server.close)
        server.start()
        self.assertEqual(self.push(server, "x"), 204)
        context = trusting(self.authority)
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        with self.assertRaises(ssl.SSLError):
            self.connect(server, context)
        shown = server.request("GET", "/config")[1].decode()
        self.assertIn(f'http_tls_config: {{cert_file: "{cert}"', shown)
        self.assertNotIn("PRIVATE", shown)


MTLS = """
auth_enabled: true
auth:
  mode: mtls
  credentials:
    - {name: of-a, common_name: a, tenants: [a], rights: [push, query]}
    - {name: of-b, san: "DNS:b.example", tenants: [b], rights: [push, query]}
    - {name: team, san: "URI:spiffe://logi/team", tenants: [a], rights: [query], matcher: '{team="open"}'}
    - {name: pusher, common_name: pusher, tenants: [a], rights: [push]}
"""


class MutualTls(Tls):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        issue = cls.authority.issue
        cls.who = {"a": issue("a", None, subject="/O=shop/CN=a"), "b": issue("anything", "DNS:x.example,DNS:B.example"),
                   "team": issue("t", "URI:spiffe://logi/team"), "pusher": issue("pusher"), "unknown": issue("unknown"),
                   "two": issue("two", None, subject="/CN=a/CN=b"), "old": issue("a-old", None, days=-1, subject="/CN=a"),
                   "stranger": cls.stranger.issue("a", None)}

    def mutual(self, how="VerifyClientCertIfGiven"):
        return self.start(MTLS, {"client_ca_file": self.authority.cert, "client_auth_type": how}, trusting(self.authority, self.who["a"]))

    def as_(self, server, who):
        server.tls = trusting(self.authority, self.who[who] if who else None)
        return server

    def test_whose_certificate_may_what(self):
        server = self.mutual()

        def push(who, tenant=None, team="open"):
            return self.as_(server, who).push([({"app": "x", "team": team}, [(time.time_ns(), f"line of {team}")])], tenant)[0]

        def read(who, tenant=None):
            status, body = self.as_(server, who).get("/loki/api/v1/query_range", tenant, query='{app="x"}')
            return (status, sorted(v[1] for s in json.loads(body)["data"]["result"] for v in s["values"])) if status == 200 else status

        self.assertEqual([push("a"), push("a", team="closed"), push("pusher"), push("b", "b", "theirs")], [204] * 4)
        self.assertEqual(read("a"), (200, ["line of closed", "line of open", "line of open"]))
        self.assertEqual(read("team"), (200, ["line of open", "line of open"]))
        self.assertEqual(read("b"), (200, ["line of theirs"]))
        self.assertEqual([push("a", "b"), read("a", "b"), read("b", "a"), read("pusher"), push("team")], [403] * 5)
        self.assertEqual([push("unknown", "a"), read("unknown", "a"), read("two", "a"), read(None, "a"), push(None, "a")], [401] * 5)
        self.assertEqual(self.as_(server, None).request("GET", "/ready")[0], 200)
        self.assertEqual(self.as_(server, "unknown").request("GET", "/metrics")[0], 401)
        log = server.log_text()
        self.assertIn("the credential lacks the right 'query'", log)
        self.assertNotIn("PRIVATE", log)
        # A header is not asked for, and does not help.
        headers = {"Authorization": "Bearer a", "X-Scope-OrgID": "a"}
        self.assertEqual(self.as_(server, None).get("/loki/api/v1/labels", headers=headers)[0], 401)

    def test_live_tails(self):
        server = self.mutual()

        def tail(who, tenant="a"):
            context = trusting(self.authority, self.who[who] if who else None)
            return Tail(server, '{app="x"}', tenant, wrap=lambda s: context.wrap_socket(s, server_hostname="127.0.0.1"))

        for who, tenant, status in ((None, "a", 401), ("unknown", "a", 401), ("pusher", "a", 403), ("b", "a", 403)):
            with self.assertRaises(Refused) as refused:
                tail(who, tenant)
            self.assertEqual(refused.exception.status, status)
        mine = tail("team")
        self.addCleanup(mine.close)
        self.as_(server, "a").push([({"app": "x", "team": team}, [(time.time_ns(), team)]) for team in ("closed", "open")])
        self.assertEqual(mine.lines(1), ["open"])

    def test_certificates_that_nobody_vouches_for(self):
        server = self.mutual()
        for who in ("stranger", "old"):
            # TLS 1.3 tells it when something is read.
            with self.assertRaises((ssl.SSLError, ConnectionResetError)):
                tls = self.connect(server, trusting(self.authority, self.who[who]))
                tls.sendall(b"GET /ready HTTP/1.0\r\n\r\n")
                tls.recv(100)
        self.assertEqual(self.as_(server, "a").request("GET", "/loki/api/v1/labels")[0], 200)

    def test_a_certificate_can_be_demanded(self):
        server = self.mutual("RequireAndVerifyClientCert")
        with self.assertRaises((ssl.SSLError, ConnectionResetError)):
            tls = self.connect(server, trusting(self.authority))
            tls.sendall(b"GET /ready HTTP/1.0\r\n\r\n")
            tls.recv(100)
        self.assertEqual(self.as_(server, "unknown").request("GET", "/ready")[0], 200)
        self.assertEqual(self.as_(server, "a").request("GET", "/loki/api/v1/labels")[0], 200)

    def test_authorities_change(self):
        authorities = self.authority.folder / "authorities.pem"
        shutil.copy(self.authority.cert, authorities)
        server = self.start(MTLS, {"client_ca_file": authorities}, trusting(self.authority, self.who["a"]))
        shutil.copy(self.stranger.cert, authorities)

        def refused():
            try:
                self.as_(server, "a").request("GET", "/ready")
                return False
            except OSError:
                return True

        self.wait_until(refused)
        self.assertEqual(self.as_(server, "stranger").request("GET", "/loki/api/v1/labels")[0], 200)

    def test_grpc(self):
        server = self.mutual()
        body = export((time.time_ns(), b"over gRPC"))

        def call(who, metadata=None, ca=None):
            tls = (ca or self.authority.cert, *(self.who[who] if who else ()))
            [answer] = clients.grpc_calls(f"localhost:{self.grpc_port}", [(EXPORT, metadata or {}, body)], tls)
            return answer["code"]

        self.assertEqual([call("a"), call("pusher"), call("b")], ["OK"] * 3)
        self.assertEqual([call(None), call("unknown"), call("two")], ["UNAUTHENTICATED"] * 3)
        self.assertEqual([call("team"), call("a", {"x-scope-orgid": "b"})], ["PERMISSION_DENIED"] * 2)
        self.assertEqual([call("stranger"), call("old"), call("a", ca=self.stranger.cert)], ["UNAVAILABLE"] * 3)
        self.assertEqual(self.as_(server, "a").lines('{service_name="svc"}'), ["over gRPC"])
        self.assertEqual(self.as_(server, "b").lines('{service_name="svc"}'), ["over gRPC"])


if __name__ == "__main__":
    unittest.main()
