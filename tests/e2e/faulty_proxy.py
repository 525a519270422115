"""Between a client and an HTTP server: loses, repeats, refuses and delays, by a seed."""
import random
import socket
import socketserver
import threading
import time

FAULTS = ("lost request", "lost answer", "cut answer", "refused", "repeated", "error after success",
          "late")


def read_message(reader):
    """One request or answer, head and body; None at the end. `reader`: a file of a socket."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        line = reader.readline(65536)
        if not line:
            return None
        head += line
    length = 0
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
        if name.lower() == b"transfer-encoding" and b"chunked" in value.lower():
            body = b""
            while True:
                size = reader.readline()
                piece = reader.read(int(size, 16) + 2)
                body += size + piece
                if int(size, 16) == 0:
                    return head, body
    return head, length


class FaultyProxy:
    """Serves on .port; .counts says how often each fault was made."""

    def __init__(self, port, rate=0.35, seed=1, delay=1.0):
        self.upstream, self.rate, self.delay = port, rate, delay
        self.dice, self.lock = random.Random(seed), threading.Lock()
        self.down = False  # answers nobody
        self.counts = dict.fromkeys(FAULTS, 0)
        proxy = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self):
                proxy._serve(self)

        class Proxy(socketserver.ThreadingTCPServer):
            daemon_threads = True
            allow_reuse_address = True

            def handle_error(self, request, client_address):
                pass  # clients go away on purpose

        self.server = Proxy(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def _choose(self):
        with self.lock:
            fault = self.dice.choice(FAULTS) if self.dice.random() < self.rate else None
            if fault:
                self.counts[fault] += 1
            return fault

    def _ask(self, request, is_head):
        with socket.create_connection(("127.0.0.1", self.upstream)) as s:
            s.sendall(request)
            reader = s.makefile("rb")
            head, body = read_message(reader)
            if isinstance(body, int):
                body = b"" if is_head else reader.read(body)
            return head + body

    def _serve(self, handler):
        while message := read_message(handler.rfile):
            head, length = message
            request = head + handler.rfile.read(length)
            fault = self._choose()
            if fault == "lost request" or self.down:
                return
            if fault == "refused":
                handler.wfile.write(b"HTTP/1.1 503 Slow Down\r\nContent-Length: 0\r\n\r\n")
                continue
            is_head = head.startswith(b"HEAD")
            if fault == "late":
                time.sleep(self.delay)
            answer = self._ask(request, is_head)
            if fault == "lost answer":
                return
            if fault == "repeated":
                answer = self._ask(request, is_head)
            if fault == "error after success":
                answer = b"HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n"
            if fault == "cut answer":
                handler.wfile.write(answer[:len(answer) // 2])
                return
            handler.wfile.write(answer)
