"""Certificates for tests, made on the spot with the openssl command: nothing secret is in the repository."""
import pathlib
import subprocess
from typing import NamedTuple

KEYS = {"ec": ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"], "weak": ["-newkey", "rsa:1024"]}


class Identity(NamedTuple):
    certificate: pathlib.Path
    key: pathlib.Path

    def flags(self):
        return [f"--tls-cert={self.certificate}", f"--tls-key={self.key}"]


class Authority:
    """A CA with a folder of its own."""

    def __init__(self, folder, name="authority"):
        self.folder = folder / name
        self.folder.mkdir()
        self.config = self.folder / "config"  # the system's own would add extensions
        self.config.write_text("[req]\ndistinguished_name = dn\n[dn]\n")
        self.identity = self._path("ca")
        self._openssl("req", "-x509", "-config", self.config, "-nodes", *KEYS["ec"], "-subj", f"/CN={name}",
                      "-keyout", self.identity.key, "-out", self.identity.certificate,
                      "-addext", "basicConstraints=critical,CA:TRUE")

    @property
    def certificate(self):
        return self.identity.certificate

    def issue(self, name, alternative_names="DNS:localhost,IP:127.0.0.1", days=30, key="ec"):
        """An identity of that common name; with days=-1, one that has expired."""
        made, request = self._path(name), self.folder / f"{name}.request"
        extensions = ["-addext", f"subjectAltName={alternative_names}"] if alternative_names else []
        self._openssl("req", "-new", "-config", self.config, "-nodes", *KEYS[key], "-subj", f"/CN={name}",
                      "-keyout", made.key, "-out", request, *extensions)
        self._openssl("x509", "-req", "-in", request, "-CA", self.identity.certificate, "-CAkey", self.identity.key,
                      "-days", str(days), "-copy_extensions", "copy", "-out", made.certificate)
        return made

    def _path(self, name):
        return Identity(self.folder / f"{name}.pem", self.folder / f"{name}.key")

    @staticmethod
    def _openssl(*arguments):
        subprocess.run(["openssl", *arguments], check=True, capture_output=True)
