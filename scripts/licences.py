"""Says whether every crate that is linked in may be used in a product, by its declared licence.

usage: cargo metadata --format-version 1 --all-features | licences.py

A crate passes when its licence expression can be met from ALLOWED alone: of alternatives (OR) one
must be in it, of joint terms (AND) all must. Exit status 0 only when every crate passes.
"""

import json
import re
import sys

ALLOWED = {
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-1-Clause",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "MIT-0",
    "MPL-2.0",  # asks for the source of changes to its own files, of which we make none
    "OFL-1.1",  # fonts: may be shipped with a program, not sold alone
    "OpenSSL",
    "Ubuntu-font-1.0",  # fonts of egui: may be shipped with a program, not changed under their name
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
}


def met(expression):
    """Whether an SPDX expression can be met; `/` is an old way to write OR."""
    tokens = re.findall(r"\(|\)|[^\s()]+", expression.replace("/", " OR "))

    def alternatives():
        result = terms()
        while tokens and tokens[0] == "OR":
            tokens.pop(0)
            result = terms() or result
        return result

    def terms():
        result = term()
        while tokens and tokens[0] == "AND":
            tokens.pop(0)
            result = term() and result
        return result

    def term():
        name = tokens.pop(0)
        if name == "(":
            result = alternatives()
            tokens.pop(0)
            return result
        if tokens[:1] == ["WITH"]:
            name = f"{name} WITH {tokens[1]}"
            del tokens[:2]
        return name in ALLOWED

    return alternatives()


def main():
    packages = json.load(sys.stdin)["packages"]
    refused = [
        f"{package['name']} {package['version']}: {package['license'] or 'no licence declared'}"
        for package in packages
        if not (package["license"] and met(package["license"]))
    ]
    for line in refused:
        print(line, file=sys.stderr)
    if refused:
        sys.exit("these licences are not on the list of scripts/licences.py")
    print(f"All {len(packages)} crates may be used in a product.")


if __name__ == "__main__":
    main()
