# shellcheck shell=bash
# What the scripts beside this file share: messages, and the installing of what is missing.

cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit

say() { printf '%s\n' "$*"; }
heading() { printf '\n== %s\n' "$*"; }
fail() {
  printf '%s: %s\n' "$(basename "$0")" "$*" >&2
  exit 1
}
has() { command -v "$1" >/dev/null 2>&1; }

# Debian packages that must be there, and packages that come along when something is installed.
missing=()
welcome=()

# need COMMAND PACKAGE...: the packages are installed when the command is not there.
need() { has "$1" || missing+=("${@:2}"); }
# prefer COMMAND PACKAGE...: the same, but only when something that is needed is missing, too.
prefer() { has "$1" || welcome+=("${@:2}"); }

# Compilers for the C and C++ code in some crates (SQLite, OpenH264, AWS-LC), and the linker.
# With nasm, OpenH264 decodes about half as fast again; it is not needed, but where speed is measured.
need_compilers() {
  need cc g++ libc6-dev
  need c++ g++ libc6-dev
  prefer nasm nasm
}

# OpenH264 as it is delivered: a build from before nasm was there is made again, for cargo does not notice that.
need_quick_decoder() {
  need nasm nasm
  install_missing
  if grep -qs 'Failed to compile NASM' "${CARGO_TARGET_DIR:-target}"/release/build/openh264-sys2-*/output; then
    cargo clean --quiet --locked --release --package openh264-sys2
  fi
}

# libclang, by which the crate for V4L2 reads the kernel's headers. libclang-cpp is another library.
need_libclang() {
  local found
  [[ -z ${LIBCLANG_PATH:-} ]] || return 0
  for found in /usr/lib{,64,/*-linux-gnu*,/llvm*/lib}/libclang{,-[0-9]*}.so*; do
    [[ -e $found ]] && return 0
  done
  missing+=(libclang1)
}

# What a window needs at run time on X11: the program opens these libraries when it starts. Building it
# needs none of them.
need_window() {
  need_library libX11-xcb.so.1 libx11-6 libx11-xcb1
  need_library libXcursor.so.1 libxcursor1
  need_library libXi.so.6 libxi6
  need_library libxkbcommon-x11.so.0 libxkbcommon-x11-0
  need_library libGL.so.1 libgl1
}

# Chromium, named by $chromium, and Node with the packages of tests/browser; says so where they are not there.
need_browser() {
  local name
  chromium=${CHROMIUM:-}
  for name in chromium chromium-browser google-chrome; do
    [[ -n $chromium ]] || chromium=$(command -v "$name") || true
  done
  [[ -n $chromium ]] || { say "skipped: there is no Chromium (CHROMIUM names another one)"; return 1; }
  has npm || { say "skipped: there is no Node with npm"; return 1; }
  [[ -d tests/browser/node_modules/playwright-core && -d tests/browser/node_modules/axe-core ]] ||
    npm ci --prefix tests/browser --no-fund --no-audit --ignore-scripts ||
    { say "skipped: the packages of tests/browser cannot be had"; return 1; }
}

# need_library FILE PACKAGE...: the packages are installed when the linker does not know the library.
need_library() {
  local known
  known=$(PATH=$PATH:/sbin:/usr/sbin ldconfig -p)
  [[ $known == *"$1"* ]] || missing+=("${@:2}")
}

need_rust() {
  has cargo || fail "there is no Rust toolchain: install Rust 1.95 or newer, by rustup for example"
}

# Says what will be installed, and installs it. Does nothing, and needs no network, when nothing
# that is needed is missing.
install_missing() {
  ((${#missing[@]})) || return 0
  local packages as_root=()
  mapfile -t packages < <(printf '%s\n' "${missing[@]}" "${welcome[@]}" | sort -u | grep .)
  say "Missing, and to be installed by apt-get: ${packages[*]}"
  has apt-get || fail "there is no apt-get here: install the like of ${packages[*]} in your system's way"
  if ((EUID != 0)); then
    has sudo || fail "installing needs root or sudo, and this is neither"
    as_root=(sudo)
  fi
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get update -qq
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -qq --no-install-recommends "${packages[@]}"
}
