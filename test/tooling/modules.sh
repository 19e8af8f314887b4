#!/bin/sh
# Installs exactly what package-lock.json says into node_modules; no package runs a script of its own.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
cd "$root"
stamp=node_modules/.package-lock.json
# the lock file that node_modules was made from: a newer date alone is no reason to install again
made=node_modules/.made-from.json
if [ -e "$stamp" ] && cmp -s package-lock.json "$made"; then
  touch "$stamp"
  exit 0
fi
command -v npm >/dev/null || {
  echo "npm is missing: apt-get install -y --no-install-recommends npm" >&2
  exit 1
}
install() {
  npm "$@" --ignore-scripts --no-audit --no-fund --loglevel=error --cache build/npm-cache >build/npm.txt 2>&1
}
if ! install ci; then
  # an old npm may find fault with a lock file that a newer one wrote
  echo "modules   npm ci refused ($(head -n 1 build/npm.txt)): installing what the lock file says with npm install"
  install install --no-save || {
    cat build/npm.txt >&2
    echo "the packages could not be installed: is there a way to an npm registry?" >&2
    exit 1
  }
fi
cp package-lock.json "$made"
touch "$stamp"
echo "modules   $(grep -c '"node_modules/' "$stamp") packages"
