#!/bin/sh
# The key of `make run` is in a simulated TPM where swtpm and the addon can be had, otherwise in a file. Says which; never fails.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
cd "$root"
mkdir -p build/cache
file() {
  echo "key       a file in the demo, not a TPM: $1"
  exit 0
}
# a registry that does not answer must not keep the demo waiting for ever
timeout 180 test/tooling/debian.sh swtpm >build/swtpm.txt 2>&1 || file "$(tail -n 1 build/swtpm.txt)"
[ ! -s build/swtpm.txt ] || cat build/swtpm.txt
flock build/setup.lock native/build.sh >build/swtpm.txt 2>&1 || file "the addon does not build, see build/swtpm.txt"
echo "key       in a simulated TPM (swtpm)"
