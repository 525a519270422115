"""Requests to delete, and retention, where several processes share one bucket on a real S3 server."""
import json
import threading
import time
import unittest
import urllib.parse

from cluster import LIMITS, Process, start_s3

SECOND = 10**9
PATH = "/loki/api/v1/delete"
CONFIG = LIMITS + """  retention_enabled: true
  delete_request_cancel_period: {cancel}
"""

s3 = None


def setUpModule():
    global s3
    s3 = start_s3()


class ClusterDeletes(unittest.TestCase):
    def processes(self, prefix, *roles, cancel="4s", limits=""):
        config = CONFIG.format(cancel=cancel).replace("limits_config:\n", "limits_config:\n" + limits)
        started = [Process(s3, prefix, role, config) for role in roles]
        for process in started:
            self.addCleanup(process.close)
            process.start()
        return started

    def push(self, process, lines, app="a", stamp=None):
        stamp = stamp or time.time_ns()
        status, body = process.push([({"app": app}, [(stamp + i, line) for i, line in enumerate(lines)])])
        self.assertEqual(status, 204, body)

    def delete(self, process, query, method="POST", **params):
        params = {"query": query, "start": "1000000000", **params}
        return process.request(method, PATH + "?" + urllib.parse.urlencode(params))

    def listed(self, process):
        status, body = process.get(PATH)
        self.assertEqual(status, 200, body)
        return json.loads(body)

    def lines(self, process, query='{app="a"}'):
        found, complete = process.answer(query)
        self.assertTrue(complete)
        self.assertEqual(len(found), len(set(found)))
        return set(found)

    def test_what_was_acknowledged_goes_and_stays_away(self):
        one, two, reader, other, compactor = self.processes("deletes", "write", "write", "read", "read", "compact")
        self.push(one, ["one drop", "one keep"])
        self.push(two, ["two drop", "two keep"])
        stamp = time.time_ns() - SECOND
        self.push(one, ["again drop"], stamp=stamp)
        # What is in segments, and what is in journals only.
        self.assertEqual(one.request("POST", "/flush")[0], 204)
        self.push(one, ["three drop"])
        time.sleep(1.1)  # the end of a request is now, in whole seconds
        self.assertEqual(self.delete(reader, '{app="a"} |= "drop"')[0], 204)
        keep = {"one keep", "two keep"}
        # At once, wherever it was asked for, and on who knows nothing yet.
        for process in (other, reader):
            self.assertEqual(self.lines(process), keep)
        # What comes later stays, also an entry that had been deleted.
        self.push(two, ["four drop"], stamp=stamp + 7)
        self.push(one, ["again drop"], stamp=stamp)
        keep |= {"four drop", "again drop"}
        self.assertEqual(self.lines(other), keep)
        for process in (one, reader, compactor):
            self.assertEqual([r["query"] for r in self.listed(process)], ['{app="a"} |= "drop"'])
        # The journal of who dies is written by another, without what was deleted.
        one.kill()
        self.assertEqual(self.lines(reader), keep)
        self.assertEqual(two.request("POST", "/flush")[0], 204)
        self.assertEqual(self.lines(reader), keep)
        deadline = time.monotonic() + 240
        while self.listed(other)[0]["status"] != "processed":
            self.assertLess(time.monotonic(), deadline, compactor.log_text()[-3000:])
            self.assertEqual(self.lines(other), keep)
            time.sleep(1)
        one.start()
        self.push(one, ["five drop"])
        keep.add("five drop")
        for process in (reader, other):
            self.assertEqual(self.lines(process), keep)
        # Nothing is hidden any more: it is not there.
        fresh, = self.processes("deletes", "read")
        self.assertEqual(self.lines(fresh), keep)

    def test_a_request_can_be_taken_back_anywhere(self):
        writer, reader = self.processes("cancel", "write", "read", cancel="1h")
        self.push(writer, ["one"])
        time.sleep(1.1)
        self.assertEqual(self.delete(writer, '{app="a"}')[0], 204)
        self.assertEqual(self.lines(reader), set())
        request, = self.listed(reader)
        self.assertEqual(request["status"], "received")
        status, body = reader.request("DELETE", f"{PATH}?request_id=none")
        self.assertEqual((status, b"could not find delete request" in body), (404, True))
        self.assertEqual(reader.request("DELETE", f"{PATH}?request_id={request['request_id']}")[0], 204)
        self.assertEqual(self.lines(reader), {"one"})
        self.assertEqual(self.listed(writer), [])
        # Who makes up tenants leaves nothing behind.
        status, _ = reader.request("POST", PATH + "?" + urllib.parse.urlencode({"query": '{app="a"}', "start": "1000000000"}),
                                   headers={"X-Scope-OrgID": "nobody"})
        self.assertEqual(status, 204)

    def test_pushes_under_way_are_deleted_for_all_or_for_nobody(self):
        """Under load from two writers: what was acknowledged before is gone, what came after is there, and what was on
        its way is the one or the other for good."""
        one, two, reader, other, _ = self.processes("load", "write", "write", "read", "read", "compact")
        over, lock, sent = threading.Event(), threading.Lock(), {}

        def push(writer, worker):
            number = 0
            while not over.is_set():
                lines = [f"w{worker} line {number + i}" for i in range(5)]
                number += len(lines)
                begin = time.monotonic()
                try:
                    acknowledged = writer.push([({"app": "a"}, [(time.time_ns() + i, line) for i, line in enumerate(lines)])])[0] == 204
                except OSError:
                    acknowledged = False
                end = time.monotonic()
                with lock:
                    for line in lines:
                        sent[line] = (begin, end, acknowledged)

        threads = [threading.Thread(target=push, args=[writer, i]) for i, writer in enumerate((one, one, two, two))]
        for thread in threads:
            thread.start()
        requests = []
        for process in (reader, two, other):
            time.sleep(2.5)
            begin = time.monotonic()
            # The end is given, as entries have later times than the second in which they are sent.
            status, body = self.delete(process, '{app="a"}', end=str(int(time.time())))
            self.assertEqual(status, 204, body)
            requests.append((begin, time.monotonic(), int(time.time())))
        time.sleep(1)
        over.set()
        for thread in threads:
            thread.join()
        begin, end, _ = requests[-1]
        gone = {line for line, (_, acked, ok) in sent.items() if ok and acked < begin - 1.1}
        there = {line for line, (pushed, _, ok) in sent.items() if ok and pushed > end}
        self.assertGreater(len(gone), 50)
        self.assertGreater(len(there), 5)
        found = self.lines(reader)
        self.assertEqual(gone & found, set())
        self.assertEqual(there - found, set())
        for process in (one, two):
            self.assertEqual(process.stop(), 0)
        deadline = time.monotonic() + 120
        while any(r["status"] != "processed" for r in self.listed(reader)):
            self.assertLess(time.monotonic(), deadline, self.listed(reader))
            self.assertEqual(self.lines(other), found)
            time.sleep(0.5)
        self.assertEqual(self.lines(other), found)

    def test_what_is_past_its_retention_is_seen_by_nobody(self):
        limits = "  reject_old_samples: false\n  retention_period: 48h\n  retention_stream:\n" \
                 "    - {selector: '{app=\"short\"}', priority: 1, period: 24h}\n"
        writer, reader, _ = self.processes("retention", "write", "read", "compact", limits=limits)
        now, day = time.time_ns(), 86400 * SECOND
        for app in ("short", "long"):
            self.push(writer, [f"{app} new"], app, now)
            self.push(writer, [f"{app} old"], app, now - day - 3600 * SECOND)
            self.push(writer, [f"{app} ancient"], app, now - 3 * day)
        keep = {"short new", "long new", "long old"}

        def found():
            lines, complete = reader.answer('{app=~".+"}', start=now - 4 * day, end=now + SECOND)
            self.assertTrue(complete)
            return set(lines)

        self.assertEqual(found(), keep)
        self.assertEqual(writer.request("POST", "/flush")[0], 204)
        for _ in range(8):
            self.assertEqual(found(), keep)
            time.sleep(1)


if __name__ == "__main__":
    unittest.main()
