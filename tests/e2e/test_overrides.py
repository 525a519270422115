"""Limits of single tenants, from a file that is read again while the server runs."""
import pathlib
import subprocess
import tempfile
import time
import unittest

import harness


class Overrides(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.file = pathlib.Path(folder.name, "overrides.yaml")
        self.file.write_text("overrides: {small: {max_line_size: 5, max_query_range: 1m, cardinality_limit: 7}}\n")
        self.server = harness.Server("auth_enabled: true\n"
                                     f"runtime_config: {{file: {self.file}, period: 100ms}}\n").start()
        self.addCleanup(self.server.close)

    def push(self, tenant, line):
        return self.server.push([({"a": "b"}, [(time.time_ns(), line)])], tenant)[0]

    def wait(self, condition):
        for _ in range(100):
            if condition():
                return True
            time.sleep(0.1)
        return False

    def metric(self, name):
        lines = self.server.request("GET", "/metrics")[1].decode().splitlines()
        return next(float(line.split()[-1]) for line in lines if line.startswith(name + " "))

    def test_tenants_have_limits_of_their_own_that_change(self):
        self.assertEqual(self.push("small", "123456"), 400)
        self.assertEqual(self.push("other", "123456"), 204)
        query = 'count_over_time({a="b"}[5m])'
        status, body = self.server.get("/loki/api/v1/query", "small", query=query)
        self.assertEqual((status, body), (400, b"[interval] value exceeds limit: [5m] > [1m]"))
        self.assertEqual(self.server.get("/loki/api/v1/query", "other", query=query)[0], 200)
        self.file.write_text("overrides: {other: {max_line_size: 5}}\n")
        self.assertTrue(self.wait(lambda: self.push("small", "123456") == 204))
        self.assertEqual(self.push("other", "123456"), 400)

    def test_the_older_names_of_file_and_period(self):
        self.server = harness.Server(f"auth_enabled: true\nlimits_config:\n  per_tenant_override_config: {self.file}\n"
                                     "  per_tenant_override_period: 100ms\n").start()
        self.addCleanup(self.server.close)
        self.assertEqual(self.push("small", "123456"), 400)
        self.file.write_text("overrides: {other: {max_line_size: 5}}\n")
        self.assertTrue(self.wait(lambda: self.push("small", "123456") == 204))
        self.assertEqual(self.push("other", "123456"), 400)

    def test_a_damaged_file_changes_nothing(self):
        self.file.write_text("overrides: {small: {max_lin_size: 5}}\n")
        name = "loki_runtime_config_last_reload_successful"
        self.assertTrue(self.wait(lambda: self.metric(name) == 0))
        self.assertGreater(self.metric("logi_runtime_config_failures_total"), 0)
        self.assertEqual(self.push("small", "123456"), 400)
        self.assertIn("max_lin_size", self.server.log_text())
        self.file.write_text("overrides: {}\n")
        self.assertTrue(self.wait(lambda: self.metric(name) == 1))
        self.assertEqual(self.push("small", "123456"), 204)

    def test_a_server_that_does_not_start_loses_nothing(self):
        self.assertEqual(self.push("other", "kept"), 204)
        for _ in range(5):
            self.server.kill()
            self.file.write_text("overrides: {small: {max_lin_size: 5}}\n")
            with self.assertRaisesRegex(RuntimeError, "max_lin_size"):
                self.server.start()
            self.assertEqual(self.server.process.wait(), 1)
            self.file.write_text("overrides: {}\n")
            self.server.start()
            self.assertEqual(self.server.lines('{a="b"}', tenant="other"), ["kept"])

    def test_the_check_names_keys_without_effect(self):
        run = subprocess.run([harness.BINARY, "check", "config", self.server.config], capture_output=True, text=True)
        self.assertEqual((run.returncode, run.stderr), (0, ""))
        self.assertIn("overrides.cardinality_limit", run.stdout)
        self.file.write_text("overrides: {small: {retention_stream: [{selector: '{', period: 24h}]}}\n")
        run = subprocess.run([harness.BINARY, "check", "config", self.server.config], capture_output=True, text=True)
        self.assertEqual(run.returncode, 1)
        self.assertIn("tenant 'small'", run.stderr)


if __name__ == "__main__":
    unittest.main()
