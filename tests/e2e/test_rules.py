"""logi rules, against a server that speaks the ruler's API as Loki documents it."""
import http.server
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import threading
import unittest
import urllib.parse

from harness import BINARY, Server

GROUP = """name: errors
interval: 1m
rules:
  - alert: Failing
    expr: sum by (app) (rate({env="prod"} |= "failed" [5m])) > 1
    for: 10m
    labels: {severity: page}
"""


class Ruler(http.server.BaseHTTPRequestHandler):
    """/loki/api/v1/rules: namespaces with groups as YAML texts, by tenant."""
    protocol_version = "HTTP/1.1"
    rules = {}

    def answer(self, status, body, kind="text/plain"):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body.encode())))
        self.end_headers()
        self.wfile.write(body.encode())

    def names(self):
        parts = urllib.parse.urlsplit(self.path).path.removeprefix("/loki/api/v1/rules").split("/")[1:]
        return [urllib.parse.unquote(urllib.parse.unquote(part)) for part in parts]

    def mine(self):
        return self.rules.setdefault(self.headers.get("X-Scope-OrgID", "fake"), {})

    def do_GET(self):
        names, mine = self.names(), self.mine()
        if not names:
            text = ""
            for namespace, groups in mine.items():
                text += f"{namespace}:\n"
                for body in groups.values():
                    text += "".join(f"    {'- ' if i == 0 else '  '}{line}\n" for i, line in enumerate(body.splitlines()))
            if not text:
                self.answer(404, "no rule groups found\n")
            else:
                self.answer(200, text, "application/yaml")
        elif names[1:] and names[1] in mine.get(names[0], {}):
            self.answer(200, mine[names[0]][names[1]], "application/yaml")
        else:
            self.answer(404, "group does not exist\n")

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        name = next(line.split(": ", 1)[1] for line in body.splitlines() if line.startswith("name: "))
        if self.headers["Content-Type"] != "application/yaml":
            self.answer(400, "group 0: Groupname must not be empty")
            return
        self.mine().setdefault(self.names()[0], {})[name] = body
        self.answer(202, json.dumps({"status": "success", "data": None, "errorType": "", "error": ""}))

    def do_DELETE(self):
        names, mine = self.names(), self.mine()
        if names[0] not in mine:
            self.answer(404, "group namespace does not exist\n")
            return
        if names[1:]:
            mine[names[0]].pop(names[1], None)
        if not names[1:] or not mine[names[0]]:
            del mine[names[0]]
        self.answer(202, json.dumps({"status": "success", "data": None, "errorType": "", "error": ""}))

    def log_message(self, *arguments):
        pass


class Rules(unittest.TestCase):
    def setUp(self):
        Ruler.rules.clear()
        self.ruler = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Ruler)
        threading.Thread(target=self.ruler.serve_forever, daemon=True).start()
        self.addCleanup(self.ruler.server_close)
        self.addCleanup(self.ruler.shutdown)
        self.url = f"http://127.0.0.1:{self.ruler.server_port}"
        self.folder = tempfile.mkdtemp(prefix="logi-rules-")
        self.addCleanup(shutil.rmtree, self.folder)

    def write(self, name, text):
        path = pathlib.Path(self.folder, name)
        path.write_text(text)
        return str(path)

    def run_rules(self, *arguments, url=None):
        return subprocess.run([BINARY, "rules", *arguments], capture_output=True, text=True, timeout=30, check=False,
                              env={**os.environ, "LOKI_ADDR": url or self.url, "LOKI_ORG_ID": "team"})

    def rules(self, *arguments):
        done = self.run_rules(*arguments)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def test_load_get_sync_and_delete(self):
        indented = "".join(f"    {'- ' if i == 0 else '  '}{line}\n" for i, line in enumerate(GROUP.splitlines()))
        self.write("a.yaml", f"namespace: shop\ngroups:\n{indented}"
                             "    - name: more/groups\n      rules:\n      - record: lines:rate\n"
                             "        expr: sum(rate({app=\"x\"}[1m]))\n")
        self.assertEqual(self.rules("list"), "")
        self.assertEqual(self.rules("diff", self.folder), "+ shop errors\n+ shop more/groups\n")
        self.assertEqual(self.rules("load", self.folder), "+ shop errors\n+ shop more/groups\n")
        self.assertEqual(self.rules("list"), "shop  errors  1 rules\nshop  more/groups  1 rules\n")
        self.assertEqual(list(Ruler.rules), ["team"])
        self.assertIn("alert: Failing", self.rules("get", "shop", "errors"))
        self.assertIn("record: lines:rate", self.rules("get", "shop", "more/groups"))
        self.assertEqual(self.rules("load", self.folder), "nothing differs\n")
        # What is printed is a file that can be loaded again.
        printed = self.write("printed.yaml", self.rules("print"))
        self.assertEqual(self.rules("sync", printed), "nothing differs\n")
        changed = self.write("changed.yaml", f"namespace: shop\ngroups:\n{indented.replace('10m', '20m')}")
        self.assertEqual(self.rules("sync", changed, "--dry-run"), "~ shop errors\n- shop more/groups\n")
        self.assertEqual(self.rules("sync", changed), "~ shop errors\n- shop more/groups\n")
        self.assertIn("for: 20m", self.rules("get", "shop", "errors"))
        self.assertEqual(self.rules("sync", changed, "--namespaces", "other"), "nothing differs\n")
        self.rules("delete", "shop", "errors")
        self.assertEqual(self.rules("list"), "")
        done = self.run_rules("get", "shop", "errors")
        self.assertEqual(done.returncode, 1)
        self.assertIn("there is no group errors in shop", done.stderr)

    def test_bad_rules_are_not_sent(self):
        bad = self.write("bad.yaml", "namespace: n\ngroups:\n- name: g\n  rules:\n  - alert: A\n    expr: sum(rate({a=\n"
                                     "  - record: r\n    alert: B\n    expr: '{a=\"b\"}'\n  - record: c\n    for: 1m\n")
        done = self.run_rules("load", bad)
        self.assertEqual(done.returncode, 1)
        for why in ("group g, rule 1 A: parse error", "rule 2 rB: only one of 'record' and 'alert'",
                    "rule 2 rB: the expression gives lines", "rule 3 c: field 'expr' must be set"):
            self.assertIn(why, done.stderr)
        self.assertEqual(Ruler.rules.get("team", {}), {})
        self.assertEqual(self.run_rules("check", bad).returncode, 1)
        twice = self.write("twice.yaml", "namespace: n\ngroups:\n- name: g\n- name: g\n")
        self.assertIn("has the group g twice", self.run_rules("check", twice).stderr)
        mistyped = self.write("mistyped.yaml", "namespace: team\ngruops:\n- name: g\n")
        empty = tempfile.mkdtemp()
        self.addCleanup(os.rmdir, empty)
        for path, why in ((mistyped, "no list of groups"), (empty, "no file that ends in"), (empty + "/x", "x")):
            done = self.run_rules("sync", path)
            self.assertEqual((done.returncode, why in done.stderr), (1, True), done.stderr)
        self.assertIn("bad.txt", self.run_rules("check", self.write("bad.txt", "a: [")).stderr)

    def test_a_server_without_a_ruler_is_told_apart(self):
        server = Server("ruler: {enable_api: false}\n").start()
        self.addCleanup(server.close)
        good = self.write("good.yaml", f"namespace: n\ngroups:\n- {GROUP.replace(chr(10), chr(10) + '  ')}")
        self.assertEqual(self.rules("check", good), "1 namespaces, 1 groups, 1 rules: good\n")
        for arguments in (("list",), ("get", "a", "b"), ("load", good), ("delete", "a")):
            done = self.run_rules(*arguments, url=server.url)
            self.assertEqual(done.returncode, 1)
            self.assertIn("has no ruler: it answers 404", done.stderr)


if __name__ == "__main__":
    unittest.main()
