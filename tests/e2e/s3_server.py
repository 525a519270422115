"""A real S3 server for tests: Ceph's RADOS gateway over a monitor and an OSD in memory."""
import os
import pathlib
import shutil
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
import uuid

from harness import free_port

ACCESS_KEY = "logitestaccesskey"
SECRET_KEY = "logi/test+secret=key"

CONFIG = """[global]
fsid = {fsid}
mon host = v2:127.0.0.1:{mon}
auth cluster required = none
auth service required = none
auth client required = none
public addr = 127.0.0.1
cluster addr = 127.0.0.1
run dir = {dir}
pid file =
admin socket =
log file = {dir}/$name.log
mon data = {dir}/mon
mon allow pool size one = true
mon osd allow primary affinity = true
mon warn on pool no redundancy = false
paxos propose interval = 0.05
paxos min wait = 0.01
osd data = {dir}/osd
osd objectstore = memstore
memstore device bytes = 4294967296
osd crush chooseleaf type = 0
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 1
osd pool default pgp num = 1
osd pool default pg autoscale mode = off
osd class dir = /usr/lib/x86_64-linux-gnu/rados-classes
osd class load list = *
osd class default list = *
[client.rgw]
ms mon client mode = crc
rgw frontends = beast endpoint={address}:{port} tcp_nodelay=1
rgw enable usage log = false
rgw thread pool size = 64
"""


class S3Server:
    """Serves on .url from start() to close(); its buckets are gone then."""

    def __init__(self, address="127.0.0.1"):
        """address: 0.0.0.0 where it has to be reached from other networks of this machine."""
        self.listen = address
        self.dir = tempfile.mkdtemp(prefix="logi-s3-")
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.processes = []
        self.environment = {"AWS_ACCESS_KEY_ID": ACCESS_KEY, "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
                            "AWS_EC2_METADATA_DISABLED": "true"}

    def address(self, bucket, prefix="logi"):
        return f"s3://{bucket}/{prefix}?endpoint={self.url}"

    def _run(self, *command):
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"{' '.join(command)}: {done.stdout}{done.stderr}")
        return done.stdout

    def _serve(self, name, *command):
        with open(os.path.join(self.dir, name + ".out"), "wb") as out:
            self.processes.append(subprocess.Popen(command, stdout=out, stderr=out,
                                                   start_new_session=True))

    def start(self):
        fsid, mon = str(uuid.uuid4()), free_port()
        conf = os.path.join(self.dir, "ceph.conf")
        for folder in ("mon", "osd"):
            os.mkdir(os.path.join(self.dir, folder))
        pathlib.Path(conf).write_text(
            CONFIG.format(fsid=fsid, mon=mon, dir=self.dir, address=self.listen, port=self.port))
        monmap = os.path.join(self.dir, "monmap")
        self._run("monmaptool", "--create", "--fsid", fsid, "--addv", "a",
                  f"[v2:127.0.0.1:{mon}]", monmap)
        self._run("ceph-mon", "-c", conf, "-i", "a", "--mkfs", "--monmap", monmap)
        self._serve("mon", "ceph-mon", "-c", conf, "-i", "a", "-f")
        osd_id = str(uuid.uuid4())
        self._run("ceph", "-c", conf, "osd", "new", osd_id)
        self._run("ceph-osd", "-c", conf, "-i", "0", "--mkfs", "--osd-uuid", osd_id)
        self._serve("osd", "ceph-osd", "-c", conf, "-i", "0", "-f")
        self._run("radosgw-admin", "-c", conf, "-n", "client.rgw", "--no-mon-config", "user",
                  "create", "--uid=logi", "--display-name=logi", f"--access-key={ACCESS_KEY}",
                  f"--secret-key={SECRET_KEY}")
        self._serve("rgw", "radosgw", "-c", conf, "--no-mon-config", "-n", "client.rgw", "-f")
        end = time.monotonic() + 60
        while True:
            try:
                urllib.request.urlopen(self.url, timeout=2).read()
                return self
            except urllib.error.HTTPError:
                return self
            except OSError:
                if time.monotonic() > end:
                    raise RuntimeError("the gateway does not answer") from None
                time.sleep(0.05)

    def make_bucket(self, name):
        self._put(name)

    def put(self, bucket, key, text):
        self._put(f"{bucket}/{key}", "--data-binary", text)

    def _put(self, path, *body):
        """With curl's own signature."""
        self._run("curl", "-sSf", "-X", "PUT", "--aws-sigv4", "aws:amz:us-east-1:s3", "--user",
                  f"{ACCESS_KEY}:{SECRET_KEY}", "-H",
                  "x-amz-content-sha256: UNSIGNED-PAYLOAD", *body, f"{self.url}/{path}")

    def close(self):
        for process in reversed(self.processes):
            process.kill()
            process.wait()
        shutil.rmtree(self.dir, ignore_errors=True)


if __name__ == "__main__":
    begin = time.monotonic()
    server = S3Server().start()
    server.make_bucket("logi")
    print(f"{server.address('logi')}  up in {time.monotonic() - begin:.1f} s; Ctrl-C ends it")
    print(" ".join(f"{k}={v}" for k, v in server.environment.items()), flush=True)
    try:
        while True:
            time.sleep(3600)
    except KeyboardInterrupt:
        server.close()
