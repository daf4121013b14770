"""Independent programs that read what we write and write what we read: found on the machine, or named as missing."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Final

# Program, and how it says its version.
PROGRAMS: Final = {"curl": "--version", "oathtool": "--version", "zbarimg": "--version", "rsvg-convert": "--version"}
PACKAGES: Final = ("otplib", "oidc-provider", "samlp")
MODULES: Final = ("nanoidp", "pyarrow")
# The pages of simplesamlphp, which PHP serves.
SIMPLESAMLPHP: Final = Path("/usr/share/simplesamlphp/www")
# Other libraries of SAML, in an environment of their own, and the program that one of them starts, which is off the path.
SAML_JUDGES: Final = Path(os.environ.get("CTSEC_SAML_PEERS", Path(sys.prefix) / "saml" / "bin" / "python"))
XMLSEC1: Final = Path("/opt/xmlsec1/usr/bin/xmlsec1")
KINDS: Final = (*PROGRAMS, *PACKAGES, *MODULES, "sumdb", "simplesamlphp", "saml-judges", "xmlsec1")
# Beside the virtual environment's own things: `make install` puts it there where npm is.
NODE: Final = Path(sys.prefix) / "node"
# Where Debian puts the Go source that golang-golang-x-mod-dev brings.
_GO_PATH: Final = Path("/usr/share/gocode")


@cache
def find(kind: str) -> str | None:
    """Return the path of a program (or of a Node.js package) on this machine, or None."""
    if kind in PROGRAMS:
        return shutil.which(kind)
    if kind == "sumdb":
        return shutil.which("go") if (_GO_PATH / "src/golang.org/x/mod/sumdb/tlog").is_dir() else None
    if kind == "saml-judges":
        return str(SAML_JUDGES) if SAML_JUDGES.exists() else None
    if kind == "xmlsec1":
        return str(XMLSEC1) if XMLSEC1.exists() else shutil.which("xmlsec1")
    if kind == "simplesamlphp":
        return shutil.which("php") if SIMPLESAMLPHP.is_dir() else None
    if kind in MODULES:
        module = importlib.util.find_spec(kind)
        return module.origin if module is not None else None
    package = NODE / "node_modules" / kind
    return str(package) if package.is_dir() and shutil.which("node") else None


def describe(kind: str) -> str:
    """Return one line on a program: its version, or that it is missing."""
    program = find(kind)
    if program is None:
        return f"{kind}: not found"
    if kind in PROGRAMS:
        said = subprocess.run([program, PROGRAMS[kind]], capture_output=True, text=True, check=False)
        return f"{kind}: {(said.stdout + said.stderr).splitlines()[0]}"
    if kind in MODULES:
        return f"{kind}: {metadata.version(kind)}"
    if kind == "sumdb":
        return f"{kind}: for Go"
    if kind == "saml-judges":
        said = subprocess.run([program, "-m", "pip", "--version"], capture_output=True, text=True, check=False)
        return f"{kind}: with {said.stdout.splitlines()[0]}"
    if kind == "xmlsec1":
        said = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)
        return f"{kind}: {said.stdout.splitlines()[0]}"
    if kind == "simplesamlphp":
        said = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)
        return f"{kind}: on {said.stdout.splitlines()[0]}"
    return f"{kind}: {json.loads(Path(program, 'package.json').read_text('utf-8'))['version']} for Node.js"


def run(kind: str, *arguments: str, given: bytes = b"") -> bytes:
    """Return what a program writes; an error of its own is an error of the test."""
    program = find(kind)
    assert program is not None
    return subprocess.run([program, *arguments], input=given, capture_output=True, check=True, timeout=120).stdout


def node(script: str, *arguments: str) -> str:
    """Return what a script of ES modules prints, which may import the packages beside the virtual environment."""
    command = node_command(script, *arguments)
    return subprocess.run(command, cwd=NODE, capture_output=True, check=True, timeout=120, text=True).stdout.strip()


def node_command(script: str, *arguments: str) -> list[str]:
    """Return the command that runs a script of ES modules, in the folder NODE."""
    return [shutil.which("node") or "node", "--input-type=module", "-e", script, *arguments]


def go(source: Path, *, into: Path, given: str) -> list[str]:
    """Build a Go program from what Debian has, in a folder of its own, and return the lines that it prints."""
    built = into / source.stem
    around = {"PATH": os.environ["PATH"], "HOME": str(into), "GO111MODULE": "off", "GOPATH": str(_GO_PATH), "GOCACHE": str(into / "cache")}
    command = [shutil.which("go") or "go", "build", "-o", str(built), str(source)]
    subprocess.run(command, env=around, capture_output=True, check=True, timeout=300)
    return subprocess.run([str(built)], input=given, capture_output=True, check=True, timeout=120, text=True).stdout.splitlines()
