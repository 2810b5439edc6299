"""Which crates take part in a build, as `cargo tree` knows it.

`cargo metadata`, from which most tools read, also names optional crates that nobody asked for.
"""

import json
import subprocess
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent
LINKED = "normal,no-proc-macro"
BUILT = "normal,build"


def _cargo(*arguments):
    command = ["cargo", *arguments, "--locked", "--offline"]
    return subprocess.run(command, cwd=TOP, check=True, stdout=subprocess.PIPE, text=True).stdout


def names(target, edges):
    """Returns (name, version) of each crate that the program reaches over such edges, itself too."""
    tree = _cargo("tree", "-p", "run_functions", "--edges", edges, "--target", target, "--prefix", "none")
    return {(name, version.removeprefix("v")) for name, version in (line.split()[:2] for line in tree.splitlines())}


def packages(target, edges):
    """Returns what cargo knows of each of them, in order, without what is in this repository."""
    metadata = json.loads(_cargo("metadata", "--format-version", "1", "--filter-platform", target))
    wanted = names(target, edges)
    found = (package for package in metadata["packages"] if (package["name"], package["version"]) in wanted)
    return sorted((package for package in found if package["source"]), key=lambda package: (package["name"], package["version"]))
