"""A WebSocket client for tests (RFC 6455), on Python's standard library alone."""
import base64
import hashlib
import json
import os
import select
import socket
import struct
import time
import urllib.parse

import grafana_reader

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10


class Refused(Exception):
    """The server answered without an upgrade."""

    def __init__(self, status, headers, body):
        super().__init__(f"{status} {body!r}")
        self.status, self.headers, self.body = status, headers, body


class WebSocket:
    """Pings are answered while frames are read, unless `pong` is off."""

    def __init__(self, port, path, headers=None, timeout=10, receive_buffer=None, wrap=None):
        """wrap: what makes TLS of the socket."""
        self.pings, self.pong = 0, True
        self.sock = socket.socket()
        if receive_buffer:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.sock.settimeout(timeout)
        self.sock.connect(("127.0.0.1", port))
        if wrap:
            self.sock = wrap(self.sock)
        key = base64.b64encode(os.urandom(16)).decode()
        lines = [f"GET {path} HTTP/1.1", "Host: localhost", "Upgrade: websocket", "Connection: Upgrade",
                 f"Sec-WebSocket-Key: {key}", "Sec-WebSocket-Version: 13"]
        lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
        self.sock.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        self.buffer = b""
        while b"\r\n\r\n" not in self.buffer:
            self.more()
        head, self.buffer = self.buffer.split(b"\r\n\r\n", 1)
        first, *rest = head.decode().split("\r\n")
        self.headers = {name.lower(): value.strip() for name, value in (line.split(":", 1) for line in rest)}
        status = int(first.split()[1])
        if status != 101:
            body = self.take(int(self.headers.get("content-length", "0")))
            self.sock.close()
            raise Refused(status, self.headers, body)
        wanted = hashlib.sha1((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest()
        assert self.headers["sec-websocket-accept"] == base64.b64encode(wanted).decode()

    def more(self):
        piece = self.sock.recv(65536)
        if not piece:
            raise EOFError("the server has closed the connection")
        self.buffer += piece

    def take(self, size):
        while len(self.buffer) < size:
            self.more()
        out, self.buffer = self.buffer[:size], self.buffer[size:]
        return out

    def frame(self):
        """(kind, payload) of the next frame; the server's are whole and not masked."""
        first, second = self.take(2)
        assert first & 0xF0 == 0x80 and not second & 0x80, (first, second)
        size = second
        if size == 126:
            size = struct.unpack(">H", self.take(2))[0]
        elif size == 127:
            size = struct.unpack(">Q", self.take(8))[0]
        return first & 0x0F, self.take(size)

    def send(self, kind, payload=b"", final=True):
        mask = os.urandom(4)
        size = len(payload)
        length = bytes([0x80 | size]) if size < 126 else bytes([0xFE]) + struct.pack(">H", size) if size < 65536 \
            else bytes([0xFF]) + struct.pack(">Q", size)
        masked = bytes(b ^ mask[i % 4] for i, b in enumerate(payload))
        self.sock.sendall(bytes([(0x80 if final else 0) | kind]) + length + mask + masked)

    def message(self, seconds=30):
        """The next text; at a close, (code, reason)."""
        end = time.time() + seconds
        while True:
            if time.time() > end:
                raise TimeoutError("only pings")
            kind, payload = self.frame()
            if kind == TEXT:
                return payload.decode()
            if kind == PING:
                self.pings += 1
                if self.pong:
                    self.send(PONG, payload)
            elif kind == CLOSE:
                return (struct.unpack(">H", payload[:2])[0], payload[2:].decode()) if payload else (1005, "")

    def readable(self):
        return self.buffer or select.select([self.sock], [], [], 0)[0]

    def close(self):
        self.sock.close()


class Tail(WebSocket):
    """/loki/api/v1/tail of a server of the harness."""

    def __init__(self, server, query, tenant=None, path="/loki/api/v1/tail", headers=None, timeout=10, receive_buffer=None,
                 wrap=None, **params):
        headers = dict(headers or {})
        if tenant:
            headers["X-Scope-OrgID"] = tenant
        target = path + ("&" if "?" in path else "?") + urllib.parse.urlencode({"query": query, **params})
        self.dropped, self.strict = [], path.startswith("/loki/")
        super().__init__(server.port, target, headers, timeout, receive_buffer, wrap)

    def next(self):
        """The next frame's JSON, or (code, reason) at a close."""
        message = self.message()
        if isinstance(message, tuple):
            return message
        if self.strict and len(message) < 5000:  # which takes a while
            grafana_reader.read_tail_frame(message)
        frame = json.loads(message)
        self.dropped += frame.get("dropped_entries", [])
        return frame

    def entries(self, count, seconds=10):
        """[(labels, value)] of the next `count` entries."""
        out, end = [], time.time() + seconds
        while len(out) < count:
            assert time.time() < end, out
            frame = self.next()
            assert not isinstance(frame, tuple), frame
            out += [(s["stream"], v) for s in frame["streams"] for v in s["values"]]
        return out

    def lines(self, count, seconds=10):
        return [value[1] for _, value in self.entries(count, seconds)]
