"""OTLP over HTTP: what OpenTelemetry's exporters send, in every form, is found by queries."""
import gzip
import http.client
import json
import time
import unittest

import harness
from harness import field


def otlp_json(ns, line, attributes=(), resource=(("service.name", "svc"),)):
    def pairs(items):
        return [{"key": k, "value": {"stringValue": v}} for k, v in items]
    return json.dumps({"resourceLogs": [{
        "resource": {"attributes": pairs(resource)},
        "scopeLogs": [{"scope": {"name": "lib"}, "logRecords": [{
            "timeUnixNano": str(ns), "severityNumber": 17, "body": {"stringValue": line},
            "attributes": pairs(attributes)}]}]}]}).encode()


def otlp_protobuf(ns, line):
    record = b"\x09" + ns.to_bytes(8, "little") + field(5, field(1, line))
    attribute = field(1, field(1, b"service.name") + field(2, field(1, b"svc")))
    return field(1, field(1, attribute) + field(2, field(2, record)))


class Otlp(unittest.TestCase):
    def setUp(self):
        self.server = harness.Server("limits_config: {otlp_config: {log_attributes: "
                                     "[{action: index_label, attributes: [kind]}]}}").start()
        self.addCleanup(self.server.close)
        self.now = time.time_ns()

    def send(self, body, kind="application/json", encoding=None):
        headers = {"Content-Type": kind}
        if encoding:
            headers["Content-Encoding"] = encoding
        return self.server.request("POST", "/otlp/v1/logs", body, headers)

    def test_both_formats_compressed_and_chunked(self):
        self.assertEqual(self.send(otlp_json(self.now, "one")), (204, b""))
        self.assertEqual(self.send(gzip.compress(otlp_json(self.now + 1, "two")), encoding="gzip"), (204, b""))
        self.assertEqual(self.send(otlp_protobuf(self.now + 2, b"three"), "application/x-protobuf"), (204, b""))
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port)
        body = otlp_json(self.now + 3, "four")
        connection.request("POST", "/otlp/v1/logs", iter([body[:20], body[20:]]),
                           {"Content-Type": "application/json"}, encode_chunked=True)
        self.assertEqual(connection.getresponse().status, 204)
        connection.close()
        query = '{service_name="svc"}'
        self.assertEqual(sorted(self.server.lines(query)), ["four", "one", "three", "two"])
        self.assertEqual(self.server.request("GET", "/flush")[0], 204)
        self.assertEqual(self.server.lines(query + ' | scope_name="lib" | detected_level="error"',
                                           direction="forward"), ["one", "two", "four"])

    def test_rules_make_labels(self):
        self.assertEqual(self.send(otlp_json(self.now, "a", [("kind", "k"), ("b.c", "d")]))[0], 204)
        self.assertEqual(self.server.lines('{service_name="svc", kind="k"} | b_c="d"'), ["a"])

    def test_errors_are_status_messages(self):
        for body, kind, status, text in [
                (b"{}", "application/json", 422, b"error at least one valid stream is required for ingestion"),
                (b"{}", "text/plain", 400, b"content type: text/plain is not supported"),
                (otlp_json(self.now, "x", [("--", "v")]), "application/json", 400,
                 b'symbolizer lookup: normalization for label name "--" resulted in invalid name "_"')]:
            self.assertEqual(self.send(body, kind), (status, field(2, text)))
        self.assertEqual(self.send(b"x", encoding="br")[0], 400)
        self.assertEqual(self.send(otlp_json(1, "old"))[0], 400)


if __name__ == "__main__":
    unittest.main()
