"""deploy/Dockerfile: the image is built with buildah, runs, and says whether it is ready. There is no registry here: what
stands for Debian's image is a small copy of this machine's Debian. The stage that compiles is left out, its package is that
of the build that is there."""
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

import small_debian
from packed import package, run

ROOT = pathlib.Path(__file__).resolve().parents[2]
DOCKERFILE = ROOT / "deploy/Dockerfile"


def below(pid):
    """A process and all that come from it."""
    yield pid
    for thread in pathlib.Path(f"/proc/{pid}/task").iterdir():
        for child in (thread / "children").read_text().split():
            yield from below(int(child))


def is_logi(pid):
    return pathlib.Path(f"/proc/{pid}/comm").read_text() == "logi\n"


class Images:
    """A store of images in memory, and what is done there, in namespaces of their own: no network but loopback, and nothing
    that outlives a test."""

    def __init__(self, test):
        self.folder = tempfile.mkdtemp(prefix="logi-images-")
        test.addClassCleanup(os.rmdir, self.folder)
        self.holder = subprocess.Popen(
            ["unshare", "--mount", "--net", "--pid", "--fork", "--kill-child", "--mount-proc", "sh", "-c",
             'ip link set lo up && mount -t tmpfs tmpfs "$0" && echo up && exec cat', self.folder],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        test.addClassCleanup(self.holder.communicate)
        self.holder.stdout.readline()
        self.flags = ["--root", f"{self.folder}/store", "--runroot", f"{self.folder}/run", "--storage-driver", "overlay"]

    def command(self, *words):
        """A command that runs there."""
        first = list(below(self.holder.pid))[1]
        return ["nsenter", "--target", str(first), "--mount", "--net", "--pid", *words]

    def within(self, container, *words):
        return self.command("buildah", *self.flags, "run", "--isolation", "chroot", container, "--", *words)

    def buildah(self, *words):
        return run(*self.command("buildah", *self.flags, *words)).strip()

    def make(self, name, fill):
        """An image of what fill(folder) puts into its root."""
        container = self.buildah("from", "scratch")
        with tempfile.TemporaryDirectory(prefix="logi-image-") as root:
            fill(root)
            self.buildah("copy", "-q", container, root, "/")
        self.buildah("commit", "-q", "--rm", container, name)


class Image(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.images = Images(cls)
        needs = run("dpkg-deb", "-f", package(), "Depends")
        cls.images.make("docker.io/library/debian:12-slim", lambda folder: small_debian.copy(
            folder, ["apt", "ca-certificates", *(group[0] for group in small_debian.names_in(needs))]))
        built = tempfile.TemporaryDirectory(prefix="logi-image-")
        cls.addClassCleanup(built.cleanup)
        shutil.copytree(pathlib.Path(package()).parent, f"{built.name}/out")
        cls.images.buildah("build", "-q", "--isolation", "chroot", "--pull=never", "--format", "docker", "-f", str(DOCKERFILE),
                           "--build-context", f"build={built.name}", "-t", "logi", str(ROOT / "deploy"))

    def test_what_the_image_says_of_itself(self):
        config = json.loads(self.images.buildah("inspect", "--type", "image", "logi"))["Docker"]["config"]
        self.assertEqual(config["User"], "900:900")
        self.assertEqual(config["Healthcheck"]["Test"], ["CMD", "logi", "healthcheck"])
        self.assertEqual(set(config["ExposedPorts"]), {"3100/tcp", "4317/tcp"})
        self.assertEqual(set(config["Volumes"]), {"/var/lib/logi"})

    def test_it_serves_and_ends(self):
        config = json.loads(self.images.buildah("inspect", "--type", "image", "logi"))["Docker"]["config"]
        container = self.images.buildah("from", "--pull=never", "logi")
        server = subprocess.Popen(self.images.within(container, *config["Entrypoint"], *config["Cmd"]),
                                  stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        self.addCleanup(server.communicate)
        self.addCleanup(server.kill)
        said = []
        for line in server.stderr:
            said.append(line)
            if "msg=ready" in line:
                break
        self.assertIn("msg=ready", said[-1], said)
        self.assertEqual(run(*self.images.within(container, *config["Healthcheck"]["Test"][1:])), "ready\n")
        run(*self.images.command(
            "curl", "-sf", "-H", "Content-Type: application/json", "http://127.0.0.1:3100/loki/api/v1/push", "-d",
            json.dumps({"streams": [{"stream": {"app": "a"}, "values": [[str(time.time_ns()), "a line"]]}]})))
        self.assertEqual(run(*self.images.within(container, "sh", "-c", "id && logi query -q -o raw '{app=\"a\"}'")),
                         "uid=900(logi) gid=900(logi) groups=900(logi)\na line\n")
        os.kill(next(filter(is_logi, below(server.pid))), signal.SIGTERM)
        said = server.communicate(timeout=60)[1]
        self.assertEqual(server.returncode, 0, said)
        self.assertIn("msg=stopped status=clean", said)


class Dockerfile(unittest.TestCase):
    def test_the_stage_that_compiles_uses_what_is_there(self):
        text = DOCKERFILE.read_text()
        for path in re.findall(r"(?m)^COPY (?!--from)(.*) \S+$", text):
            for name in path.split():
                self.assertTrue((ROOT / name).exists(), name)
        presets = json.loads((ROOT / "CMakePresets.json").read_text())
        for kind, command in (("configurePresets", "cmake"), ("buildPresets", "cmake --build"), ("packagePresets", "cpack")):
            name = re.search(rf"{command} --preset (\S+)", text)[1]
            self.assertIn(name, [preset["name"] for preset in presets[kind]])


if __name__ == "__main__":
    unittest.main()
