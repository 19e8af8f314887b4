import { spawn } from 'node:child_process';

/**
 * A shell that outlives the runner by a moment: when the runner was killed and could not clear up, it ends what the runner
 * started and removes its directory. It knows that from its standard input closing without a word.
 */
export interface Guard {
  started(pid: number): void;
  ended(pid: number): void;
  /** All is cleared up; the guard goes. */
  release(): Promise<void>;
}

const SCRIPT = `
trap '' INT TERM HUP
groups=' '
while read -r word value; do
  case $word in
    started) groups="$groups$value " ;;
    ended) groups=$(printf '%s' "$groups" | sed "s/ $value / /") ;;
    release) exit 0 ;;
  esac
done
for group in $groups; do kill -KILL "-$group" 2>/dev/null; done
rm -rf -- "$1"
`;

/** `directory` is removed when the runner dies. */
export const startGuard = (directory: string): Guard => {
  const shell = spawn('/bin/sh', ['-c', SCRIPT, 'guard', directory], { stdio: ['pipe', 'ignore', 'ignore'], detached: true });
  shell.stdin.on('error', () => undefined);
  const gone = new Promise<void>((resolve) => {
    shell.once('exit', () => resolve());
    shell.once('error', () => resolve());
  });
  const say = (line: string): void => {
    if (shell.stdin.writable) shell.stdin.write(`${line}\n`);
  };
  return {
    started: (pid) => say(`started ${pid}`),
    ended: (pid) => say(`ended ${pid}`),
    release: async () => {
      say('release');
      await gone;
    },
  };
};
