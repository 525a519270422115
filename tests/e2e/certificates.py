"""Authorities and certificates of one test, made by the openssl command."""
import os
import pathlib
import subprocess
import tempfile


class Authority:
    """Signs certificates. Files lie in its folder: NAME.pem and NAME.key."""

    def __init__(self, test, name="authority"):
        folder = tempfile.TemporaryDirectory(prefix="logi-tls-")
        test.addCleanup(folder.cleanup) if not isinstance(test, type) else test.addClassCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.cert, self.key = str(self.folder / "ca.pem"), str(self.folder / "ca.key")
        openssl("req", "-x509", *new_key(self.key), "-out", self.cert, "-days", "2", "-subj", f"/CN={name}")

    def issue(self, name, names="IP:127.0.0.1,DNS:localhost", days=1, subject=None):
        """(certificate, key) for the alternative names; one of -1 days has expired."""
        cert, key, request = (str(self.folder / f"{name}.{end}") for end in ("pem", "key", "csr"))
        openssl("req", *new_key(key), "-out", request, "-subj", subject or f"/CN={name}")
        extensions = self.folder / "extensions"
        extensions.write_text(f"subjectAltName={names}\n" if names else "basicConstraints=CA:FALSE\n")
        openssl("x509", "-req", "-in", request, "-CA", self.cert, "-CAkey", self.key, "-CAcreateserial", "-out", cert,
                "-days", str(days), "-extfile", str(extensions))
        return cert, key


def new_key(file):
    return "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", file


def openssl(*arguments):
    done = subprocess.run(["openssl", *arguments], capture_output=True, text=True,
                          env={"PATH": os.environ["PATH"], "LANG": "C"})
    if done.returncode != 0:
        raise RuntimeError(f"openssl {arguments}: {done.stderr}")
    return done.stdout
