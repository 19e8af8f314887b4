#!/bin/sh
# The tests of the addon once more, with AddressSanitizer and UndefinedBehaviorSanitizer in it: the first report ends the process.
# The last line is `N passed, N failed`. Memory over a thousand handshakes is measured by leak.test.ts on the plain build.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
cd "$root"
native/build.sh sanitize || {
  echo '0 passed, 1 failed'
  exit 1
}
# Node is not built with them: the libraries come first by preload. No leak report at the end: Node keeps much until it ends.
exec env GRIDWARD_ADDON="$root/build/native-sanitize/gridward.node" \
  LD_PRELOAD="$(cc -print-file-name=libasan.so) $(cc -print-file-name=libubsan.so)" \
  ASAN_OPTIONS=detect_leaks=0:abort_on_error=1 UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1 \
  build/bin/node test/tooling/verify.ts sanitized
