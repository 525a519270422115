"""Tenants never see each other's streams, labels or errors, whatever their ids look like."""
import json
import os
import time
import unittest

from harness import Server

# Legal ids that could meet in one folder or leave it.
TENANTS = ["a", "A", "aB", "Ab", "...", "....", "..a", "a..", "-", "--", "_", "!", "'", "(", ")", "*", "a*", "!-_.*'()", "a.b",
           "a_b", "a-b", "A.B", "2E", "_2E", "fake", "tenants", "catalog", "segments", "CON", "nul", "." * 150, "'" * 150,
           "x" * 150, "x" * 149 + "y"]
ILLEGAL = {".": b"tenant ID is '.' or '..'\n", "..": b"tenant ID is '.' or '..'\n",
           "a/b": b"tenant ID 'a/b' contains unsupported character '/'\n",
           "../up": b"tenant ID '../up' contains unsupported character '/'\n",
           "a\\b": b"tenant ID 'a\\b' contains unsupported character '\\'\n",
           "a%2Fb": b"tenant ID 'a%2Fb' contains unsupported character '%'\n",
           "a b": b"tenant ID 'a b' contains unsupported character ' '\n",
           "a:b": b"tenant ID 'a:b' contains unsupported character ':'\n",
           "a\u00e9": b"contains unsupported character", "a\tb": b"contains unsupported character",
           "a|b": b"multiple org IDs present\n", "|": b"multiple org IDs present\n",
           "x" * 151: b"tenant ID is too long: max 150 characters\n"}


class Tenants(unittest.TestCase):
    def setUp(self):
        self.server = Server("auth_enabled: true\nlimits_config:\n  max_global_streams_per_user: 2\n").start()
        self.addCleanup(self.server.close)

    def data(self, tenant, path, **params):
        status, body = self.server.get(path, tenant, **params)
        self.assertEqual(status, 200, body)
        return json.loads(body).get("data", [])

    def check(self, tenant, number):
        """All that this tenant may see is its own."""
        s, own = self.server, f"own{number}"
        self.assertEqual(s.lines('{app="same"}', tenant), [f"line of {number}"])
        self.assertEqual(sorted(self.data(tenant, "/loki/api/v1/labels")), sorted(["app", own, "service_name"]))
        self.assertEqual(self.data(tenant, "/loki/api/v1/label/app/values"), ["same"])
        self.assertEqual(self.data(tenant, f"/loki/api/v1/label/{own}/values"), [own])
        self.assertEqual(self.data(tenant, f"/loki/api/v1/label/own{number + 1}/values"), [])
        self.assertEqual(self.data(tenant, "/loki/api/v1/series"), [{"app": "same", own: own, "service_name": "same"}])
        count = self.data(tenant, "/loki/api/v1/query", query='sum(count_over_time({app="same"}[1h]))')
        self.assertEqual(count["result"][0]["value"][1], "1")

    def test_nothing_is_shared(self):
        s, t = self.server, time.time_ns()
        for number, tenant in enumerate(TENANTS):
            own = f"own{number}"
            self.assertEqual(s.push([({"app": "same", own: own}, [(t, f"line of {number}")])], tenant)[0], 204, tenant)
        for step in ("head", "segment", "restart"):
            for number, tenant in enumerate(TENANTS):
                with self.subTest(step, tenant=tenant):
                    self.check(tenant, number)
            self.assertEqual(s.lines('{app="same"}', "nobody"), [])
            self.assertEqual(s.get("/loki/api/v1/labels", "nobody")[1], b'{"status":"success"}')
            if step == "head":
                self.assertEqual(s.request("POST", "/flush")[0], 204)
            elif step == "segment":
                self.assertEqual(s.stop(), 0)
                s.start()
        folders = os.listdir(os.path.join(s.data, "bucket/tenants"))
        self.assertEqual(len(folders), len(TENANTS), folders)
        self.assertEqual(sorted(os.listdir(s.data)), ["bucket", "journal", "lock"])
        self.assertEqual(os.listdir(s.folder).count("data"), 1)
        for folder in folders:
            self.assertEqual(sorted(os.listdir(os.path.join(s.data, "bucket/tenants", folder))), ["catalog", "segments"])
            self.assertNotIn(folder[0], ".")

    def test_illegal_ids_are_refused(self):
        s = self.server
        streams = [({"app": "a"}, [(time.time_ns(), "x")])]
        for tenant, text in ILLEGAL.items():
            header = tenant.encode().decode("latin-1")
            status, body = s.push(streams, header)
            self.assertEqual((status, text in body), (400, True), (tenant, body))
        for status, body in (s.push(streams), s.get("/loki/api/v1/labels"), s.get("/loki/api/v1/query", query="1")):
            self.assertEqual((status, body), (401, b"no org id\n"))
        self.assertFalse(os.path.exists(os.path.join(s.data, "bucket/tenants")) and
                         os.listdir(os.path.join(s.data, "bucket/tenants")))

    def test_limits_and_errors_are_their_own(self):
        s, t = self.server, time.time_ns()
        for i in range(2):
            self.assertEqual(s.push([({"secret": f"of one {i}"}, [(t, "x")])], "one")[0], 204)
        status, body = s.push([({"secret": "of one 2"}, [(t, "x")])], "one")
        self.assertEqual(status, 429)
        self.assertIn(b"user: 'one'", body)
        # The other one has all of its limit, and no word about the first.
        for i in range(2):
            self.assertEqual(s.push([({"app": f"{i}"}, [(t, "x")])], "two")[0], 204)
        status, body = s.push([({"app": "2"}, [(t, "x")])], "two")
        self.assertEqual(status, 429)
        self.assertIn(b"user: 'two'", body)
        self.assertNotIn(b"one", body)
        big = [({"app": "0"}, [(t + i, "x" * 200_000) for i in range(40)])]
        status, body = s.push(big, "two")
        self.assertEqual(status, 429)
        self.assertIn(b"ingestion rate limit exceeded for user two (limit: 4194304 bytes/sec)", body)
        self.assertEqual(s.push([({"secret": "of one 1"}, [(t + 1, "y" * 100_000)])], "one")[0], 204)

    def test_without_authentication_all_are_one(self):
        server = Server().start()
        self.addCleanup(server.close)
        self.assertEqual(server.push([({"app": "a"}, [(time.time_ns(), "x")])], "../../up|x")[0], 204)
        self.assertEqual(server.lines('{app="a"}', "other"), ["x"])


if __name__ == "__main__":
    unittest.main()
