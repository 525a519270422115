"""Rules of Logi itself: kept, evaluated, told to a real Alertmanager and written to a real Prometheus."""
import json
import os
import pathlib
import subprocess
import tempfile
import time
import unittest
import urllib.parse

import yaml

from harness import BINARY, Server, free_port
from receivers import Alertmanager, Prometheus, wait_until

RULES = "/loki/api/v1/rules"
YAML = {"Content-Type": "application/yaml"}
FAST = "  evaluation_interval: 1s\n  poll_interval: 1s\n  resend_delay: 1s\n"
GOOD = {"status": "success", "data": None, "errorType": "", "error": ""}


def group(name, *rules, **keys):
    return {"name": name, **keys, "rules": list(rules)}


def alert(name, expr, **keys):
    return {"alert": name, "expr": expr, **keys}


class RulerCase(unittest.TestCase):
    def serve(self, config="", **how):
        server = Server(config, **how).start()
        self.addCleanup(server.close)
        return server

    def post(self, server, namespace, body, tenant=None):
        text = body if isinstance(body, str) else json.dumps(body)
        headers = {**YAML, **({"X-Scope-OrgID": tenant} if tenant else {})}
        status, answer = server.request("POST", f"{RULES}/{namespace}", text.encode(), headers)
        return status, answer.decode()

    def add(self, server, namespace, body, tenant=None):
        self.assertEqual(self.post(server, namespace, body, tenant), (202, json.dumps(GOOD, separators=(",", ":"))))

    def groups(self, server, tenant=None, **params):
        status, body = server.get("/prometheus/api/v1/rules", tenant, **params)
        self.assertEqual(status, 200, body)
        return json.loads(body)["data"]["groups"]

    def rule(self, server, name):
        return next((rule for each in self.groups(server) for rule in each["rules"] if rule["name"] == name), None)


class Store(RulerCase):
    def test_groups_are_written_read_and_removed(self):
        s = self.serve()
        self.assertEqual(s.request("GET", RULES), (404, b"no rule groups found\n"))
        self.assertEqual(s.request("GET", f"{RULES}/n/g"), (404, b"group does not exist\n"))
        self.assertEqual(s.request("DELETE", f"{RULES}/n"), (404, b"group namespace does not exist\n"))
        first = group("g", alert("A", 'sum(rate({a="b"}[1m])) > 1', **{"for": "5m", "labels": {"severity": "page"}}), interval="1m")
        second = group("h/i", {"record": "a:b", "expr": 'sum(rate({a="b"}[1m]))'}, limit=5)
        self.add(s, "n", first)
        self.add(s, "n", second)
        self.add(s, "m%252Fx", group("empty"))
        whole = {"m/x": [{"name": "empty", "rules": []}], "n": [first, second]}
        for prefix in (RULES, "/api/prom/rules"):
            status, body = s.request("GET", prefix)
            self.assertEqual((status, yaml.safe_load(body)), (200, whole))
            self.assertEqual(yaml.safe_load(s.request("GET", prefix + "/n")[1]), {"n": whole["n"]})
            self.assertEqual(yaml.safe_load(s.request("GET", prefix + "/n/h%252Fi")[1]), second)
            self.assertEqual(s.request("GET", prefix + "/x"), (404, b"no rule groups found\n"))
        self.assertEqual(yaml.safe_load(s.get(RULES, labels="severity:page")[1]), {"n": [first]})
        self.assertEqual(s.get(RULES, labels="severity:none"), (200, b"{}\n"))
        # They outlive the process, however it ends.
        s.kill()
        s.start()
        self.assertEqual(yaml.safe_load(s.request("GET", RULES)[1]), whole)
        self.assertEqual(s.request("DELETE", f"{RULES}/n/g")[0], 202)
        self.assertEqual(s.request("DELETE", f"{RULES}/n/g")[0], 202)
        self.assertEqual(s.request("DELETE", f"{RULES}/m%252Fx")[0], 202)
        self.assertEqual(yaml.safe_load(s.request("GET", RULES)[1]), {"n": [second]})

    def test_what_is_refused(self):
        s = self.serve("limits_config: {ruler_max_rules_per_rule_group: 2, ruler_max_rule_groups_per_tenant: 2}\n")
        rule = alert("A", "vector(1)")
        for body, message in (
                ("[", "unable to decoded rule group"), ("name: [x]", "unable to decoded rule group"),
                ("", "group 0: Groupname must not be empty"),
                (group("g", {"expr": "vector(1)"}, alert("A", "")),
                 "one of 'record' or 'alert' must be set, field 'expr' must be set in rule"),
                (group("g", alert("A", "vector(1)", annotations={"a": "{{ $labels.x "})), 'annotation "a": template: __alert_A:1: '),
                (group("g", rule, rule, rule), "per-user rules per rule group limit (limit: 2 actual: 3) exceeded")):
            status, text = self.post(s, "n", body)
            self.assertEqual((status, text.startswith(message)), (400, True), text)
        self.add(s, "n", group("a", rule))
        self.add(s, "m", group("b", rule))
        self.assertEqual(self.post(s, "n", group("c", rule)), (400, "per-user rule groups limit (limit: 2 actual: 3) exceeded\n"))
        self.add(s, "n", group("a", rule, rule))  # it is there already
        self.assertEqual(self.post(s, "..%252Fx", group("a"))[0], 400)
        self.assertEqual(s.request("GET", "/prometheus/api/v1/rules?type=x")[0], 400)

    def test_logi_rules_against_logi(self):
        s = self.serve()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        path = pathlib.Path(folder.name, "shop.yaml")

        def rules(*arguments):
            done = subprocess.run([BINARY, "rules", *arguments], capture_output=True, text=True, timeout=30,
                                  env={**os.environ, "LOKI_ADDR": s.url})
            self.assertEqual(done.returncode, 0, done.stderr)
            return done.stdout

        groups = [group("errors", alert("A", 'sum(rate({a="b"}[1m])) > 1', **{"for": "600s"}), interval="60s"),
                  group("more/groups", {"record": "a:b", "expr": 'sum(rate({a="b"}[1m]))'})]
        path.write_text(yaml.safe_dump({"namespace": "shop", "groups": groups}))
        self.assertEqual(rules("list"), "")
        self.assertEqual(rules("check", folder.name), "1 namespaces, 2 groups, 2 rules: good\n")
        self.assertEqual(rules("diff", folder.name), "+ shop errors\n+ shop more/groups\n")
        rules("load", folder.name)
        self.assertEqual(rules("list"), "shop  errors  1 rules\nshop  more/groups  1 rules\n")
        self.assertIn("alert: A", rules("get", "shop", "errors"))
        self.assertIn("record: a:b", rules("get", "shop", "more/groups"))
        # Durations are the same however they are written.
        self.assertEqual(rules("diff", folder.name), "nothing differs\n")
        printed = path.with_name("printed.yml")
        printed.write_text(rules("print"))
        self.assertEqual(rules("sync", str(printed)), "nothing differs\n")
        groups.pop()
        path.write_text(yaml.safe_dump({"namespace": "shop", "groups": groups}))
        self.assertEqual(rules("sync", str(path)), "- shop more/groups\n")
        rules("delete", "shop", "errors")
        self.assertEqual(rules("list"), "")

    def test_files_that_somebody_else_writes(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        file = pathlib.Path(folder.name, "fake", "a.yaml")
        file.parent.mkdir()
        file.write_text(yaml.safe_dump({"groups": [group("g", alert("A", "vector(1)"))]}))
        s = self.serve(f"ruler:\n{FAST}  storage: {{type: local, local: {{directory: {folder.name}}}}}\n")
        self.assertEqual(list(yaml.safe_load(s.request("GET", RULES)[1])), ["a.yaml"])
        self.assertEqual(self.post(s, "n", group("g"))[0], 400)
        self.assertEqual(s.request("GET", f"{RULES}/a.yaml/g"), (400, b"GetRuleGroup unsupported in rule local store\n"))
        wait_until(lambda: (self.rule(s, "A") or {}).get("state") == "firing", what="the alert")
        file.write_text(yaml.safe_dump({"groups": [group("g", alert("B", "vector(1)"))]}))
        wait_until(lambda: (self.rule(s, "B") or {}).get("state") == "firing", what="the alert")
        self.assertIsNone(self.rule(s, "A"))


class Evaluation(RulerCase):
    def push(self, server, count, app="a"):
        now = time.time_ns()
        self.assertEqual(server.push([({"app": app}, [(now - i, f"line {i}") for i in range(count)])])[0], 204)

    def test_an_alert_from_line_to_alertmanager(self):
        manager = Alertmanager(self).start()
        s = self.serve(f"ruler:\n{FAST}  alertmanager_url: {manager.url}, http://127.0.0.1:{free_port()}\n"
                       "  external_url: http://grafana/\n  datasource_uid: u\n  external_labels: {cluster: eu}\n"
                       "  alert_relabel_configs: [{action: labeldrop, regex: secret}]\n")
        expr = 'sum by (app) (count_over_time({app="a"}[10s])) > 2'
        self.add(s, "n", group("g", alert("Many", expr, labels={"severity": "page", "secret": "x"},
                                          annotations={"text": "{{ $labels.app }} has {{ $value }} in {{ $externalLabels.cluster }}"})))
        wait_until(lambda: self.rule(s, "Many")["health"] == "ok", what="an evaluation")
        self.assertEqual(self.rule(s, "Many")["state"], "inactive")
        self.push(s, 5)
        told, = wait_until(lambda: manager.alerts("Many"), what="the alert")
        self.assertEqual(told["labels"], {"alertname": "Many", "app": "a", "severity": "page", "cluster": "eu"})
        self.assertEqual(told["annotations"], {"text": "a has 5 in eu"})
        url = urllib.parse.urlsplit(told["generatorURL"])
        self.assertEqual((url.netloc, url.path), ("grafana", "/explore"))
        query, = json.loads(urllib.parse.parse_qs(url.query)["left"][0])["queries"]
        self.assertEqual((query["expr"], query["datasource"]), (expr, {"type": "loki", "uid": "u"}))
        rule = self.rule(s, "Many")
        self.assertEqual((rule["state"], rule["type"], rule["alerts"][0]["value"]), ("firing", "alerting", "5e+00"))
        status, body = s.get("/prometheus/api/v1/alerts")
        self.assertEqual([each["labels"]["alertname"] for each in json.loads(body)["data"]["alerts"]], ["Many"])
        # When the lines are too old it is resolved, and the Alertmanager knows at once.
        wait_until(lambda: self.rule(s, "Many")["state"] == "inactive", what="the end")
        wait_until(lambda: not manager.alerts("Many"), what="the end of the alert")
        metrics = s.request("GET", "/metrics")[1].decode()
        self.assertRegex(metrics, r'loki_prometheus_notifications_sent_total\{[^}]*\} [1-9]')
        self.assertRegex(metrics, r'loki_prometheus_notifications_errors_total\{[^}]*\} [1-9]')
        self.assertRegex(metrics, r'loki_prometheus_rule_evaluations_total\{rule_group="n;g",user="fake"\} [1-9]')

    def test_waiting_outlives_a_kill(self):
        s = self.serve(f"ruler:\n{FAST}")
        self.add(s, "n", group("g", alert("Soon", "vector(1)", **{"for": "8s"})))
        pending = wait_until(lambda: self.rule(s, "Soon")["state"] == "pending" and self.rule(s, "Soon"), what="the alert")
        time.sleep(2)
        s.kill()
        s.start()
        rule = wait_until(lambda: self.rule(s, "Soon")["health"] == "ok" and self.rule(s, "Soon"), what="an evaluation")
        self.assertEqual(rule["alerts"][0]["activeAt"], pending["alerts"][0]["activeAt"])
        rule = wait_until(lambda: self.rule(s, "Soon")["state"] == "firing" and self.rule(s, "Soon"), what="the alert")
        self.assertEqual(rule["alerts"][0]["activeAt"], pending["alerts"][0]["activeAt"])

    def test_series_arrive_after_an_outage_and_a_kill(self):
        prometheus = Prometheus(self)
        s = self.serve(f"ruler:\n{FAST}  remote_write:\n    enabled: true\n    clients:\n      here:\n"
                       f"        url: {prometheus.url}/api/v1/write\n"
                       "        queue_config: {max_backoff: 200ms}\n"
                       "        write_relabel_configs: [{action: drop, source_labels: [__name__], regex: unwanted}]\n")
        self.push(s, 7)
        self.add(s, "n", group("g", {"record": "lines:count", "expr": 'sum by (app) (count_over_time({app="a"}[1h]))', "labels": {"team": "t"}},
                               {"record": "unwanted", "expr": "vector(1)"}, alert("Always", "vector(1)")))
        wait_until(lambda: (self.rule(s, "lines:count") or {}).get("health") == "ok", what="an evaluation")
        time.sleep(2)  # nobody takes what is recorded
        before = time.time()
        s.kill()
        prometheus.start()
        s.start()
        got = wait_until(lambda: prometheus.query("lines:count"), what="the series")
        self.assertEqual(got, [({"__name__": "lines:count", "app": "a", "team": "t", "rule_group": "g"}, 7.0)])
        # Also what was recorded before anybody took it.
        count = wait_until(lambda: prometheus.query("count_over_time(lines:count[1h])", time=before), what="the older points")
        self.assertGreaterEqual(count[0][1], 2)
        self.assertEqual(prometheus.query("unwanted"), [])
        wait_until(lambda: prometheus.query('ALERTS{alertname="Always", alertstate="firing"}'), what="ALERTS")
        self.assertIn("loki_ruler_wal_prometheus_remote_storage_samples_total", s.request("GET", "/metrics")[1].decode())

    def test_tenants_have_receivers_of_their_own(self):
        prometheus, manager = Prometheus(self).start(), Alertmanager(self).start()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        overrides = pathlib.Path(folder.name, "overrides.yaml")
        overrides.write_text(yaml.safe_dump({"overrides": {
            "a": {"ruler_alertmanager_config": {"alertmanager_url": manager.url, "external_labels": {"of": "a"}},
                  "ruler_remote_write_config": {"here": {"url": prometheus.url + "/api/v1/write"}}},
            "b": {"ruler_remote_write_disabled": True}}}))
        nowhere = f"http://127.0.0.1:{free_port()}"
        s = self.serve(f"auth_enabled: true\nruntime_config: {{file: {overrides}}}\nruler:\n{FAST}  alertmanager_url: {nowhere}\n"
                       f"  remote_write: {{enabled: true, clients: {{here: {{url: {nowhere}}}}}}}\n")
        for tenant in "abc":
            self.add(s, "n", group("g", alert("Of_" + tenant, "vector(1)")), tenant)
        wait_until(lambda: prometheus.query('ALERTS{alertname="Of_a"}'), what="the series of a")
        told, = wait_until(manager.alerts, what="the alert of a")
        self.assertEqual(told["labels"], {"alertname": "Of_a", "of": "a"})
        waits = wait_until(lambda: os.listdir(os.path.join(s.data, "ruler-wal", "queue")) and
                           "c" in os.listdir(os.path.join(s.data, "ruler-wal", "queue")), what="the queue of c")
        self.assertTrue(waits)
        self.assertNotIn("b", os.listdir(os.path.join(s.data, "ruler-wal", "queue")))
        self.assertEqual({each["labels"]["alertname"] for each in manager.alerts()}, {"Of_a"})

    def test_errors_are_told(self):
        s = self.serve(f"auth_enabled: true\nruler:\n{FAST}")
        self.add(s, "n", group("g", {"record": "lines", "expr": '{app="a"}'}), "t")
        found = wait_until(lambda: [g for g in self.groups(s, "t") if g["rules"][0]["health"] == "err"], what="the error")
        self.assertEqual(found[0]["rules"][0]["lastError"], "rule result is not a vector or scalar")
        self.assertEqual(self.groups(s, "other"), [])

    def test_a_list_by_names_and_kinds(self):
        s = self.serve()
        self.add(s, "n", group("g", alert("A", "vector(1)"), {"record": "r", "expr": "vector(1)"}))
        self.add(s, "m", group("h", alert("B", "vector(1)")))

        def names(**params):
            return [(g["file"], g["name"], [r["name"] for r in g["rules"]]) for g in self.groups(s, **params)]

        self.assertEqual(names(), [("m", "h", ["B"]), ("n", "g", ["A", "r"])])
        self.assertEqual(names(type="record"), [("n", "g", ["r"])])
        self.assertEqual(names(type="alert"), [("m", "h", ["B"]), ("n", "g", ["A"])])
        self.assertEqual(names(file=["m", "x"]), [("m", "h", ["B"])])
        self.assertEqual(names(**{"file[]": "n", "rule_name[]": ["A"]}), [("n", "g", ["A"])])
        self.assertEqual(names(rule_group="h"), [("m", "h", ["B"])])
        self.assertEqual((self.groups(s)[0]["lastEvaluation"], self.groups(s)[0]["interval"]), ("0001-01-01T00:00:00Z", 60))


if __name__ == "__main__":
    unittest.main()
