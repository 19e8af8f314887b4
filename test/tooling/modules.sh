#!/bin/sh
# Installs exactly what package-lock.json says into node_modules; no package runs a script of its own.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
cd "$root"
installed=node_modules/.package-lock.json
if [ -e "$installed" ] && [ ! package-lock.json -nt "$installed" ] && [ ! package.json -nt "$installed" ]; then exit 0; fi
command -v npm >/dev/null || {
  echo "npm is missing: apt-get install -y --no-install-recommends npm" >&2
  exit 1
}
npm ci --ignore-scripts --no-audit --no-fund --loglevel=error --cache build/npm-cache >build/npm.txt 2>&1 || {
  cat build/npm.txt >&2
  echo "npm ci failed: package.json and package-lock.json disagree, or there is no way to an npm registry" >&2
  exit 1
}
touch "$installed"
echo "modules   $(find node_modules -name package.json -path '*node_modules/*' -prune | wc -l | tr -d ' ') packages"
