"""OTLP over gRPC: what a client is told, and the bounds of what it may do."""
import gzip
import socket
import struct
import time
import unittest

import clients
import harness
from harness import field
from test_otlp import otlp_protobuf

EXPORT = "/opentelemetry.proto.collector.logs.v1.LogsService/Export"
PORT_KEY = "server: {otlp_grpc_listen_port: %d, grpc_server_max_recv_msg_size: 4MB}\n"


def export(*records):
    """An ExportLogsServiceRequest of (ns, line)."""
    return b"".join(otlp_protobuf(ns, line) for ns, line in records)


class OtlpGrpc(unittest.TestCase):
    def start(self, config=""):
        self.port = harness.free_port()
        self.server = harness.Server(PORT_KEY % self.port + config).start()
        self.addCleanup(self.server.close)
        self.now = time.time_ns()
        return self.server

    def calls(self, *calls):
        return clients.grpc_calls(f"127.0.0.1:{self.port}",
                                  [(EXPORT, *call) if isinstance(call[0], dict) else call for call in calls])

    def codes(self, *calls):
        return [answer["code"] for answer in self.calls(*calls)]

    def test_records_are_stored(self):
        self.start()
        answers = self.calls(({}, export((self.now, b"one"))), ({}, export((self.now, b"two" * 100)), True), ({}, b""),
                             ("/grpc.health.v1.Health/Check", {}, b""))
        self.assertEqual([(a["code"], a["message"]) for a in answers],
                         [("OK", ""), ("OK", ""), ("OK", ""), ("OK", "0801")])
        self.assertEqual(sorted(self.server.lines('{service_name="svc"}')), ["one", "two" * 100])
        metrics = self.server.request("GET", "/metrics")[1].decode()
        self.assertIn(f'route="{EXPORT}",status_code="success"', metrics)

    def test_what_is_wrong(self):
        self.start()
        rubbish, unknown, old, large = self.calls(
            ({}, b"\xff\xff"), ("/a.B/C", {}, b""), ({}, export((1, b"old"))),
            ({}, export((self.now, b"x" * (5 << 20)))))
        self.assertEqual([a["code"] for a in (rubbish, unknown, old, large)],
                         ["INVALID_ARGUMENT", "UNIMPLEMENTED", "INVALID_ARGUMENT", "RESOURCE_EXHAUSTED"])
        self.assertIn("has timestamp too old", old["details"])
        self.assertFalse(any(a["retryable"] for a in (rubbish, unknown, old, large)))

    def test_a_part_is_refused(self):
        self.start()
        [answer] = self.calls(({}, export((self.now, b"good"), (1, b"old"))))
        self.assertEqual(answer["code"], "OK")
        message = bytes.fromhex(answer["message"])
        self.assertIn(b"has timestamp too old", message)
        self.assertEqual(message[0], 10)  # partial_success
        self.assertIn(b"\x08\x01\x12", message)  # of one record
        self.assertEqual(self.server.lines('{service_name="svc"}'), ["good"])

    def test_a_rate_that_is_too_high_can_be_tried_again(self):
        self.start("limits_config: {ingestion_rate_mb: 0.01, ingestion_burst_size_mb: 0.01}")
        [answer] = self.calls(({}, export((self.now, b"x" * 100_000))))
        self.assertEqual((answer["code"], answer["retryable"]), ("RESOURCE_EXHAUSTED", True))
        self.assertIn("ingestion rate limit exceeded for user fake", answer["details"])

    def test_tenants_are_apart(self):
        self.start("auth_enabled: true")
        body = export((self.now, b"line"))
        self.assertEqual(self.codes(({}, body), ({"x-scope-orgid": "a"}, body), ({"x-scope-orgid": "a/b"}, body)),
                         ["UNAUTHENTICATED", "OK", "INVALID_ARGUMENT"])
        self.assertEqual(self.server.lines('{service_name="svc"}', tenant="a"), ["line"])
        self.assertEqual(self.server.lines('{service_name="svc"}', tenant="b"), [])

    def test_bombs_do_not_go_off(self):
        """60 MB in 60 kB: no more is decompressed than logs may become."""
        self.start()
        self.calls(({}, export((self.now, b"warm"))))
        self.server.reset_peak()
        before = self.server.memory_mb("VmHWM")
        bomb = gzip.compress(export((self.now, b"x" * (60 << 20))), 6)
        self.assertEqual(gzip_call(self.port, bomb), b"8")
        self.assertLess(self.server.memory_mb("VmHWM") - before, 40)
        self.assertEqual(gzip_call(self.port, b"\x1f\x8brubbish"), b"3")
        self.assertEqual(self.server.lines('{service_name="svc"}'), ["warm"])

    def test_a_taken_port_stops_only_who_asked_for_it(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = taken.getsockname()[1]
            server = harness.Server(f"server: {{otlp_grpc_listen_port: {port}}}")
            self.addCleanup(server.close)
            with self.assertRaisesRegex(RuntimeError, "cannot listen on 127.0.0.1:%d" % port):
                server.start()
        with socket.socket() as taken:
            taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                taken.bind(("127.0.0.1", 4317))
                taken.listen()
            except OSError:
                pass  # by somebody else, which serves as well
            server = harness.Server().start()
            self.addCleanup(server.close)
            self.assertIn("OTLP is not taken over gRPC", server.log_text())
            self.assertEqual(server.stop(), 0)

    def test_nothing_listens_where_none_is_wanted(self):
        server = harness.Server("server: {otlp_grpc_listen_port: 0}").start()
        self.addCleanup(server.close)
        self.assertIn("otlp_grpc=off", server.log_text())

    def test_clients_that_stop_in_the_middle_take_no_memory(self):
        """2 GB of messages that do not end: the library holds about twice its quota of 256 MB, however many there are."""
        self.start()
        self.calls(({}, export((self.now, b"warm"))))
        self.server.reset_peak()
        before = self.server.memory_mb("VmHWM")
        connections = []
        try:
            for _ in range(500):
                connections.append(unfinished_call(self.port, 4_000_000))
            time.sleep(1)
            self.assertEqual(self.server.push([({"a": "b"}, [(self.now, "http")])])[0], 204)
            self.assertLess(self.server.memory_mb("VmHWM") - before, 700)
        finally:
            for connection in filter(None, connections):
                connection.close()
        self.assertEqual(self.codes(({}, export((self.now, b"after")))), ["OK"])


class Http2:
    """A call by hand, for what a client's library would not send. It heeds the server's windows."""

    def __init__(self, port, encoding=None):
        def literal(name, value):
            return b"\x00" + bytes([len(name)]) + name + bytes([len(value)]) + value
        headers = b"\x83\x86" + literal(b":path", EXPORT.encode()) + literal(b":authority", b"x") + \
            literal(b"content-type", b"application/grpc") + literal(b"te", b"trailers")
        if encoding:
            headers += literal(b"grpc-encoding", encoding)
        self.initial_window = 65535
        self.windows = [65535, 65535]  # of the connection, of stream 1
        self.received = b""
        self.trailers = b""
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=30)
        try:
            self.socket.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
            self.send(4, 0, 0, b"")
            self.send(1, 4, 1, headers)
            self.receive()  # the server's settings
        except OSError:
            self.close()
            raise

    def send(self, kind, flags, stream, payload):
        self.socket.sendall(struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream)
                            + payload)

    def receive(self):
        """One frame."""
        while len(self.received) < 9 or len(self.received) < 9 + int.from_bytes(self.received[:3], "big"):
            more = self.socket.recv(65536)
            if not more:
                raise ConnectionError("closed")
            self.received += more
        size, kind = int.from_bytes(self.received[:3], "big"), self.received[3]
        flags, stream, payload = self.received[4], int.from_bytes(self.received[5:9], "big"), self.received[9:9 + size]
        self.received = self.received[9 + size:]
        if kind == 1:
            self.trailers += payload
        elif kind in (4, 6) and not flags & 1:
            self.send(kind, 1, 0, payload if kind == 6 else b"")  # settings and pings want an answer
            for i in range(0, size if kind == 4 else 0, 6):
                if payload[i:i + 2] == b"\0\4":
                    initial = int.from_bytes(payload[i + 2:i + 6], "big")
                    self.windows[1] += initial - self.initial_window
                    self.initial_window = initial
        elif kind == 8:
            self.windows[1 if stream else 0] += int.from_bytes(payload, "big")

    def send_data(self, data, end):
        at = 0
        while at < len(data):
            size = min(*self.windows, 16384, len(data) - at)
            if size <= 0:
                self.receive()
                continue
            self.windows = [w - size for w in self.windows]
            self.send(0, 1 if end and at + size == len(data) else 0, 1, data[at:at + size])
            at += size

    def status(self):
        """The code with which the call ends."""
        while b"grpc-status" not in self.trailers:
            self.receive()
        at = self.trailers.index(b"grpc-status") + len(b"grpc-status")
        return self.trailers[at + 1:at + 1 + (self.trailers[at] & 0x7F)]

    def close(self):
        self.socket.close()


def unfinished_call(port, size):
    """Sends all but the last byte of a message, as far as the server takes it; the call, or none."""
    try:
        call = Http2(port)
    except OSError:
        return None
    call.socket.settimeout(0.01)
    try:
        call.send_data(b"\0" + struct.pack(">I", size) + b"x" * (size - 1), False)
    except OSError:
        pass
    return call


def gzip_call(port, message):
    call = Http2(port, b"gzip")
    call.send_data(b"\1" + struct.pack(">I", len(message)) + message, True)
    status = call.status()
    call.close()
    return status


if __name__ == "__main__":
    unittest.main()
