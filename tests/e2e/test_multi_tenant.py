"""Reads of several tenants at once."""
import json
import subprocess
import time
import unittest

from harness import BINARY, Server
from websocket import Refused, Tail

SECOND = 10**9


def new_token():
    out = subprocess.run([BINARY, "hash-token"], capture_output=True, text=True, check=True).stdout.split()
    return out[1], out[3]


class MultiTenant(unittest.TestCase):
    CONFIG = "auth_enabled: true\nquerier:\n  multi_tenant_queries_enabled: true\n"

    def serve(self, config):
        self.server = Server(config).start()
        self.addCleanup(self.server.close)

    def data(self, path, tenant="a|b", **params):
        status, body = self.server.get(path, tenant, **params)
        self.assertEqual(status, 200, body)
        answer = json.loads(body)
        return answer.get("data", answer)

    def fill(self):
        now = time.time_ns() - 5 * SECOND
        for tenant in "abc":
            # The same stream with the same line in each.
            self.assertEqual(self.server.push([({"app": "same"}, [(now, "k=v same line"), (now + 1, f"k={tenant} of {tenant}")])],
                                              tenant)[0], 204)
        self.assertEqual(self.server.push([({"app": "odd", "__tenant_id__": "mine"}, [(now, "odd")])], "b")[0], 204)

    def check(self):
        s = self.server
        rows = sorted((r["stream"]["__tenant_id__"], v[1]) for r in s.query('{app="same"}', "b|a|b")["result"] for v in r["values"])
        self.assertEqual(rows, [("a", "k=a of a"), ("a", "k=v same line"), ("b", "k=b of b"), ("b", "k=v same line")])
        for query, lines in [('{app="same", __tenant_id__="b"}', 2), ('{app="same", __tenant_id__!="b"}', 2),
                             ('{app="same", __tenant_id__=~"a|b"} |= "same"', 2), ('{app="same", __tenant_id__="c"}', 0),
                             ('{original___tenant_id__="mine"}', 1), ('{app="odd", original___tenant_id__=""}', 0)]:
            self.assertEqual(len(s.lines(query, "a|b")), lines, query)
        self.assertEqual(s.query('{app="odd"}', "a|b")["result"][0]["stream"]["original___tenant_id__"], "mine")
        counts = self.data("/loki/api/v1/query", query='sum by (__tenant_id__) (count_over_time({app="same"}[1h]))')["result"]
        self.assertEqual(sorted((c["metric"]["__tenant_id__"], c["value"][1]) for c in counts), [("a", "2"), ("b", "2")])
        self.assertIn("__tenant_id__", self.data("/loki/api/v1/labels"))
        self.assertEqual(self.data("/loki/api/v1/label/__tenant_id__/values"), ["a", "b"])
        self.assertEqual(len(self.data("/loki/api/v1/series", **{"match[]": '{app="same"}'})), 2)
        stats = self.data("/loki/api/v1/index/stats", query='{app="same"}')
        self.assertEqual((stats["streams"], stats["entries"]), (2, 4))
        volume = self.data("/loki/api/v1/index/volume", query='{app="same"}')["result"]
        one = self.data("/loki/api/v1/index/volume", "a", query='{app="same"}')["result"]
        self.assertEqual([v["metric"] for v in volume], [{"app": "same"}])
        self.assertEqual(int(volume[0]["value"][1]), 2 * int(one[0]["value"][1]))
        self.assertNotIn("__tenant_id__", str(self.data("/loki/api/v1/detected_labels", query='{app="same"}')))
        self.assertNotIn("__tenant_id__", str(self.data("/loki/api/v1/detected_fields", query='{app="same"}')))
        self.assertTrue(self.data("/loki/api/v1/patterns", query='{app="same"}'))
        # A single one is as ever.
        self.assertNotIn("__tenant_id__", str(s.query('{app="same"}', "a|a")["result"]))

    def test_reads(self):
        self.serve(self.CONFIG)
        self.fill()
        self.check()
        self.assertEqual(self.server.request("POST", "/flush")[0], 204)
        self.check()

    def test_one_tenant_where_one_is_needed(self):
        self.serve(self.CONFIG)
        refusal = (400, b"multiple org IDs present\n")
        self.assertEqual(self.server.push([({"app": "x"}, [(time.time_ns(), "x")])], "a|b"), refusal)
        with self.assertRaises(Refused) as refused:
            Tail(self.server, '{app="x"}', "a|b")
        self.assertEqual((refused.exception.status, refused.exception.body), refusal)
        self.assertEqual(self.server.get("/loki/api/v1/labels", "a|b/c")[0], 400)
        self.assertEqual(self.server.get("/loki/api/v1/labels", "a|")[0], 400)
        self.serve("auth_enabled: true\n")
        self.assertEqual(self.server.get("/loki/api/v1/labels", "a|b"), refusal)

    def test_all_must_be_allowed(self):
        token, hash_text = new_token()
        self.serve(self.CONFIG + f"auth:\n  mode: static\n  credentials:\n"
                   f"    - {{name: x, token: '{hash_text}', tenants: [a, b], rights: [query]}}\n")
        headers = {"Authorization": "Bearer " + token}
        self.assertEqual(self.server.get("/loki/api/v1/labels", "a|b", headers)[0], 200)
        for tenants in ("a|c", "c|a", "a|b|c"):
            self.assertEqual(self.server.get("/loki/api/v1/labels", tenants, headers)[0], 403)


if __name__ == "__main__":
    unittest.main()
