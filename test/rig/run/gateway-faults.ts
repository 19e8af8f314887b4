import { execFile } from 'node:child_process';
import type { FaultKind } from '../scenario/scenario.ts';
import type { Run } from './run.ts';

/** Soft limits alone: whoever lowered one may raise it again. */
const NO_BYTE = '--fsize=0:';
const ANY_SIZE = '--fsize=unlimited:';

/** Every write to a file fails (EFBIG; Node ignores the signal), also into what is there already; sockets and pipes go on. */
const failFlash = (run: Run, fails: boolean, onError: (text: string) => void): void => {
  for (const unit of run.units()) {
    const { pid } = unit.status();
    if (pid === null) continue;
    execFile('prlimit', ['--pid', String(pid), fails ? NO_BYTE : ANY_SIZE], (thrown) => {
      // a process that has ended meanwhile has no limits
      if (thrown !== null && unit.status().pid === pid) onError(`prlimit: ${thrown.message}`);
    });
  }
};

/** Does to the gateway's processes what a scenario's fault says; kinds that are not theirs do nothing. */
export const applyToGateway = (run: Run, kind: FaultKind, on: boolean, onError: (text: string) => void): void => {
  if (kind === 'kill-controld') run.unit('controld').kill('SIGKILL');
  else if (kind === 'kill-northd') run.unit('northd').kill('SIGKILL');
  else if (kind === 'flash-fails') failFlash(run, on, onError);
  else if (kind === 'power-cut')
    for (const unit of run.units()) {
      if (on) unit.powerOff();
      else unit.powerOn();
    }
};
