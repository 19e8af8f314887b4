#!/bin/sh
# The strangers' tools in Python (py20305, pysunspec2) in build/venv, at the versions of python.txt.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
cd "$root"
list=test/tooling/python.txt
done=build/venv/installed.txt
if [ -e "$done" ] && cmp -s "$list" "$done" && build/venv/bin/python -c 'import py20305, sunspec2' 2>/dev/null; then exit 0; fi
# Debian's own interpreter first: its version is the one the packages were tried with
python=python3
[ -x /usr/bin/python3 ] && /usr/bin/python3 -c 'import ensurepip, venv' 2>/dev/null && python=/usr/bin/python3
{ "$python" -m venv --clear build/venv && build/venv/bin/pip install --quiet --no-cache-dir --disable-pip-version-check -r "$list"; } \
  >build/pip.txt 2>&1 || {
  cat build/pip.txt >&2
  echo "the Python packages of $list could not be installed: is there a way to a package index?" >&2
  exit 1
}
cp "$list" "$done"
echo "python    $(wc -l <"$list" | tr -d ' ') packages in build/venv"
