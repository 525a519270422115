"""The Debian package: made from the build that is there, installed on a machine of its own whose services systemd starts,
used, upgraded, removed and purged."""
import os
import pathlib
import re
import shutil
import tempfile
import time
import unittest

import machine
from harness import BINARY
from packed import changed_package, package, run

UNITS = ("logi.service", "logi-agent.service")
# What systemd-analyze counts as exposure, in tenths; a unit without any hardening has 96.
EXPOSURE_MAX = 20
# What any package or unit leaves on a machine.
COMMON = re.compile(r"/var/(lib/(dpkg|systemd|private)|cache|log)/|/etc/(passwd|group|shadow|gshadow|subuid|subgid)-?$"
                    r"|/etc/(\.pwd\.lock|machine-id|ld\.so\.cache)$")


class Package(unittest.TestCase):
    def test_what_is_in_it(self):
        fields = run("dpkg-deb", "-f", package())
        version = run(BINARY, "version").split()[1]
        self.assertIn(f"\nVersion: {version}\n", fields)
        depends = re.search(r"(?m)^Depends: (.*)$", fields)[1]
        for library in ("libc6 (>= 2.", "libgrpc++1.51", "libssl3 (>= 3.", "adduser"):
            self.assertIn(library, depends)
        with tempfile.TemporaryDirectory(prefix="logi-package-") as files:
            run("dpkg-deb", "-x", package(), files)
            self.check_files(files)

    def check_files(self, files):
        listed = {os.path.relpath(os.path.join(top, name), files) for top, _, names in os.walk(files) for name in names}
        self.assertEqual({path for path in listed if not path.startswith("usr/share/doc/logi/")}, {
            "usr/bin/logi", "etc/logi/server.yaml", "etc/logi/agent.yaml",
            "lib/systemd/system/logi.service", "lib/systemd/system/logi-agent.service",
            "usr/share/man/man1/logi.1.gz", "usr/share/bash-completion/completions/logi",
            "usr/share/zsh/vendor-completions/_logi", "usr/share/fish/vendor_completions.d/logi.fish"})
        self.assertLessEqual({f"usr/share/doc/logi/{name}" for name in ("copyright", "changelog.gz", "config.md", "agent.md")},
                             listed)
        self.assertNotIn(".debug_info", run("readelf", "-S", "-W", f"{files}/usr/bin/logi"))
        self.assertIn("logi query", run("zcat", f"{files}/usr/share/man/man1/logi.1.gz").replace("\\-", "-"))
        run("bash", "-n", f"{files}/usr/share/bash-completion/completions/logi")
        self.assertTrue(pathlib.Path(files, "usr/share/zsh/vendor-completions/_logi").read_text().startswith("#compdef logi\n"))
        self.assertIn("complete -c logi", pathlib.Path(files, "usr/share/fish/vendor_completions.d/logi.fish").read_text())


why = machine.why_not()


@unittest.skipIf(why, f"no machine can be made here: {why}")
class Installed(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="logi-package-")
        self.addCleanup(shutil.rmtree, self.folder)
        self.machine = machine.Machine()
        self.addCleanup(self.machine.close)
        self.run_there = self.machine.run
        # Images of containers have it, to keep packages from starting and stopping services.
        self.machine.path("/usr/sbin/policy-rc.d").unlink(missing_ok=True)
        # Else the index of manual pages is made anew each time, for seconds.
        self.machine.path("/var/lib/man-db/auto-update").unlink(missing_ok=True)

    def install(self, deb, *flags):
        shutil.copy(deb, self.machine.path("/tmp/logi.deb"))
        return self.run_there("dpkg", *flags, "-i", "/tmp/logi.deb", stdin="")

    def state(self, unit):
        return self.run_there("systemctl", "is-active", unit, check=False).strip()

    def main_pid(self, unit):
        return int(self.run_there("systemctl", "show", "-P", "MainPID", unit))

    def check_units(self):
        paths = [f"/lib/systemd/system/{unit}" for unit in UNITS]
        self.assertEqual(self.run_there("systemd-analyze", "verify", *paths), "")
        self.run_there("systemd-analyze", "security", "--offline=true", f"--threshold={EXPOSURE_MAX}", *paths)
        for unit in UNITS:
            self.assertEqual(self.state(unit), "inactive")
            self.assertEqual(self.run_there("systemctl", "is-enabled", unit, check=False), "disabled\n")

    def check_files(self):
        found = self.run_there("stat", "-c", "%U:%G %a", "/etc/logi/server.yaml", "/etc/logi/agent.yaml")
        self.assertEqual(found, "root:logi 640\nroot:logi-agent 640\n")
        self.run_there("logi", "check", "config", "/etc/logi/server.yaml")
        self.run_there("promtail", "-config.file=/etc/logi/agent.yaml", "-check-syntax")
        self.assertTrue(self.run_there("readlink", "-f", "/usr/bin/logcli").endswith("/usr/bin/logi\n"))

    def start(self):
        self.run_there("systemctl", "start", *UNITS)
        # Type=notify: it serves as soon as it is started.
        self.assertIn("ready", self.run_there("logi", "healthcheck"))
        for unit, user in zip(UNITS, ("logi", "logi-agent")):
            status = self.machine.path(f"/proc/{self.main_pid(unit)}/status").read_text()
            self.assertRegex(status, r"(?m)^CapBnd:\t0{16}$")
            self.assertRegex(status, r"(?m)^Seccomp:\t2$")
            self.assertEqual(self.run_there("stat", "-c", "%U %a", f"/var/lib/{user}"), f"{user} 700\n")

    def log_to_file(self, line):
        """As syslog has its files: nobody but the group adm may read them."""
        self.run_there("install", "-m", "640", "-o", "root", "-g", "adm", "/dev/stdin", "/var/log/logi-test.log",
                       stdin=line + "\n")

    def log_to_journal(self, line):
        self.run_there("systemd-cat", "-t", "logi-test", "echo", line)

    def find(self, line, query):
        end = time.monotonic() + 20
        while True:
            found = self.run_there("logcli", "query", "--quiet", "-o", "raw", query, check=False)
            if line in found.splitlines():
                return
            if time.monotonic() > end:
                self.fail(found + self.run_there("journalctl", "-u", "logi*", "--no-pager"))
            time.sleep(0.1)

    def check_upgrade(self):
        """The next version has another server.yaml; ours is edited. What runs, runs again."""
        mine = self.machine.path("/etc/logi/server.yaml")
        mine.write_text(mine.read_text() + "# mine\n")
        before = {unit: self.main_pid(unit) for unit in UNITS}

        def change(unpacked):
            with open(unpacked / "etc/logi/server.yaml", "a", encoding="utf-8") as config:
                config.write("# theirs\n")

        self.install(changed_package(package(), self.folder, change), "--force-confdef")
        self.assertTrue(mine.read_text().endswith("# mine\n"))
        self.check_files()
        for unit in UNITS:
            self.assertEqual(self.state(unit), "active")
            self.assertNotEqual(self.main_pid(unit), before[unit])

    def test_from_installation_to_purge(self):
        before = self.machine.changes()
        self.install(package())
        self.check_files()
        self.check_units()
        self.start()
        self.run_there("systemctl", "enable", *UNITS)
        self.log_to_file("a line of a file")
        self.log_to_journal("a message")
        self.find("a line of a file", '{job="files", filename="/var/log/logi-test.log"}')
        self.find("a message", '{job="journal", host=~".+"} |= "a message"')
        self.check_upgrade()
        self.find("a line of a file", '{job="files"}')
        self.run_there("dpkg", "-r", "logi")
        self.assertEqual([self.state(unit) for unit in UNITS], ["inactive"] * 2)
        self.assertIn("# mine", self.machine.path("/etc/logi/server.yaml").read_text())
        self.assertIn("rm -r /var/lib/logi ", self.run_there("dpkg", "-P", "logi"))
        left = {path for path in self.machine.changes() - before if not COMMON.match(path)}
        data = {path for path in left if path.startswith(("/var/lib/logi/", "/var/lib/logi-agent/"))}
        self.assertTrue(data)
        self.assertEqual(left - data, set())

    def test_programs_of_other_packages_stay(self):
        theirs = self.machine.path("/usr/bin/promtail")
        theirs.write_text("#!/bin/sh\necho theirs\n")
        theirs.chmod(0o755)
        # Nor does a machine without systemd hinder anything.
        os.rename(self.machine.path("/run/systemd"), self.machine.path("/run/away"))
        self.install(package())
        self.assertEqual(self.run_there("promtail"), "theirs\n")
        self.assertEqual(self.run_there("logcli", "version"), self.run_there("logi", "version"))
        self.run_there("dpkg", "-P", "logi")
        self.assertEqual(self.run_there("promtail"), "theirs\n")
        self.assertFalse(os.path.lexists(self.machine.path("/usr/bin/logcli")))


if __name__ == "__main__":
    unittest.main()
