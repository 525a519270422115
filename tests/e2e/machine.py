"""A machine for a test that installs packages and starts services: a copy of this one, in memory."""
import os
import pathlib
import signal
import subprocess
import tempfile
import time

SCRIPT = pathlib.Path(__file__).with_name("machine.sh")


def why_not():
    """Why there can be none here; None if there can."""
    tried = subprocess.run(["unshare", "--mount", "--net", "--pid", "--ipc", "--uts", "--cgroup", "--fork",
                            "mount", "--make-rprivate", "/"], capture_output=True, text=True, check=False)
    return None if tried.returncode == 0 else tried.stderr.strip()


class Machine:
    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="logi-machine-")
        self.log = tempfile.TemporaryFile()
        self.script = subprocess.Popen(["setpriv", "--pdeathsig", "KILL", "unshare", "--mount", "--fork", "--kill-child",
                                        "bash", str(SCRIPT), self.folder], stdout=subprocess.PIPE, stderr=self.log, text=True)
        parent = self.script.stdout.readline().strip()
        self.children = pathlib.Path(f"/proc/{parent}/task/{parent}/children")
        self.first = None  # the process id of its process 1, here
        end = time.monotonic() + 30
        while not self.is_up():
            if self.script.poll() is not None or time.monotonic() > end:
                self.log.seek(0)
                raise RuntimeError("the machine does not start: " + self.log.read().decode())
            time.sleep(0.02)

    def is_up(self):
        try:
            self.first = self.children.read_text().strip()
        except OSError:
            return False  # it has ended
        return self.first != "" and self.path("/run/changes").exists() and self.path("/run/systemd/private").exists()

    def path(self, name):
        """Where a file of the machine is here."""
        return pathlib.Path(f"/proc/{self.first}/root", name.lstrip("/"))

    def run(self, *command, check=True, stdin="", **environment):
        """What a command says, its standard error behind its output."""
        done = subprocess.run(["nsenter", "--target", self.first, "--all", "--wdns=/", *command], input=stdin, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120, check=False,
                              env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8", "TZ": "UTC",
                                   "DEBIAN_FRONTEND": "noninteractive", **environment})
        if check and done.returncode != 0:
            raise AssertionError(f"{command}: {done.returncode}\n{done.stdout}")
        return done.stdout

    def changes(self):
        """Paths of what is not as it was when the machine began, folders left out."""
        top = self.path("/run/changes")
        return {"/" + os.path.relpath(os.path.join(folder, name), top)
                for folder, _, names in os.walk(top) for name in names}

    def close(self):
        os.kill(int(self.first), signal.SIGKILL)
        self.script.communicate()
        self.log.close()
        os.rmdir(self.folder)
