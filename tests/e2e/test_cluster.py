"""Processes with roles over one bucket, on a real S3 server: under load, some are killed at any moment."""
import json
import os
import pathlib
import random
import re
import subprocess
import threading
import time
import unittest

from cluster import LIMITS, Process, start_s3
from harness import BINARY, Server
from receivers import wait_until

SECONDS = float(os.environ.get("LOGI_CLUSTER_SECONDS", "25"))

s3 = None


def setUpModule():
    global s3
    s3 = start_s3()


class ClusterTest(unittest.TestCase):
    def process(self, prefix, role, more=""):
        process = Process(s3, prefix, role, LIMITS + more)
        self.addCleanup(process.close)
        return process

    def test_each_role_does_its_part(self):
        writer, other = (self.process("parts", "write").start() for _ in range(2))
        reader = self.process("parts", "read").start()
        begin = time.time_ns()
        self.assertEqual(writer.push([({"app": "a"}, [(begin, "one")])])[0], 204)
        self.assertEqual(other.push([({"app": "a"}, [(begin + 1, "two")])])[0], 204)
        self.assertEqual(reader.answer('{app="a"}'), (["two", "one"], True))
        self.assertEqual(writer.request("POST", "/flush")[0], 204)
        self.assertEqual(reader.answer('{app="a"}'), (["two", "one"], True))
        self.assertEqual(reader.push([({"app": "a"}, [(begin, "three")])])[0], 404)
        status, body = writer.get("/loki/api/v1/query_range", query='{app="a"}')
        self.assertEqual((status, b"read is not among its roles" in body), (404, True))
        status, body = writer.get("/loki/api/v1/tail", query='{app="a"}')
        self.assertEqual((status, b"read is not among its roles" in body), (404, True))
        ruler = self.process("parts", "rule").start()
        for process, parts in ((writer, "distributor ingester"), (reader, "querier query-frontend query-scheduler"), (ruler, "ruler")):
            body = process.request("GET", "/services")[1].decode()
            self.assertEqual(body.split(), [word for part in f"{parts} runtime-config server".split()
                                            for word in (part, "=>", "Running")])
            self.assertEqual(process.request("GET", "/ready")[0], 200)
            self.assertEqual(process.request("GET", "/config")[0], 200)
            for method, wanted in (("POST", b""), ("GET", b"set"), ("DELETE", b""), ("GET", b"unset")):
                self.assertEqual(process.request(method, "/ingester/prepare_shutdown")[1], wanted)
        # Who ends leaves nothing behind; a process of the bucket's own is not let in.
        self.assertEqual((writer.stop(), other.stop()), (0, 0))
        self.assertEqual(reader.answer('{app="a"}'), (["two", "one"], True))
        self.assertEqual([path for path in pathlib.Path(writer.data).rglob("*") if path.is_file()], [])
        alone = Server(pathlib.Path(writer.config).read_text(), environment=s3.environment)
        self.addCleanup(alone.close)
        alone.spawn()
        self.assertEqual(alone.process.wait(timeout=60), 1)
        self.assertIn("start this one with --role", alone.log_text())

    def test_groups_of_rules_are_shared_out_and_taken_over(self):
        more = "ruler: {evaluation_interval: 1s, poll_interval: 1s}\n"
        reader = self.process("rules", "read", more).start()
        rulers = [self.process("rules", "rule", more).start() for _ in range(2)]
        names = {f"g{i}" for i in range(24)}  # so many that each gets some, whatever their addresses
        for name in names:
            body = json.dumps({"name": name, "rules": [{"alert": "A", "expr": "vector(1)", "for": "1h"}]}).encode()
            self.assertEqual(reader.request("POST", "/loki/api/v1/rules/n", body, {"Content-Type": "application/yaml"})[0], 202)

        def evaluated(ruler):
            """The groups that it evaluates, and when their alerts became active."""
            text = ruler.request("GET", "/metrics")[1].decode()
            return set(re.findall(r'loki_prometheus_rule_group_rules\{rule_group="n;(\w+)"', text))

        def alerts(process):
            groups = json.loads(process.request("GET", "/prometheus/api/v1/rules")[1])["data"]["groups"]
            return {group["name"]: group["rules"][0]["alerts"][0]["activeAt"] for group in groups if group["rules"][0]["alerts"]}

        wait_until(lambda: all(evaluated(ruler) for ruler in rulers) and set.union(*map(evaluated, rulers)) == names, 60, "sharing out")
        self.assertEqual(set.intersection(*map(evaluated, rulers)), set())
        # Every process tells of all of them.
        begun = wait_until(lambda: set(alerts(reader)) == names and alerts(reader), what="the alerts")
        self.assertEqual(alerts(rulers[0]), begun)
        rulers[0].kill()
        wait_until(lambda: evaluated(rulers[1]) == names, 120, "taking over")
        self.assertEqual(alerts(rulers[1]), begun)
        # Who ends does not keep the others waiting.
        third = self.process("rules", "rule", more).start()
        wait_until(lambda: evaluated(third), 60, "sharing out")
        self.assertEqual(rulers[1].stop(), 0)
        wait_until(lambda: evaluated(third) == names, 30, "taking over")
        self.assertEqual(alerts(third), begun)

    def test_words_that_are_not_known(self):
        for flags, word in ((["--role", "rules"], "role 'rules'"), (["-target=no-such"], "target 'no-such'"),
                            (["-target=querier"], "names none")):
            done = subprocess.run([BINARY, "server", *flags], capture_output=True, text=True,
                                  timeout=30, check=False)
            self.assertNotEqual(done.returncode, 0)
            self.assertIn(word, done.stdout + done.stderr)

    def test_nothing_acknowledged_is_lost_whoever_is_killed(self):
        writers = [self.process("load", "write").start() for _ in range(3)]
        readers = [self.process("load", "read").start() for _ in range(2)]
        compactor = self.process("load", "compact").start()
        acknowledged, lock, over = [], threading.Lock(), threading.Event()
        counts = {"pushes": 0, "refused": 0, "queries": 0, "complete": 0, "kills": 0}
        wrong = []

        def push(worker):
            dice, number = random.Random(worker), 0
            while not over.is_set():
                lines = [f"w{worker} line {number + i}" for i in range(20)]
                number += len(lines)
                stamp = time.time_ns()
                entries = [(stamp + i, line) for i, line in enumerate(lines)]
                try:
                    status = dice.choice(writers).push([({"app": f"a{worker}"}, entries)])[0]
                except OSError:
                    status = 0
                with lock:
                    counts["pushes" if status == 204 else "refused"] += 1
                    if status == 204:
                        acknowledged.extend(lines)

        def query(worker):
            dice = random.Random(worker)
            while not over.is_set():
                with lock:
                    expected = set(acknowledged)
                try:
                    answer = dice.choice(readers).answer('{app=~"a.*"}')
                except AssertionError as e:
                    wrong.append(f"what is said of completeness: {e}")
                    break
                counts["queries"] += 1
                if answer is None:
                    continue
                lines, complete = answer
                if len(lines) != len(set(lines)):
                    wrong.append("a line is there twice")
                if complete:
                    counts["complete"] += 1
                    if lost := expected - set(lines):
                        wrong.append(f"{len(lost)} lines are missing, as {min(lost)}")
                time.sleep(0.3)

        threads = [threading.Thread(target=push, args=[i]) for i in range(3)]
        threads += [threading.Thread(target=query, args=[i]) for i in range(2)]
        for thread in threads:
            thread.start()
        dice, end = random.Random(7), time.monotonic() + SECONDS
        while time.monotonic() < end and not wrong:
            time.sleep(dice.uniform(1, 3))
            victim = dice.choice([*writers, *writers, *readers, compactor])
            victim.kill()
            counts["kills"] += 1
            time.sleep(dice.uniform(0, 1))
            victim.start()
        over.set()
        for thread in threads:
            thread.join()
        print(counts, f"{len(acknowledged)} lines acknowledged", flush=True)
        self.assertEqual(wrong, [])
        lines, complete = readers[0].answer('{app=~"a.*"}')
        self.assertTrue(complete)
        self.assertEqual(len(lines), len(set(lines)))
        self.assertEqual(set(acknowledged) - set(lines), set())
        self.assertGreater(len(acknowledged), 500)
        self.assertGreater(counts["complete"], 5)
        self.assertGreater(counts["kills"], 3)
        # What killed writers have left is taken over, and everything is in segments in the end.
        deadline = time.monotonic() + 120
        for writer in writers:
            self.assertEqual(writer.stop(), 0)
        while "is in segments" not in compactor.log_text():
            self.assertLess(time.monotonic(), deadline, compactor.log_text()[-3000:])
            time.sleep(0.5)
        lines, complete = readers[1].answer('{app=~"a.*"}')
        self.assertTrue(complete)
        self.assertEqual(set(acknowledged) - set(lines), set())


if __name__ == "__main__":
    unittest.main()
