"""The bucket on a real S3 server, directly and through a network that fails."""
import os
import pathlib
import subprocess
import unittest

from faulty_proxy import FaultyProxy
from harness import BINARY
from s3_server import S3Server


class BucketTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.s3 = S3Server().start()
        cls.addClassCleanup(cls.s3.close)
        cls.s3.make_bucket("logi")
        cls.proxy = FaultyProxy(cls.s3.port)
        cls.addClassCleanup(cls.proxy.close)

    def test_checks_of_the_bucket(self):
        check = pathlib.Path(BINARY).parent / "src/bucket/check_s3_bucket"
        faulty = f"s3://logi/logi?endpoint=http://127.0.0.1:{self.proxy.port}"
        environment = {**os.environ, **self.s3.environment, "LOGI_S3": self.s3.address("logi"),
                       "LOGI_S3_FAULTY": faulty}
        done = subprocess.run([check], env=environment, capture_output=True, text=True,
                              timeout=300, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        for fault, count in self.proxy.counts.items():
            self.assertGreater(count, 5, fault)


if __name__ == "__main__":
    unittest.main()
