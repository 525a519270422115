"""Nobody sees or changes what is another tenant's: every endpoint is tried, with every way to say a tenant.

Two servers have the same of tenant b, and of team `open` of tenant a; one has more of a. With b's credential, and with
the team's, both must give the same answers to everything."""
import concurrent.futures
import contextlib
import json
import pathlib
import socket
import tempfile
import time
import unittest

import clients
import harness
import test_otlp
from isolation_requests import (ALL, DELETES, FIGURES, GUESS, JSON, MARK, READS, RULE, RULES, SECOND, TAILS, TENANT_HEADERS, TENANT_PARAMS,
                                WRITES, Ask, Client, comparable, spellings)
from test_otlp_grpc import EXPORT
from test_rights import new_token
from websocket import Refused, Tail

REFUSALS = (400, 401, 403, 404)
YAML = {"Content-Type": "application/yaml"}
TEAM_MATCHERS = {"team": '{team="open"}', "team2": '{team!="closed", app=~".+"}'}
CREDENTIALS = {"a": ("[a]", "[push, query, delete, rules]", None), "b": ("[b]", "[push, query, delete, rules]", None),
               "bc": ("[b, c]", "[push, query, delete, rules]", None), "operator": ("[ops]", "[admin]", None),
               **{name: ("[a]", "[push, query, delete, rules]", matcher) for name, matcher in TEAM_MATCHERS.items()}}


class Pair:
    """The server with a's secrets, `full`, and the one without, `bare`."""

    def __init__(self, test):
        self.now = (time.time_ns() // (60 * SECOND) - 30) * 60 * SECOND
        self.span = {"start": str(self.now - 600 * SECOND), "end": str(self.now + 1200 * SECOND),
                     "time": str(self.now + 1200 * SECOND), "step": "60"}
        folder = tempfile.TemporaryDirectory()
        test.addClassCleanup(folder.cleanup)
        overrides = pathlib.Path(folder.name, "overrides.yaml")
        tokens = {name: new_token() for name in CREDENTIALS}
        self.tokens = {name: token for name, (token, _) in tokens.items()}
        self.grpc_ports, self.servers = [], {}
        for kind in ("full", "bare"):
            path = overrides.with_name(kind + ".yaml")
            path.write_text("overrides: {a: {log_level_fields: [%slevel]}}\n" % MARK if kind == "full" else "overrides: {}\n")
            self.grpc_ports.append(harness.free_port())
            server = harness.Server(self.config(tokens, path, self.grpc_ports[-1])).start()
            test.addClassCleanup(server.close)
            self.servers[kind] = server
        self.full, self.bare = self.servers["full"], self.servers["bare"]
        self.fill()

    @staticmethod
    def config(tokens, overrides, grpc_port):
        text = (f"auth_enabled: true\ncompactor: {{retention_enabled: true}}\nquerier: {{multi_tenant_queries_enabled: true}}\n"
                f"server: {{otlp_grpc_listen_port: {grpc_port}}}\nruntime_config: {{file: {overrides}}}\n"
                "auth:\n  mode: static\n  credentials:\n")
        for name, (tenants, rights, matcher) in CREDENTIALS.items():
            text += f"    - {{name: {name}, token: '{tokens[name][1]}', tenants: {tenants}, rights: {rights}"
            text += f", matcher: '{matcher}'}}\n" if matcher else "}\n"
        return text

    def client(self, name, kind="full"):
        return Client(self.servers[kind], self.tokens.get(name))

    def open_streams(self, at):
        return [({"app": "own", "team": "open"}, [(at + i, f"number={i} guessfield=o{i} open line {i}") for i in range(10)]),
                ({"app": "other", "team": "open"}, [(at + i, '{"guessjson":"j%d"}' % i, {"guessmeta": "m"}) for i in range(10)])]

    def secret_streams(self, at):
        labels = {"team": "closed", "guess": MARK + "value", MARK + "name": MARK + "text"}
        meta = {"guessmeta": MARK + "meta", MARK + "metaname": "x"}
        return [({"app": MARK + "app", **labels},
                 [(at + i, f"level=critical number=99{i} guessfield={MARK}field{i} {MARK}key=v line of {MARK} {i}", meta)
                  for i in range(10)]),
                ({"app": "own", "guess": MARK, **labels},
                 [(at + i, json.dumps({"guessjson": MARK + "json", MARK + "json": i}), meta) for i in range(10)])]

    def fill(self):
        """Some is in segments and some in memory."""
        for at in (self.now, self.now + 60 * SECOND):
            for kind, server in self.servers.items():
                for name in "ab":
                    more = self.secret_streams(at) if kind == "full" and name == "a" else []
                    self.push(server, name, self.open_streams(at) + more)
                if at == self.now:
                    assert server.request("POST", "/flush", headers=self.headers("operator"))[0] == 204
        assert self.full.request("POST", f"/loki/api/v1/rules/{MARK}", RULE, {**self.headers("a"), **YAML})[0] == 202

    def headers(self, name):
        return {"Authorization": "Bearer " + self.tokens[name]}

    def push(self, server, name, streams, **headers):
        body = json.dumps({"streams": [{"stream": labels, "values": [[str(v[0]), *v[1:]] for v in values]}
                                       for labels, values in streams]}).encode()
        status, text = server.request("POST", "/loki/api/v1/push", body, {**self.headers(name), **JSON, **headers})
        assert status == 204, text


class BoundRules:
    """Needs self.pair."""

    def test_y_rules(self):
        """Groups are bound to what their writer sees; of others it sees none, and takes none away."""
        path = f"/loki/api/v1/rules/{MARK}"
        a = self.pair.client("a")
        self.addCleanup(a.close)
        for name in TEAM_MATCHERS:
            mine = self.pair.client(name)
            self.addCleanup(mine.close)
            self.assertEqual(mine.ask("POST", path, list(YAML.items()), RULE)[0], 403)
            for method in ("GET", "DELETE"):
                self.assertEqual(mine.ask(method, path)[0], 404)
                self.assertEqual(mine.ask(method, f"{path}/{MARK}group")[0], 404 if method == "GET" else 202)
            self.assertNotIn(MARK, mine.send("GET", "/loki/api/v1/rules", Ask())[1])
        self.assertIn(MARK + "group", a.send("GET", "/loki/api/v1/rules", Ask())[1])


class Isolation(BoundRules, unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.pair = Pair(cls)
        cls.listed = harness.endpoints()
        cls.reads = [(methods, path, READS[path]) for methods, path, _, _ in cls.listed if path in READS]

    def setUp(self):
        self.b, self.b_of_bare, self.a = self.pair.client("b"), self.pair.client("b", "bare"), self.pair.client("a")
        for client in (self.b, self.b_of_bare, self.a):
            self.addCleanup(client.close)

    def no_mark(self, answer, *about):
        self.assertNotIn(MARK, answer[1], about)

    def everything_of_a(self):
        """All that is stored of a, and its requests to delete."""
        status, lines = self.a.send("GET", "/loki/api/v1/query_range", Ask(query=ALL, limit="5000", **self.pair.span))
        self.assertEqual(status, 200)
        status, deletes = self.a.send("GET", DELETES, Ask())
        self.assertEqual(status, 200)
        return json.loads(lines.split("\n\n", 1)[1])["data"]["result"], json.loads(deletes.split("\n\n", 1)[1])

    def test_no_endpoint_is_forgotten(self):
        tried = set(READS) | set(WRITES) | set(TAILS) | set(RULES) | {DELETES, EXPORT}
        for methods, path, right, tenants in self.listed:
            if tenants != "none":
                self.assertIn(path, tried, "isolation_requests.py asks nothing of this endpoint")
            else:  # nothing of tenants, or an operator's
                self.assertIn(right, ("everybody", "credential", "admin"), path)
        self.assertEqual(tried - {path for _, path, _, _ in self.listed}, set(), "endpoints that are gone")

    def test_reads_as_oneself(self):
        """b gets what it would get without a; and a is shown what b is not."""
        for methods, path, asks in self.reads:
            marks = 0
            for ask in asks:
                for method in methods:
                    params = self.pair.span
                    own = self.b.send(method, path, ask, params=params)
                    self.no_mark(own, path, ask)
                    bare = self.b_of_bare.send(method, path, ask, params=params)
                    figures = "limit" not in ask.params  # with one, who is first decides how much is read
                    self.assertEqual((own[0], comparable(own[1], figures)), (bare[0], comparable(bare[1], figures)), (method, path, ask))
                    marks += MARK in self.a.send(method, path, ask, params=params)[1]
            self.assertTrue(marks > 0 or path in FIGURES, "requests do not show a its own: " + path)

    def test_reads_by_another_name(self):
        for methods, path, asks in self.reads:
            for ask in asks[:3]:
                own = comparable(self.b.send("GET", path, ask, params=self.pair.span)[1])
                for headers in TENANT_HEADERS:
                    for method in methods + ["HEAD"]:
                        status, text = answer = self.b.send(method, path, ask, headers, self.pair.span)
                        self.no_mark(answer, path, ask, headers)
                        shown = own.split("\n\n")[0] + "\n\n" if method == "HEAD" else own
                        self.assertTrue(status in REFUSALS or comparable(text) == shown, (path, ask, headers, answer))
                        if headers[0][1] == "a" and headers[0][0].lower() == "x-scope-orgid":
                            self.assertEqual(status, 403, (path, headers))
                for method in methods:
                    status, text = answer = self.b.send(method, path, ask, params={**TENANT_PARAMS, **self.pair.span})
                    self.assertEqual(comparable(text), own, (method, path, ask))

    def test_reads_of_several(self):
        bc, bare = self.pair.client("bc"), self.pair.client("bc", "bare")
        self.addCleanup(bc.close)
        self.addCleanup(bare.close)
        for methods, path, asks in self.reads:
            for ask in asks:
                both = [("X-Scope-OrgID", "b|c")]
                status, text = answer = bc.send("GET", path, ask, both, self.pair.span)
                self.no_mark(answer, path, ask)
                self.assertEqual(comparable(text, False), comparable(bare.send("GET", path, ask, both, self.pair.span)[1], False), (path, ask))
            for tenants in ("a|b", "b|a", "b|c|a", "a|c", "c|a|a|b"):
                status, _ = answer = bc.send("GET", path, asks[0], [("X-Scope-OrgID", tenants)], self.pair.span)
                self.assertIn(status, (400, 403), (path, tenants))
                self.no_mark(answer, path, tenants)

    def test_other_spellings_of_paths(self):
        for methods, path, right, _ in self.listed:
            if methods == ["gRPC"]:
                continue
            for spelling in spellings(path.replace("{name}", "guess")):
                for headers in ([], [("X-Scope-OrgID", "a")]):
                    for method in methods:
                        status, _ = answer = self.b.ask(method, spelling, headers)
                        self.no_mark(answer, spelling, headers)
                        if right == "admin":
                            self.assertIn(status, REFUSALS, (method, spelling))
                        elif headers:
                            self.assertNotIn("open", answer[1], (method, spelling))

    def test_what_is_no_tenants(self):
        """Metrics and settings name tenants: they are an operator's, and an operator is nobody's reader."""
        operator = self.pair.client("operator")
        self.addCleanup(operator.close)
        for methods, path, right, tenants in self.listed:
            for method in methods:
                if tenants == "none" and methods != ["gRPC"]:
                    for headers in [[]] + TENANT_HEADERS:
                        status, _ = answer = self.b.send(method, path, Ask(query=ALL), headers)
                        self.no_mark(answer, path, headers)
                        self.assertTrue(right != "admin" or status in REFUSALS, (path, headers, answer))
                elif methods != ["gRPC"]:
                    for headers in ([], [("X-Scope-OrgID", "a")]):
                        answer = operator.send(method, path, READS.get(path, [Ask(query=ALL)])[0], headers)
                        self.assertIn(answer[0], (401, 403), path)
        self.assertIn('tenant="a"', operator.ask("GET", "/metrics")[1])

    def test_writes(self):
        before = self.everything_of_a()
        at = self.pair.now + 90 * SECOND
        for path, body in WRITES.items():
            own = Ask(body=body(at, "own " + path), headers=JSON)
            self.assertEqual(self.b.send("POST", path, own)[0], 204, path)
            for n, headers in enumerate(TENANT_HEADERS):
                line = f"intruder {n} {path}"
                status, _ = answer = self.b.send("POST", path, Ask(body=body(at, line), headers=JSON), headers)
                self.no_mark(answer, path, headers)
                self.assertIn(status, REFUSALS + (204,), (path, headers, answer))
                if headers[0][1] == "a" and headers[0][0].lower() == "x-scope-orgid":
                    self.assertEqual(status, 403, (path, headers))
            self.assertEqual(self.b.send("POST", path, own, params=TENANT_PARAMS)[0], 204)
        protobuf = harness.snappy(harness.protobuf(b'{app="intruder"}', [(at, b"intruder")]))
        for tenant in ("a", "a|b", "A"):
            headers = {"Content-Type": "application/x-protobuf", "X-Scope-OrgID": tenant}
            self.assertIn(self.b.send("POST", "/loki/api/v1/push", Ask(body=protobuf, headers=headers))[0], (400, 403))
        self.pair.push(self.pair.full, "b", [({"app": "intruder", "__tenant_id__": "a"}, [(at, "intruder by a label")])])
        self.check_grpc(at)
        self.assertEqual(self.everything_of_a(), before)

    def check_grpc(self, at):
        record = test_otlp.otlp_protobuf(at, b"intruder by grpc")
        metadata = [{"x-scope-orgid": "a"}, {"x-scope-orgid": ["a", "b"]}, {"x-scope-orgid": "a|b"}, {"x-scope-orgid": "A"},
                    {"x-scope-orgid": ["b", "a"]}, {"x-scope-orgid": "b,a"}, {"tenant": "a"}]
        calls = [(EXPORT, {"authorization": "Bearer " + self.pair.tokens["b"], **m}, record) for m in metadata]
        calls += [(EXPORT, {"authorization": "Bearer " + self.pair.tokens["operator"], "x-scope-orgid": "a"}, record),
                  (EXPORT, {"x-scope-orgid": "a"}, record), ("/loki.Querier/Query", {"x-scope-orgid": "a"}, record),
                  ("/grpc.reflection.v1.ServerReflection/ServerReflectionInfo", {}, record)]
        answers = clients.grpc_calls(f"127.0.0.1:{self.pair.grpc_ports[0]}", calls)
        codes = [answer["code"] for answer in answers]
        self.assertEqual(codes[:4], ["PERMISSION_DENIED", "PERMISSION_DENIED", "INVALID_ARGUMENT", "PERMISSION_DENIED"])
        self.assertEqual(codes[6:], ["OK", "PERMISSION_DENIED", "UNAUTHENTICATED", "UNIMPLEMENTED", "UNIMPLEMENTED"])
        for answer in answers:
            self.assertNotIn(MARK, answer["details"] + bytes.fromhex(answer["message"]).decode("latin-1"))

    def test_tails(self):
        for path in TAILS:
            for query in (ALL, GUESS, '{__tenant_id__="a"}'):
                for headers in ({"X-Scope-OrgID": t} for t in ("a", "A", "a|b", "b|a", "a ", "%61", "../a")):
                    with self.assertRaises(Refused) as refused:
                        Tail(self.pair.full, query, headers={**self.pair.headers("b"), **headers}, path=path)
                    self.assertIn(refused.exception.status, (400, 403), (path, headers))
                    self.assertNotIn(MARK.encode(), refused.exception.body)
            start = str(self.pair.now - SECOND)
            spoofed = "&".join(f"{name}={tenant}" for name, tenant in TENANT_PARAMS.items())
            mine = Tail(self.pair.full, ALL, headers=self.pair.headers("b"), path=f"{path}?{spoofed}&", start=start, limit="5000")
            self.addCleanup(mine.close)
            at = time.time_ns()
            self.pair.push(self.pair.full, "a", [({"app": MARK}, [(at, MARK + "live")])])
            self.pair.push(self.pair.full, "b", [({"app": "own"}, [(at + 1, "live of b " + path)])])
            seen = ""
            while "live of b " + path not in seen:
                message = mine.message()
                self.assertIsInstance(message, str)
                seen += message
            self.assertNotIn(MARK, seen)
            self.assertIn("open line 9", seen)

    def test_z_deletes(self):
        """Last: b deletes what it can."""
        start = str(self.pair.now // SECOND - 600)
        self.assertEqual(self.a.send("POST", DELETES, Ask(), params=None)[0], 400)
        target = DELETES + f"?start={start}&query=%7Bapp%3D%22{MARK}none%22%7D"
        self.assertEqual(self.a.ask("POST", target)[0], 204)
        before = self.everything_of_a()
        [of_a] = before[1]
        self.assertIn(MARK, of_a["query"])
        for headers in [[]] + TENANT_HEADERS:
            for params in ({}, {"start": start, "end": str(int(start) + 5000)}, TENANT_PARAMS):
                status, _ = answer = self.b.send("GET", DELETES, Ask(), headers, params)
                self.no_mark(answer, headers)
                self.assertNotIn(of_a["request_id"], answer[1])
            for force in ("true", "false"):
                status, _ = answer = self.b.send("DELETE", DELETES, Ask(request_id=of_a["request_id"], force=force), headers)
                self.assertIn(status, REFUSALS, headers)
                self.no_mark(answer, headers)
            for method in ("POST", "PUT"):
                query = f"?start={start}&query=%7Bapp%3D~%22.%2B%22%7D&tenant=a&user=a&X-Scope-OrgID=a"
                status, _ = answer = self.b.ask(method, DELETES + query, headers, b"X-Scope-OrgID=a")
                self.assertIn(status, REFUSALS + (204,), (headers, answer))
                self.no_mark(answer, headers)
                if headers and headers[0][1] == "a" and headers[0][0].lower() == "x-scope-orgid":
                    self.assertEqual(status, 403, headers)
        self.assertEqual(self.everything_of_a(), before)
        gone = self.b.send("GET", "/loki/api/v1/query_range", Ask(query=ALL, **self.pair.span))[1]
        self.assertNotIn("open line", gone)  # so b's requests do delete


    def test_rules(self):
        def rules_of_a():
            status, text = self.a.send("GET", "/loki/api/v1/rules", Ask())
            return status, comparable(text, figures=False)

        before = rules_of_a()
        self.assertEqual((before[0], MARK in before[1]), (200, True))
        for path in RULES:
            path = path.replace("{name}", MARK).replace("{group}", MARK + "group")
            for headers in TENANT_HEADERS:
                for method, body in (("GET", None), ("DELETE", None), ("POST", RULE.replace(b"vector(1)", b"vector(2)"))):
                    status, _ = answer = self.b.ask(method, path, headers + list(YAML.items()), body)
                    if method == "GET" and status != 200:  # b may have got one by that name
                        self.no_mark(answer, path, headers)
                    self.assertTrue(status in REFUSALS + (202, 405) or method == "GET", (method, path, headers, answer))
                    if headers[0][1] == "a" and headers[0][0].lower() == "x-scope-orgid":
                        self.assertIn(status, (403, 405), (method, path, headers))
            self.assertEqual(rules_of_a(), before)
            self.assertNotIn("vector(1)", self.b.send("GET", "/loki/api/v1/rules", Ask())[1])
            self.b.ask("DELETE", f"/loki/api/v1/rules/{MARK}")


class Mixed(unittest.TestCase):
    """The same requests at once, on one connection, and in one live tail's evaluation."""

    @classmethod
    def setUpClass(cls):
        cls.pair = Pair(cls)
        cls.reads = [(path, READS[path]) for _, path, _, _ in harness.endpoints() if path in READS]

    def answers(self, client):
        return [comparable(client.send("GET", path, ask, params=self.pair.span)[1], figures=False)
                for path, asks in self.reads for ask in asks]

    def test_at_once(self):
        names = ("a", "b", "team", "team2")
        expected = {}
        for name in names:
            with contextlib.closing(self.pair.client(name)) as client:
                expected[name] = self.answers(client)
        self.assertNotIn(MARK, "".join(expected["b"] + expected["team"]).replace(MARK + "level", ""))  # the tenant's limits
        self.assertEqual(expected["team"], expected["team2"])

        def check(n):
            name = names[n % len(names)]
            with contextlib.closing(self.pair.client(name)) as client:
                return name, self.answers(client)

        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            for name, answers in pool.map(check, range(12)):
                self.assertEqual(answers, expected[name], name)

    def test_on_one_connection(self):
        """As a proxy has it: what one request was allowed says nothing of the next, also where they are sent together."""
        who = ["a", "b", None, "team", "a", "x", "b"] * 3
        target = "/loki/api/v1/series?" + harness.urllib.parse.urlencode({**self.pair.span, "match[]": ALL})
        requests = b""
        for name in who:
            token = f"Authorization: Bearer {self.pair.tokens.get(name, 'wrong')}\r\n" if name else ""
            requests += f"GET {target} HTTP/1.1\r\nHost: x\r\n{token}\r\n".encode()
        with socket.create_connection(("127.0.0.1", self.pair.full.port), timeout=30) as s, s.makefile("rb") as answers:
            s.sendall(requests)
            for name in who:
                status = int(answers.readline().split()[1])
                size = 0
                while (line := answers.readline()) != b"\r\n":
                    size = int(line.split(b":")[1]) if line.lower().startswith(b"content-length") else size
                body = answers.read(size).decode()
                self.assertEqual(status, 401 if name in (None, "x") else 200)
                self.assertEqual(MARK in body, name == "a", name)
                self.assertEqual("other" in body, name in ("a", "b", "team"), name)

    def test_one_query_of_many_followers(self):
        """Who follows the same query shares its evaluation, but not across tenants or matchers."""
        for path in TAILS:
            tails = {name: Tail(self.pair.full, ALL, headers=self.pair.headers(name), path=path, limit="1") for name in ("a", "b", "team")}
            for tail in tails.values():
                self.addCleanup(tail.close)
            at = time.time_ns()
            for n in range(20):
                self.pair.push(self.pair.full, "a", [({"app": "own", "team": "closed"}, [(at + n, f"{MARK} of a {n}")]),
                                                     ({"app": "own", "team": "open"}, [(at + n, f"of team {n}")])])
                self.pair.push(self.pair.full, "b", [({"app": "own", "team": "open"}, [(at + n, f"of b {n}")])])
            seen = dict.fromkeys(tails, "")
            for name, last in (("a", (f"{MARK} of a 19", "of team 19")), ("b", ("of b 19",)), ("team", ("of team 19",))):
                while not all(text in seen[name] for text in last):
                    seen[name] += tails[name].message()
            self.assertNotIn("of b ", seen["a"] + seen["team"])
            self.assertNotIn(MARK, seen["b"] + seen["team"])
            self.assertNotIn("of team", seen["b"])


class WithoutCredentials(unittest.TestCase):
    """Where tenants are believed, as behind a proxy: nothing about a tenant is answered to who names none."""

    def test_a_tenant_is_wanted(self):
        server = harness.Server("compactor: {retention_enabled: true}\n").start()
        self.addCleanup(server.close)
        now = time.time_ns()
        self.assertEqual(server.push([({"app": MARK}, [(now, MARK)])])[0], 204)  # of the tenant that is nobody's
        server.stop()
        pathlib.Path(server.config).write_text("auth_enabled: true\ncompactor: {retention_enabled: true}\n")
        server.start()
        with contextlib.closing(Client(server)) as client:
            for methods, path, _, tenants in harness.endpoints():
                for method in methods if tenants != "none" and methods != ["gRPC"] else []:
                    for headers in ([], [("X-Scope-OrgID", "")], [("X-Scope-OrgID", " ")]):
                        status, text = client.send(method, path, READS.get(path, [Ask(query=ALL)])[0], headers)
                        self.assertEqual((status, text.split("\n\n")[1]), (401, "no org id\n"), (method, path, headers))
                    if path in READS and method == "GET":
                        _, text = client.send(method, path, READS[path][0], [("X-Scope-OrgID", "b")])
                        self.assertNotIn(MARK, text, path)
            self.assertIn(MARK, client.send("GET", "/loki/api/v1/query_range", Ask(query=ALL), [("X-Scope-OrgID", "fake")])[1])


class Matchers(BoundRules, unittest.TestCase):
    """A credential with a matcher: of its own tenant it sees no other streams, in whatever it reads."""

    @classmethod
    def setUpClass(cls):
        cls.pair = Pair(cls)

    def test_reads(self):
        for name in TEAM_MATCHERS:
            mine, bare, whole = self.pair.client(name), self.pair.client(name, "bare"), self.pair.client("a", "bare")
            for client in (mine, bare, whole):
                self.addCleanup(client.close)
            for methods, path, _, _ in harness.endpoints():
                if path == "/loki/api/v1/drilldown-limits" or path == "/config/tenant/v1/limits":
                    continue  # the whole tenant's
                for ask in READS.get(path, []):
                    for method in methods:
                        status, text = mine.send(method, path, ask, params=self.pair.span)
                        self.assertNotIn(MARK, text, (path, ask))
                        for other in (bare, whole):  # there the team's streams are all that there is
                            other_status, other_text = other.send(method, path, ask, params=self.pair.span)
                            self.assertEqual((status, comparable(text, figures=False)),
                                             (other_status, comparable(other_text, figures=False)), (name, method, path, ask))

    def test_tails(self):
        for path in TAILS:
            for name in TEAM_MATCHERS:
                mine = Tail(self.pair.full, ALL, headers=self.pair.headers(name), path=path, limit="5000",
                            start=str(self.pair.now - SECOND))
                self.addCleanup(mine.close)
                at, last = time.time_ns(), f"last {name} {path}"
                self.pair.push(self.pair.full, "a", [({"app": "own", "team": "closed"}, [(at, MARK + "live")]),
                                                     ({"app": "own", "team": "open"}, [(at + 1, last)])])
                seen = ""
                while last not in seen:
                    message = mine.message()
                    self.assertIsInstance(message, str)
                    seen += message
                self.assertNotIn(MARK, seen)
                self.assertNotIn("closed", seen)

    def test_z_deletes(self):
        a, start = self.pair.client("a"), str(self.pair.now // SECOND - 600)
        self.addCleanup(a.close)
        self.assertEqual(a.ask("POST", DELETES + f"?start={start}&query=%7Bapp%3D%22{MARK}none%22%7D")[0], 204)
        for name in TEAM_MATCHERS:
            mine = self.pair.client(name)
            self.addCleanup(mine.close)
            self.assertNotIn(MARK, mine.send("GET", DELETES, Ask())[1])
            for selector in (ALL, GUESS, '{team="closed"}', '{team=~"closed|open"}', '{app="own"} |= ""'):
                status, text = mine.ask("POST", DELETES + f"?start={start}&query=" + harness.urllib.parse.quote(selector))
                self.assertEqual(status, 204, text)
        listed = json.loads(a.send("GET", DELETES, Ask())[1].split("\n\n", 1)[1])
        foreign = next(r["request_id"] for r in listed if MARK in r["query"])
        self.assertEqual(mine.send("DELETE", DELETES, Ask(request_id=foreign, force="true"))[0], 404)
        lines = a.send("GET", "/loki/api/v1/query_range", Ask(query=ALL, limit="5000", **self.pair.span))[1]
        self.assertEqual(lines.count(f"line of {MARK}"), 20)
        self.assertEqual(lines.count(f"{MARK}json\\\":"), 40 // 2)
        self.assertNotIn("open line", lines)


if __name__ == "__main__":
    unittest.main()
