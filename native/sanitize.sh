#!/bin/sh
# The tests of the addon once more, with AddressSanitizer and UndefinedBehaviorSanitizer in it. The first report ends the process.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
cd "$root"
native/build.sh sanitize
# Node is not built with them: the libraries come first by preload. Leaks are counted by leak.test.ts, Node keeps much until it ends.
env GRIDWARD_ADDON="$root/build/native-sanitize/gridward.node" \
  LD_PRELOAD="$(cc -print-file-name=libasan.so) $(cc -print-file-name=libubsan.so)" \
  ASAN_OPTIONS=detect_leaks=0:abort_on_error=1 UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1 \
  "$root/build/bin/node" node_modules/vitest/vitest.mjs run --config test/vitest.config.ts \
  test/tpm/key test/tpm/tls test/tpm/sealed test/tpm/process
