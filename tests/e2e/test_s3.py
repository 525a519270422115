"""The bucket on a real S3 server: directly, through a network that fails, and under a Logi."""
import http.server
import json
import os
import pathlib
import random
import shutil
import subprocess
import tempfile
import threading
import time
import unittest

from cluster import UNLIMITED, start_s3
from faulty_proxy import FaultyProxy
from harness import BINARY, Server
from s3_server import ACCESS_KEY, SECRET_KEY

s3 = None


def setUpModule():
    global s3
    s3 = start_s3()


def check_bucket(environment, only="*"):
    """Runs the checks of S3Bucket against the server."""
    check = pathlib.Path(BINARY).parent / "src/bucket/check_s3_bucket"
    return subprocess.run([check, f"--gtest_filter={only}"], env={**os.environ, **environment},
                          capture_output=True, text=True, timeout=300, check=False)


class BucketTest(unittest.TestCase):
    def test_on_a_network_that_fails(self):
        proxy = FaultyProxy(s3.port)
        self.addCleanup(proxy.close)
        faulty = f"s3://logi/logi?endpoint=http://127.0.0.1:{proxy.port}"
        done = check_bucket({**s3.environment, "LOGI_S3": s3.address("logi"),
                             "LOGI_S3_FAULTY": faulty})
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        for fault, count in proxy.counts.items():
            self.assertGreater(count, 3, fault)


class KeySource(http.server.BaseHTTPRequestHandler):
    """The machine's metadata, a container's address and the token service, as AWS documents them."""

    def answer(self, text):
        self.send_response(200)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def do_PUT(self):
        assert self.path == "/latest/api/token" and self.headers["X-aws-ec2-metadata-token-ttl-seconds"]
        self.answer("session")

    def do_GET(self):
        self.server.asked.append(self.path)
        keys = {"AccessKeyId": ACCESS_KEY, "SecretAccessKey": SECRET_KEY,
                "Expiration": self.server.ends}
        if self.path.startswith("/latest/"):
            assert self.headers["X-aws-ec2-metadata-token"] == "session"
            self.answer("role\n" if self.path.endswith("/") else json.dumps(keys))
        elif self.path == "/container":
            assert self.headers["Authorization"] == "secret"
            self.answer(json.dumps(keys))
        else:
            assert "WebIdentityToken=to%2Fken" in self.path and "RoleArn=arn%3Arole" in self.path
            self.answer("<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult>"
                        f"<Credentials><AccessKeyId>{ACCESS_KEY}</AccessKeyId><SecretAccessKey>"
                        f"{SECRET_KEY}</SecretAccessKey><SessionToken></SessionToken><Expiration>"
                        "2100-01-01T00:00:00Z</Expiration></Credentials>"
                        "</AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>")

    def log_message(self, *_):
        pass


class KeysTest(unittest.TestCase):
    def setUp(self):
        self.source = http.server.ThreadingHTTPServer(("127.0.0.1", 0), KeySource)
        self.source.asked = []
        self.source.ends = "2100-01-01T00:00:00Z"
        self.url = f"http://127.0.0.1:{self.source.server_address[1]}"
        threading.Thread(target=self.source.serve_forever, daemon=True).start()
        self.addCleanup(self.source.server_close)
        self.addCleanup(self.source.shutdown)
        self.home = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.home)

    def works(self, **environment):
        return check_bucket({"LOGI_S3": s3.address("logi"), "HOME": self.home, **environment},
                            "S3Bucket.KeepsTheContract")

    def assert_works(self, **environment):
        done = self.works(**environment)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_from_a_profile(self):
        os.mkdir(self.home + "/.aws")
        pathlib.Path(self.home, ".aws/credentials").write_text(
            "[default]\naws_access_key_id = wrong\naws_secret_access_key=wrong\n\n"
            f"[ mine ]\n aws_access_key_id={ACCESS_KEY}\naws_secret_access_key = {SECRET_KEY}\n")
        self.assert_works(AWS_PROFILE="mine")
        self.assertNotEqual(self.works().returncode, 0)

    def test_from_a_container(self):
        self.assert_works(AWS_CONTAINER_CREDENTIALS_FULL_URI=self.url + "/container",
                          AWS_CONTAINER_AUTHORIZATION_TOKEN="secret")
        self.assertEqual(self.source.asked, ["/container"])  # once for all requests

    def test_keys_that_end_soon_are_not_fetched_for_every_request(self):
        self.source.ends = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 240))
        self.assert_works(AWS_CONTAINER_CREDENTIALS_FULL_URI=self.url + "/container",
                          AWS_CONTAINER_AUTHORIZATION_TOKEN="secret")
        self.assertLess(len(self.source.asked), 4)

    def test_from_a_machine(self):
        self.assert_works(AWS_EC2_METADATA_SERVICE_ENDPOINT=self.url)

    def test_from_a_web_identity(self):
        token = os.path.join(self.home, "token")
        pathlib.Path(token).write_text("to/ken\n")
        self.assert_works(AWS_WEB_IDENTITY_TOKEN_FILE=token, AWS_ROLE_ARN="arn:role",
                          AWS_ENDPOINT_URL_STS=self.url)

    def test_none(self):
        done = self.works(AWS_EC2_METADATA_DISABLED="true")
        self.assertIn("there are no keys for the bucket", done.stdout)


class ForgetfulS3(http.server.BaseHTTPRequestHandler):
    """A server that keeps objects and knows no conditions."""
    protocol_version = "HTTP/1.1"
    objects = {}

    def do_PUT(self):
        self.objects[self.path] = self.rfile.read(int(self.headers["Content-Length"]))
        self.reply(200)

    def do_GET(self):
        self.reply(200 if self.path in self.objects else 404, self.objects.get(self.path, b""))

    def do_DELETE(self):
        self.objects.pop(self.path, None)
        self.reply(204)

    def reply(self, status, body=b""):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class LogiTest(unittest.TestCase):
    def logi(self, prefix, port=None, config="", data=None):
        address = f"s3://logi/{prefix}?endpoint=http://127.0.0.1:{port or s3.port}"
        server = Server(f"bucket: {address}\n{UNLIMITED}{config}", data=data,
                        environment=s3.environment)
        self.addCleanup(server.close)
        return server

    def test_what_is_flushed_outlives_the_data_folder(self):
        first = self.logi("folder").start()
        begin = time.time_ns()
        for i in range(10):
            self.assertEqual(first.push([({"app": "a"}, [(begin + i, f"line {i}")])])[0], 204)
        self.assertEqual(first.request("POST", "/flush")[0], 204)
        self.assertEqual(first.stop(), 0)
        self.assertFalse(os.path.exists(first.data + "/bucket"))
        second = self.logi("folder").start()
        self.assertEqual(sorted(second.lines('{app="a"}')), [f"line {i}" for i in range(10)])
        metrics = second.request("GET", "/metrics")[1].decode()
        self.assertIn('logi_bucket_requests_total{operation="get_range",status="206"}', metrics)

    def test_one_process_has_the_bucket(self):
        first = self.logi("turns").start()
        second = self.logi("turns")
        second.spawn()
        deadline = time.monotonic() + 20
        while "waiting for it to end" not in second.log_text():
            self.assertLess(time.monotonic(), deadline, second.log_text())
            time.sleep(0.05)
        self.assertIsNone(second.process.poll())
        self.assertEqual(first.push([({"app": "a"}, [(time.time_ns(), "one")])])[0], 204)
        self.assertEqual(first.request("POST", "/flush")[0], 204)
        self.assertEqual(first.stop(), 0)
        deadline = time.monotonic() + 30
        while "msg=ready" not in second.log_text():
            self.assertLess(time.monotonic(), deadline, second.log_text())
            time.sleep(0.05)
        self.assertEqual(second.lines('{app="a"}'), ["one"])

    def test_a_server_without_conditional_puts_is_refused(self):
        forgetful = http.server.ThreadingHTTPServer(("127.0.0.1", 0), ForgetfulS3)
        self.addCleanup(forgetful.server_close)
        self.addCleanup(forgetful.shutdown)
        threading.Thread(target=forgetful.serve_forever, daemon=True).start()
        server = self.logi("x", forgetful.server_address[1])
        server.spawn()
        self.assertEqual(server.process.wait(timeout=30), 1)
        self.assertIn("does not keep If-None-Match", server.log_text())

    def test_nothing_acknowledged_is_lost_on_a_bad_network(self):
        proxy = FaultyProxy(s3.port, rate=0.1, seed=3, delay=0.3)
        self.addCleanup(proxy.close)
        server = self.logi("kill", proxy.port, "compactor:\n  compaction_interval: 300ms\n")
        self.start_in_the_end(server)
        dice = random.Random(5)
        acknowledged, begin, number = set(), time.time_ns(), 0
        for _ in range(8):
            for _ in range(dice.randrange(5, 20)):
                batch = [f"line {number + i}" for i in range(20)]
                entries = [(begin + (number + i) * 1000, line) for i, line in enumerate(batch)]
                number += len(batch)
                status, _ = server.push([({"app": f"a{number % 3}"}, entries)])
                self.assertIn(status, (204, 503))
                if status == 204:
                    acknowledged.update(batch)
                if dice.random() < 0.3:
                    threading.Thread(target=self.flush, args=[server], daemon=True).start()
            server.kill()
            self.start_in_the_end(server)
        proxy.rate = 0
        self.assertEqual(server.request("POST", "/flush", timeout=60)[0], 204)
        found = server.lines('{app=~"a.*"}', limit=1000000)
        self.assertEqual(len(found), len(set(found)))
        self.assertEqual(acknowledged - set(found), set())
        self.assertGreater(len(acknowledged), 500)
        self.assertGreater(sum(proxy.counts.values()), 20)

    def test_pushes_and_reads_go_on_while_the_bucket_is_away(self):
        proxy = FaultyProxy(s3.port, rate=0)
        self.addCleanup(proxy.close)
        server = self.logi("away", proxy.port).start()
        begin = time.time_ns()
        self.assertEqual(server.push([({"app": "a"}, [(begin, "before")])])[0], 204)
        self.assertEqual(server.request("POST", "/flush")[0], 204)
        proxy.down = True
        self.assertEqual(server.push([({"app": "a"}, [(begin + 1, "while")])])[0], 204)
        self.assertGreaterEqual(server.request("POST", "/flush", timeout=60)[0], 500)
        self.assertEqual(server.lines('{app="a"} |= "while"', since="10m", limit=1), ["while"])
        server.kill()
        proxy.down = False
        server.start()
        self.assertEqual(server.request("POST", "/flush")[0], 204)
        self.assertEqual(server.lines('{app="a"}'), ["while", "before"])

    def start_in_the_end(self, server):
        """A start may fail on such a network, with a clear word; nothing is lost by it."""
        for _ in range(20):
            try:
                return server.start()
            except RuntimeError as e:
                if "cannot open the data folder" not in str(e):
                    raise
        self.fail(server.log_text())

    @staticmethod
    def flush(server):
        try:
            server.request("POST", "/flush", timeout=5)
        except OSError:
            pass


if __name__ == "__main__":
    unittest.main()
