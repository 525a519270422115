"""`logi healthcheck`, as a container asks its server."""
import signal
import socket
import ssl
import subprocess
import threading
import time
import unittest

from certificates import Authority
from harness import BINARY, Server, free_port
from test_client_tls import Handler, Quiet


def check(*arguments):
    return subprocess.run([BINARY, *arguments], capture_output=True, text=True, timeout=60)


class Healthcheck(unittest.TestCase):
    def is_ready(self, *arguments):
        done = check(*arguments)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "ready\n", ""), arguments)

    def is_not(self, why, *arguments):
        done = check(*arguments)
        self.assertEqual((done.returncode, done.stdout), (1, ""), arguments)
        self.assertIn(why, done.stderr)

    def test_a_server(self):
        server = Server("shutdown_delay: 30s\n").start()
        self.addCleanup(server.close)
        for address in (server.url, f"127.0.0.1:{server.port}", f":{server.port}", server.url + "/ready", server.url + "/",
                        f"localhost:{server.port}"):
            self.is_ready("healthcheck", "--address", address)
        self.is_ready("server", "-health", f"-health.url={server.url}/ready")
        server.process.send_signal(signal.SIGTERM)
        stop = time.monotonic() + 10
        while server.request("GET", "/ready")[0] == 200:
            self.assertLess(time.monotonic(), stop)
            time.sleep(0.01)
        self.is_not("not ready: 503 Application is stopping", "healthcheck", "--address", server.url)
        server.kill()
        self.is_not(f"127.0.0.1:{server.port}", "healthcheck", "--address", server.url)

    def test_what_is_no_server(self):
        self.is_not("", "healthcheck", "--address", f"127.0.0.1:{free_port()}")
        self.is_not("", "healthcheck", "--address", "ftp://127.0.0.1:1")
        for wrong in ("soon", "0s", "-1s"):
            self.is_not("", "healthcheck", f"--timeout={wrong}")
        with socket.create_server(("127.0.0.1", 0)) as silent:
            begin = time.monotonic()
            self.is_not("", "healthcheck", "--address", f"127.0.0.1:{silent.getsockname()[1]}", "--timeout", "300ms")
            self.assertTrue(0.2 < time.monotonic() - begin < 4)


    def test_whom_it_believes(self):
        authority, stranger = Authority(self), Authority(self, "stranger")
        server = Quiet(("127.0.0.1", 0), Handler)
        server.seen = []
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*authority.issue("server"))
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        address = f"https://127.0.0.1:{server.server_port}"
        for arguments, status in ((["--ca-cert", authority.cert], 0), ([], 1), (["--ca-cert", stranger.cert], 1),
                                  (["--tls-skip-verify"], 0)):
            done = check("healthcheck", "--address", address, *arguments)
            self.assertEqual(done.returncode, status, done.stderr)
        self.assertEqual([path for _, _, path in server.seen], ["/ready", "/ready"])


if __name__ == "__main__":
    unittest.main()
