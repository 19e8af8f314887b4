#!/bin/sh
# Builds build/native/gridward.node, once for Node 22 and later. `build.sh sanitize`: build/native-sanitize/gridward.node with
# AddressSanitizer and UndefinedBehaviorSanitizer. The compiler and its target come from CXX, CXXFLAGS and LDFLAGS as usual;
# OUT names another folder, ARCH the processor as Node names it (arm64). The objects stay in OUT/work: the next build compiles what changed.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
kind=${1:-plain}
case $kind in
  plain) out=${OUT:-build/native} sanitize=false ;;
  sanitize) out=${OUT:-build/native-sanitize} sanitize=true ;;
  *)
    echo "usage: build.sh [sanitize]" >&2
    exit 2
    ;;
esac
target="$root/$out/gridward.node"
if [ -e "$target" ] && [ -z "$(find "$root/native" -type f -newer "$target" -print -quit)" ]; then exit 0; fi
node=$(readlink -f "$root/build/bin/node")
# Headers of the very Node that runs the product; a Node without them takes those of the system's development files.
headers=$(dirname "$(dirname "$node")")
[ -e "$headers/include/node/node_api.h" ] || headers=/usr
[ -e "$headers/include/node/openssl/provider.h" ] || {
  echo "no Node headers beside $node nor in /usr/include/node" >&2
  exit 1
}
work="$root/$out/work"
mkdir -p "$work"
# what is compiled is judged by its time; a file that is gone must not be found
rm -rf "$work/src"
cp -Rp "$root/native/binding.gyp" "$root/native/src" "$work/"
ln -sfn "$root/node_modules" "$work/node_modules"
cd "$work"
gyp() {
  "$node" "$root/node_modules/node-gyp/bin/node-gyp.js" "$@"
}
{
  gyp configure ${ARCH:+--arch="$ARCH"} --nodedir="$headers" --devdir="$work/dev" --silent -- -Dsanitize="$sanitize" &&
    gyp build --jobs 2 --silent
} >"$root/$out/build.txt" 2>&1 || {
  cat "$root/$out/build.txt" >&2
  exit 1
}
cp build/Release/gridward.node "$target.new"
mv "$target.new" "$target"
echo "addon     $out/gridward.node, $(($(wc -c <"$target") / 1024)) kB"
