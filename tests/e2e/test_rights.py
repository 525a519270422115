"""Credentials: who may what, and that nobody sees what is another tenant's, or another team's."""
import base64
import json
import pathlib
import subprocess
import time
import unittest

from harness import BINARY, Server, endpoints
from websocket import Refused, Tail

SECOND = 10**9
READS = [("/loki/api/v1/query_range", {"query": '{app=~".+"}'}),
         ("/loki/api/v1/query_range", {"query": 'sum by (app, team) (count_over_time({app=~".+"}[1h]))'}),
         ("/loki/api/v1/query_range", {"query": '{app=~".+"}', "explain": "true"}),
         ("/loki/api/v1/query", {"query": 'sum by (app, team) (bytes_over_time({app=~".+"}[1h]))'}),
         ("/loki/api/v1/query", {"query": 'count_over_time({app="secret"} |= "secret" [1h]) or vector(0)'}),
         ("/loki/api/v1/labels", {}), ("/loki/api/v1/label", {}),
         ("/loki/api/v1/label/app/values", {}), ("/loki/api/v1/label/team/values", {}),
         ("/loki/api/v1/label/secretlabel/values", {}),
         ("/loki/api/v1/series", {}), ("/loki/api/v1/series", {"match[]": '{app=~".+"}'}),
         ("/loki/api/v1/index/stats", {"query": '{app=~".+"}'}),
         ("/loki/api/v1/index/volume", {"query": '{app=~".+"}'}), ("/loki/api/v1/index/volume", {"query": "{}"}),
         ("/loki/api/v1/index/volume_range", {"query": '{app=~".+"}'}),
         ("/loki/api/v1/detected_labels", {}), ("/loki/api/v1/detected_fields", {"query": '{app=~".+"}'}),
         ("/loki/api/v1/detected_field/secretfield/values", {"query": '{app=~".+"} | logfmt'}),
         ("/loki/api/v1/patterns", {"query": '{app=~".+"}'}),
         ("/api/prom/query", {"query": '{app=~".+"}'}), ("/api/prom/label", {}), ("/api/prom/label/app/values", {}), ("/api/prom/series", {"match[]": '{app=~".+"}'})]
OPERATOR = [("GET", "/metrics"), ("GET", "/config"), ("POST", "/flush"), ("GET", "/log_level"), ("POST", "/log_level?log_level=debug")]


def hashed(secret):
    return subprocess.run([BINARY, "hash-token", "--stdin"], input=secret + "\n", capture_output=True, text=True,
                          check=True).stdout.split("hash: ")[1].strip()


def new_token():
    out = subprocess.run([BINARY, "hash-token"], capture_output=True, text=True, check=True).stdout.split()
    return out[1], out[3]


TOKENS = {name: new_token() for name in ("a", "b", "team", "pusher", "operator", "all")}
CONFIG = f"""
auth_enabled: true
compactor:
  retention_enabled: true
auth:
  mode: static
  credentials:
    - {{name: of-a, token: "{TOKENS['a'][1]}", tenants: [a], rights: [push, query, delete]}}
    - {{name: of-b, token: "{TOKENS['b'][1]}", tenants: [b, b2], rights: [push, query, delete]}}
    - {{name: team, token: "{TOKENS['team'][1]}", tenants: [a], rights: [push, query, delete], matcher: '{{team="open"}}'}}
    - {{name: pusher, token: "{TOKENS['pusher'][1]}", tenants: [a], rights: [push]}}
    - {{name: operator, token: "{TOKENS['operator'][1]}", tenants: [nobody], rights: [admin]}}
    - {{name: all, token: "{TOKENS['all'][1]}", tenants: ["*"], rights: [query]}}
    - {{name: grafana, user: grafana, password: "{hashed('a pass:word')}", tenants: [a], rights: [query]}}
"""


def bearer(name, tenant=None):
    headers = {"Authorization": "Bearer " + TOKENS[name][0]}
    return {**headers, "X-Scope-OrgID": tenant} if tenant else headers


def basic(text):
    return {"Authorization": "Basic " + base64.b64encode(text.encode()).decode()}


class Rights(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = s = Server(CONFIG).start()
        cls.addClassCleanup(s.close)
        now = time.time_ns() - 10 * SECOND
        for i in range(2):  # some in a segment, some in memory
            cls.push("a", [({"app": "secret", "team": "closed", "secretlabel": "s"},
                            [(now + i, f"secretfield=secretvalue the secret is {n}") for n in range(20)]),
                           ({"app": "shown", "team": "open"}, [(now + i, f"k=v open line {n}") for n in range(20)])])
            s.request("POST", "/flush", headers=bearer("operator"))
            now += SECOND

    @classmethod
    def push(cls, name, streams, tenant=None):
        body = json.dumps({"streams": [{"stream": labels, "values": [[str(t), line] for t, line in values]}
                                       for labels, values in streams]}).encode()
        headers = {**bearer(name, tenant), "Content-Type": "application/json"}
        return cls.server.request("POST", "/loki/api/v1/push", body, headers)

    def get(self, path, headers, **params):
        return self.server.get(path, headers=headers, **params)

    def test_wrong_credentials(self):
        for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "Bearer " + TOKENS["a"][0] + "x"},
                        {"Authorization": TOKENS["a"][0]}, {"Authorization": "Bearer " + TOKENS["a"][1]},
                        basic("grafana:wrong"), basic("grafana:"), basic("a pass:word")):
            for path, params in READS + [(path, {}) for _, path in OPERATOR]:
                status, body = self.get(path.split("?")[0], {**headers, "X-Scope-OrgID": "a"}, **params)
                self.assertEqual((status, body), (401, b"the credential is missing or wrong\n"), (path, headers))
            with self.assertRaises(Refused) as refused:
                Tail(self.server, '{app="a"}', headers={**headers, "X-Scope-OrgID": "a"})
            self.assertEqual(refused.exception.status, 401)
        self.assertEqual(self.server.request("GET", "/ready")[0], 200)
        self.assertEqual(self.get("/loki/api/v1/labels", basic("grafana:a pass:word"))[0], 200)

    def test_another_tenants_credential(self):
        for path, params in READS:
            for name, tenant in (("b", "a"), ("team", "b"), ("operator", "a"), ("pusher", "a")):
                self.assertEqual(self.get(path, bearer(name, tenant), **params)[0], 403, (path, name))
            status, body = self.get(path, bearer("b", "b"), **params)
            self.assertLess(status, 500)
            self.assertNotIn(b"secret", body.replace(b'app=\\"secret\\"', b""), (path, body))
            self.assertNotIn(b"shown", body, (path, body))
            self.assertEqual(self.get(path, bearer("all", "a"), **params)[0], 200, path)
        for name, tenant in (("b", "a"), ("pusher", "a")):
            with self.assertRaises(Refused) as refused:
                Tail(self.server, '{app="secret"}', headers=bearer(name, tenant))
            self.assertEqual(refused.exception.status, 403)
        self.assertEqual(self.push("b", [({"app": "x"}, [(time.time_ns(), "x")])], "a")[0], 403)
        self.assertEqual(self.push("all", [({"app": "x"}, [(time.time_ns(), "x")])], "a")[0], 403)
        for method in ("GET", "POST", "PUT", "DELETE"):
            status = self.server.request(method, "/loki/api/v1/delete?query={app=%22x%22}&start=1700000000", headers=bearer("b", "a"))[0]
            self.assertEqual(status, 403, method)
        # Which of two tenants has to be said; of one it need not.
        self.assertEqual(self.get("/loki/api/v1/labels", bearer("b"))[0], 401)
        self.assertEqual(self.get("/loki/api/v1/labels", bearer("a"))[0], 200)
        self.assertEqual(self.get("/loki/api/v1/labels", bearer("a", "a|b"))[0], 400)

    def test_what_is_an_operators(self):
        for method, path in OPERATOR:
            for name in ("a", "all", "team"):
                status, body = self.server.request(method, path, headers=bearer(name, "a"))
                self.assertEqual((status, body), (403, b"the credential lacks the right 'admin'\n"), path)
        self.assertIn(b'tenant="a"', self.server.request("GET", "/metrics", headers=bearer("operator"))[1])
        config = self.server.request("GET", "/config", headers=bearer("operator"))[1]
        self.assertIn(b"of-a", config)
        self.assertNotIn(b"scrypt", config)

    def test_a_team_sees_its_own_streams(self):
        for path, params in READS:
            status, body = self.get(path, bearer("team"), **params)
            self.assertEqual(status, 200, (path, body))
            # Query texts come back in plans.
            self.assertNotIn(b"secret", body.replace(b'app=\\"secret\\"', b""), (path, params, body))
            self.assertNotIn(b"closed", body, (path, params, body))
            whole = self.get(path, bearer("a"), **params)[1]
            if params.get("query", "").startswith("{app") and "field/" not in path and "explain" not in params:
                self.assertNotEqual(whole, body, path)
        stats = json.loads(self.get("/loki/api/v1/index/stats", bearer("team"), query='{app=~".+"}')[1])
        self.assertEqual((stats["streams"], stats["entries"]), (1, 40))
        volume = json.loads(self.get("/loki/api/v1/index/volume", bearer("team"), query='{app=~".+"}')[1])
        self.assertEqual([s["metric"] for s in volume["data"]["result"]], [{"app": "shown"}])
        self.assertIn(b"open line", self.get("/loki/api/v1/query_range", bearer("team"), query='{app="shown"}')[1])
        mine, all_of_a = Tail(self.server, '{app=~".+"}', headers=bearer("team")), Tail(self.server, '{app=~".+"}', headers=bearer("a"))
        self.addCleanup(mine.close)
        self.addCleanup(all_of_a.close)
        self.assertTrue(all("open line" in line for line in mine.lines(40)))
        all_of_a.lines(80)
        now = time.time_ns()
        self.assertEqual(self.push("pusher", [({"app": "secret", "team": "closed"}, [(now, "the secret of now")]),
                                              ({"app": "shown", "team": "open"}, [(now, "open line of now")])])[0], 204)
        self.assertEqual(sorted(all_of_a.lines(2)), ["open line of now", "the secret of now"])
        self.assertEqual(mine.lines(1), ["open line of now"])

    def test_z_a_team_deletes_its_own_lines(self):
        s, start = self.server, int(time.time()) - 100
        now = time.time_ns() - 30 * SECOND
        self.assertEqual(self.push("a", [({"app": "del", "team": team}, [(now, f"gone {team}")]) for team in ("open", "closed")])[0], 204)

        def delete(method, name, **params):
            query = "&".join(f"{k}={v}" for k, v in params.items())
            return s.request(method, f"/loki/api/v1/delete?{query}", headers=bearer(name))

        selector = "%7Bapp=%22del%22%7D"
        self.assertEqual(delete("POST", "team", query=selector, start=start)[0], 204)
        lines = self.get("/loki/api/v1/query_range", bearer("a"), query='{app="del"}')[1]
        self.assertIn(b"gone closed", lines)
        self.assertNotIn(b"gone open", lines)
        self.assertEqual(delete("POST", "a", query="%7Bapp=%22none%22,x=%22secret%22%7D", start=start)[0], 204)
        all_of_a = json.loads(delete("GET", "a")[1])
        mine = json.loads(delete("GET", "team")[1])
        self.assertEqual((len(all_of_a), len(mine)), (2, 1))
        self.assertEqual(mine[0]["query"], '{app="del", team="open"}')
        foreign = next(r for r in all_of_a if "secret" in r["query"])
        self.assertEqual(delete("DELETE", "team", request_id=foreign["request_id"])[0], 404)
        self.assertEqual(len(json.loads(delete("GET", "a")[1])), 2)
        self.assertEqual(delete("DELETE", "team", request_id=mine[0]["request_id"])[0], 204)

    def test_zz_the_log_has_no_secrets(self):
        log = self.server.log_text()
        self.assertIn("credential=of-b", log)
        for token, hash_text in TOKENS.values():
            self.assertNotIn(token, log)
            self.assertNotIn(hash_text, log)


class EveryEndpoint(unittest.TestCase):
    """What `logi endpoints` says is what is asked for."""
    RIGHTS = ("push", "query", "delete", "rules", "admin")

    @classmethod
    def setUpClass(cls):
        cls.tokens = {right: new_token() for right in cls.RIGHTS + ("none",)}
        cls.server = s = Server("auth_enabled: true\ncompactor: {retention_enabled: true}\n"
                                "auth:\n  mode: static\n  credentials:\n" + "".join(
                                    f"    - {{name: {name}, token: '{hash_text}', tenants: [a], rights: [{name if name != 'none' else ''}]}}\n"
                                    for name, (_, hash_text) in cls.tokens.items())).start()
        cls.addClassCleanup(s.close)

    def status(self, method, path, name):
        headers = {"X-Scope-OrgID": "a"} | ({"Authorization": "Bearer " + self.tokens[name][0]} if name else {})
        path = path.replace("{name}", "x").replace("/ingester/shutdown", "/ingester/shutdown?terminate=false")
        return self.server.request(method, path, headers=headers)[0]

    def test_each_wants_its_right(self):
        listed = [e for e in endpoints() if e[0] != ["gRPC"]]
        self.assertEqual({right for _, _, right, _ in listed} , {"everybody", "credential", "push", "query", "delete", "rules", "admin"})
        for methods, path, right, tenants in listed:
            self.assertIn(tenants, ("none", "one", "several"))
            for method in methods:
                with self.subTest(method=method, path=path):
                    self.assertEqual(self.status(method, path, None) == 401, right != "everybody")
                    for name in self.tokens:
                        lets_in = right in ("everybody", "credential", name)
                        self.assertEqual(self.status(method, path, name) == 403, not lets_in, name)
            for method in {"GET", "POST", "PUT", "DELETE", "PATCH"} - set(methods):
                self.assertEqual(self.status(method, path, None), 405, path)


class Settings(unittest.TestCase):
    def check(self, text):
        server = Server(text)
        self.addCleanup(server.close)
        return subprocess.run([BINARY, "check", "config", server.config], capture_output=True, text=True)

    def test_mistakes(self):
        good = f"auth:\n  mode: static\n  credentials:\n    - {{name: x, token: '{TOKENS['a'][1]}', tenants: [a], rights: [query]"
        self.assertEqual(self.check(good + "}\n").returncode, 0)
        for text, message in [(good + ", matchers: '{a=\"b\"}'}\n", "has no key 'matchers'"),
                              (good + ", rights: [push]}\n", "given twice"),
                              (good.replace("[query]", "[reed]") + "}\n", "there is no right 'reed'"),
                              (good.replace("mode", "mod") + "}\n", "did you mean 'mode'?"),
                              (good.replace("static", "open") + "}\n", "expected none, static or mtls"),
                              (good.replace("static", "none") + "}\n", "mode is none")]:
            result = self.check(text)
            self.assertEqual(result.returncode, 1, text)
            self.assertIn(message, result.stderr)


if __name__ == "__main__":
    unittest.main()
