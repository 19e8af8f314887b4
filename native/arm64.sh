#!/bin/sh
# Builds the addon for arm64 on this machine and checks that it would link there: build/native-arm64/gridward.node. Debian's arm64
# libraries are unpacked below build/, the system's package lists stay as they are. Each symbol the addon leaves open must be one that
# those libraries or Node itself export. The last line is `N passed, N failed`.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
cd "$root"
home="$root/build/arm64"
tools=aarch64-linux-gnu
fail() {
  echo "arm64     $1" >&2
  echo '0 passed, 1 failed'
  exit 1
}
command -v $tools-g++ >/dev/null || test/tooling/debian.sh arm64 || fail "there is no $tools-g++"

# An apt of its own: other lists, nothing installed.
own_apt() {
  program=$1
  shift
  "$program" -qq -o APT::Architecture=arm64 -o APT::Architectures::=arm64 -o Dir::State="$home/state" -o Dir::State::status="$home/state/status" \
    -o Dir::Cache="$home/cache" -o Acquire::Languages=none -o APT::Sandbox::User=root -o Debug::NoLocking=1 "$@"
}
packages() {
  # The one library whose package carries its version in its name.
  esys=$(own_apt apt-cache pkgnames libtss2-esys | sort | tail -n 1)
  echo "libtss2-dev $esys libtss2-tctildr0 libtss2-mu0 libtss2-rc0 libtss2-sys1"
}
if [ ! -e "$home/ready" ]; then
  rm -rf "$home"
  mkdir -p "$home/state/lists/partial" "$home/cache/archives/partial" "$home/debs"
  : >"$home/state/status"
  own_apt apt-get update >"$home/apt.txt" 2>&1 || fail "$(cat "$home/apt.txt")"
  # shellcheck disable=SC2046 # a list of words
  (cd "$home/debs" && own_apt apt-get download $(packages)) >>"$home/apt.txt" 2>&1 || fail "$(cat "$home/apt.txt")"
  for deb in "$home"/debs/*.deb; do dpkg-deb -x "$deb" "$home/root"; done
  touch "$home/ready"
fi
lib="$home/root/usr/lib/$tools"
out=build/native-arm64
CC=$tools-gcc CXX=$tools-g++ CXXFLAGS="-isystem $home/root/usr/include" LDFLAGS="-L$lib -Wl,--allow-shlib-undefined" \
  ARCH=arm64 OUT=$out native/build.sh || fail 'it does not build'

$tools-readelf -h "$out/gridward.node" | grep -q 'Machine: *AArch64' || fail 'it is not for arm64'
names() { awk 'NF > 1 { sub(/@.*/, "", $NF); print $NF }'; }
{
  nm -D --defined-only "$(readlink -f build/bin/node)"
  for library in "$lib"/libtss2-*.so.*; do $tools-nm -D --defined-only "$library"; done
  for library in libstdc++.so.6 libgcc_s.so.1 libc.so.6 libm.so.6 ld-linux-aarch64.so.1; do
    $tools-nm -D --defined-only "$($tools-g++ -print-file-name=$library)"
  done
} 2>/dev/null | names | sort -u >"$home/exported.txt"
$tools-nm -D --undefined-only "$out/gridward.node" | awk '$1 == "U"' | names | sort -u >"$home/wanted.txt"
[ "$(wc -l <"$home/wanted.txt")" -gt 100 ] || fail 'it leaves hardly a symbol open: this check looks at the wrong thing'
open=$(comm -23 "$home/wanted.txt" "$home/exported.txt")
[ -z "$open" ] || fail "nobody exports: $(echo "$open" | tr '\n' ' ')"
echo "arm64     $out/gridward.node, $(wc -l <"$home/wanted.txt") symbols from Node, tpm2-tss and the C++ library"
echo '1 passed, 0 failed'
