"""The Debian package of what is built, for tests."""
import functools
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

from harness import BINARY


def run(*command, **options):
    done = subprocess.run(command, capture_output=True, text=True, check=False, **options)
    if done.returncode != 0:
        raise AssertionError(f"{command}: {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


@functools.lru_cache
def package():
    """What is built, packed without compression; its folder has nothing else."""
    folder = tempfile.mkdtemp(prefix="logi-package-")
    unittest.addModuleCleanup(shutil.rmtree, folder)
    unittest.addModuleCleanup(package.cache_clear)
    with tempfile.TemporaryDirectory(prefix="logi-packing-") as place:
        config = pathlib.Path(BINARY).parent / "CPackConfig.cmake"
        run("cpack", "--config", str(config), "-B", place, "-D", "CPACK_DEBIAN_COMPRESSION_TYPE=none")
        return shutil.move(next(pathlib.Path(place).glob("*.deb")), folder)


def changed_package(deb, folder, change):
    """The package again, as its next version; change(path of its unpacked files) makes it another."""
    unpacked = os.path.join(folder, "next")
    run("dpkg-deb", "-R", str(deb), unpacked)
    control = pathlib.Path(unpacked, "DEBIAN/control")
    control.write_text(re.sub(r"(?m)^(Version: .*)$", r"\1+next", control.read_text()))
    change(pathlib.Path(unpacked))
    return run("dpkg-deb", "-Znone", "-b", unpacked, folder).split("'")[3]
