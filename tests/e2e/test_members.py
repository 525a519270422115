"""Processes that share a bucket know each other, and call each other: who they are, who may call, and what they share."""
import json
import pathlib
import subprocess
import time
import unittest

from cluster import start_s3
from harness import BINARY, Server, free_port
from members import Member, until

SECRET = "a secret of twenty four"

s3 = None


def setUpModule():
    global s3
    s3 = start_s3()


class MembersTest(unittest.TestCase):
    def member(self, *args, **kwargs):
        member = Member(s3, *args, **kwargs)
        self.addCleanup(member.close)
        return member

    def test_each_knows_the_others_until_they_leave_or_die(self):
        reader, writer, other = (self.member("know", role).start() for role in ("read", "write", "write,read"))
        everybody = {reader.own(): "read", writer.own(): "write", other.own(): "read,write"}
        for each in (reader, writer, other):
            self.assertTrue(until(lambda each=each: each.ring() == everybody), each.ring())
        self.assertEqual(reader.ring("/ring"), {writer.own(): "write", other.own(): "read,write"})
        self.assertEqual(reader.ring("/scheduler/ring"), {reader.own(): "read", other.own(): "read,write"})
        self.assertEqual(reader.ring("/compactor/ring"), {})
        ruler = self.member("know", "rule,compact").start()
        self.assertTrue(until(lambda: reader.ring("/ruler/ring") == {ruler.own(): "compact,rule"}), reader.ring())
        self.assertEqual(ruler.stop(), 0)
        self.assertTrue(until(lambda: reader.ring("/ruler/ring") == {}), reader.ring())
        status, page = reader.get("/memberlist")
        self.assertEqual(status, 200)
        self.assertIn(writer.own().encode(), page)
        self.assertIn(b'logi_cluster_members{roles="read",', reader.get("/metrics")[1])
        self.assertEqual(writer.stop(), 0)
        del everybody[writer.own()]
        self.assertTrue(until(lambda: reader.ring() == everybody), reader.ring())
        other.kill()
        self.assertTrue(until(lambda: reader.ring() == {reader.own(): "read"}, 90), reader.ring())

    def test_writers_share_the_rate_of_a_tenant(self):
        limits = "limits_config: {ingestion_rate_mb: 1, ingestion_burst_size_mb: 1, ingestion_rate_strategy: %s}\n"
        first, second = (self.member("share", "write", limits % "global").start() for _ in range(2))
        local = self.member("share", "write", limits % "local").start()
        for each in (first, second, local):
            self.assertTrue(until(lambda each=each: len(each.ring("/ring")) == 3))

        def refusal(writer):
            line = "x" * 250_000
            for _ in range(50):
                now = time.time_ns()
                status, body = writer.push([({"app": "a"}, [(now + i, line) for i in range(4)])])
                if status == 429:
                    return body
            return b""
        for writer, rate in ((first, 1048576 // 3), (local, 1048576)):
            self.assertIn(f"(limit: {rate} bytes/sec)".encode(), refusal(writer))

    def test_who_may_be_called_from_outside_wants_a_secret(self):
        outside = ["--cluster-listen", f"0.0.0.0:{free_port()}", "--cluster-advertise", "127.0.0.1"]
        open_to_all = self.member("outside", "read", flags=outside)
        open_to_all.spawn()
        self.assertEqual(open_to_all.process.wait(timeout=60), 1)
        self.assertIn("cluster.secret_file or cluster.tls_config", open_to_all.log_text())
        nameless = self.member("outside", "read", flags=outside[:2], environment={"POD_IP": ""})
        nameless.spawn()
        self.assertEqual(nameless.process.wait(timeout=60), 1)
        self.assertIn("cluster.advertise_address, or in POD_IP", nameless.log_text())

        file = pathlib.Path(open_to_all.folder, "secret")
        file.write_text(SECRET + "\n")
        by_file = self.member("outside", "read", f"cluster: {{secret_file: {file}}}\n", flags=outside).start()
        by_variable = self.member("outside", "read", flags=["--cluster-listen", f":{free_port()}"],
                                  environment={"LOGI_CLUSTER_SECRET": SECRET, "POD_IP": "127.0.0.1"}).start()
        self.assertTrue(until(lambda: len(by_variable.ring()) == 2))
        self.assertEqual({address.split(":")[0] for address in by_variable.ring()}, {"127.0.0.1"})
        for each in (by_file, by_variable):
            self.assertNotIn(SECRET, each.log_text())
            for path in ("/config", "/metrics", "/memberlist"):
                self.assertNotIn(SECRET.encode(), each.get(path)[1])
        file.write_text("short\n")
        done = subprocess.run([BINARY, "check", "config", by_file.config], capture_output=True, text=True, check=False)
        # Without a port nothing is called, and the file has no use.
        self.assertEqual(done.returncode, 0, done.stderr)
        pathlib.Path(by_file.config).write_text(f"cluster: {{listen_port: 3102, secret_file: {file}}}\n")
        done = subprocess.run([BINARY, "check", "config", by_file.config], capture_output=True, text=True, check=False)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("a secret has at least 16 characters", done.stdout + done.stderr)

    def test_alone_it_lists_itself(self):
        alone = Server().start()
        self.addCleanup(alone.close)
        for path in ("/ring", "/ruler/ring"):
            status, body = alone.get(path, headers={"Accept": "application/json"})
            self.assertEqual(status, 200)
            answer = json.loads(body)
            self.assertEqual([each["state"] for each in answer["shards"]], ["ACTIVE"])
            self.assertEqual(answer["shards"][0]["tokens"], [])
            self.assertIn("now", answer)


if __name__ == "__main__":
    unittest.main()
