"""What `logi query` says to a server and whom it believes: TLS, names, certificates, credentials."""
import base64
import http.server
import os
import pathlib
import ssl
import subprocess
import threading
import unittest

from certificates import Authority
from harness import BINARY

ANSWER = b'{"status":"success","data":{"resultType":"streams","result":[{"stream":{"a":"b"},"values":[["1","the line"]]}]}}'


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        peer = self.connection.getpeercert() if isinstance(self.connection, ssl.SSLSocket) else None
        self.server.seen.append((dict(self.headers), peer, self.path))
        self.send_response(200)
        self.send_header("Content-Length", str(len(ANSWER)))
        self.end_headers()
        self.wfile.write(ANSWER)

    def log_message(self, *_):
        pass


class Quiet(http.server.ThreadingHTTPServer):
    def handle_error(self, *_):
        pass  # handshakes that are to fail


class Client(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.authority, cls.stranger = Authority(cls), Authority(cls, "stranger")

    def serve(self, certificate=None, ask_client=False):
        """A server, and the (headers, client's certificate, path) of the requests that it gets."""
        server = Quiet(("127.0.0.1", 0), Handler)
        server.seen, server.names = [], []
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*certificate)
            if ask_client:
                context.verify_mode = ssl.CERT_REQUIRED
                context.load_verify_locations(self.authority.cert)
            context.sni_callback = lambda _socket, name, _context: server.names.append(name)
            server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        return server

    def ask(self, server, *arguments, host="127.0.0.1", scheme="https", **environment):
        return subprocess.run([BINARY, "query", '{a="b"}', "--addr", f"{scheme}://{host}:{server.server_port}", *arguments],
                              capture_output=True, text=True, timeout=60, env={**os.environ, **environment})

    def gets_the_line(self, *arguments, **more):
        done = self.ask(*arguments, **more)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("the line", done.stdout)

    def fails(self, why, *arguments, **more):
        done = self.ask(*arguments, **more)
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn(why, done.stderr)

    def test_whom_it_believes(self):
        server = self.serve(self.authority.issue("server"))
        ca = self.authority.cert
        self.gets_the_line(server, "--ca-cert", ca)
        self.gets_the_line(server, "--ca-cert", ca, host="localhost")
        self.gets_the_line(server, LOKI_CA_CERT_PATH=ca)
        self.gets_the_line(server, "--tls-skip-verify")
        self.gets_the_line(server, LOKI_TLS_SKIP_VERIFY="true")
        self.assertEqual(server.names, [None, "localhost", None, None, None])  # an address is no name
        before = len(server.seen)
        self.fails("unable to get local issuer certificate", server, LOKI_TLS_SKIP_VERIFY="false")
        self.fails("unable to get local issuer certificate", server, "--ca-cert", self.stranger.cert)
        self.assertEqual(len(server.seen), before)

    def test_names(self):
        for names in ("DNS:localhost", "DNS:*.example", "IP:127.0.0.2", None):
            server = self.serve(self.authority.issue("other", names, subject="/CN=127.0.0.1"))
            self.fails("IP address mismatch", server, "--ca-cert", self.authority.cert)
            self.assertEqual(server.seen, [], names)
        server = self.serve(self.authority.issue("elsewhere", "DNS:elsewhere,IP:127.0.0.1"))
        self.fails("hostname mismatch", server, "--ca-cert", self.authority.cert, host="localhost")
        self.gets_the_line(server, "--ca-cert", self.authority.cert)
        self.gets_the_line(server, "--tls-skip-verify", host="localhost")

    def test_what_has_expired(self):
        server = self.serve(self.authority.issue("old", days=-1))
        self.fails("certificate has expired", server, "--ca-cert", self.authority.cert)

    def test_its_own_certificate(self):
        server = self.serve(self.authority.issue("server"), ask_client=True)
        cert, key = self.authority.issue("me")
        self.gets_the_line(server, "--ca-cert", self.authority.cert, "--cert", cert, "--key", key)
        self.gets_the_line(server, LOKI_CA_CERT_PATH=self.authority.cert, LOKI_CLIENT_CERT_PATH=cert, LOKI_CLIENT_KEY_PATH=key)
        for _, peer, _ in server.seen:
            self.assertIn((("commonName", "me"),), peer["subject"])
        self.fails("logi: https://", server, "--ca-cert", self.authority.cert)
        self.fails("a certificate needs a key", server, "--cert", cert)
        self.fails("key values mismatch", server, "--cert", cert, "--key", self.authority.key)
        self.fails("/no/such", server, "--ca-cert", "/no/such")
        self.assertEqual(len(server.seen), 2)

    def test_the_wrong_protocol(self):
        self.fails("wrong version number", self.serve(), "--tls-skip-verify")
        self.fails("logi: http://127.0.0.1", self.serve(self.authority.issue("server")), scheme="http")
        self.fails("is not an address such as", self.serve(), scheme="ftp")

    def test_credentials(self):
        server = self.serve()

        def sent(*arguments, **environment):
            self.gets_the_line(server, *arguments, scheme="http", **environment)
            headers = server.seen[-1][0]
            return {name: value for name, value in headers.items() if name != "Host"}

        basic = "Basic " + base64.b64encode(b"me:a pass:word").decode()
        token = pathlib.Path(self.authority.folder, "token")
        token.write_text("from a file\n")
        self.assertEqual(sent(), {})
        self.assertEqual(sent("--username", "me", "--password", "a pass:word"), {"Authorization": basic})
        self.assertEqual(sent(LOKI_USERNAME="me", LOKI_PASSWORD="a pass:word"), {"Authorization": basic})
        self.assertEqual(sent("--bearer-token", "t"), {"Authorization": "Bearer t"})
        self.assertEqual(sent(LOKI_BEARER_TOKEN="t"), {"Authorization": "Bearer t"})
        self.assertEqual(sent("--bearer-token-file", str(token)), {"Authorization": "Bearer from a file"})
        self.assertEqual(sent(LOKI_BEARER_TOKEN_FILE=str(token), LOKI_AUTH_HEADER="X-Auth"), {"X-Auth": "Bearer from a file"})
        self.assertEqual(sent("--org-id", "o", "--query-tags", "a=b"), {"X-Scope-OrgID": "o", "X-Query-Tags": "a=b"})
        self.assertEqual(sent(LOKI_ORG_ID="o", LOKI_QUERY_TAGS="a=b"), {"X-Scope-OrgID": "o", "X-Query-Tags": "a=b"})
        before = len(server.seen)
        self.fails("exclude each other", server, "--username", "u", "--bearer-token", "t", scheme="http")
        self.fails("/no/such", server, "--bearer-token-file", "/no/such", scheme="http")
        self.fails("line break", server, "--bearer-token", "a\r\nX-Other: b", scheme="http")
        self.assertEqual(len(server.seen), before)


if __name__ == "__main__":
    unittest.main()
