import { civilTime } from '#base/calendar.ts';
import type { FileFault } from '#base/ports.ts';
import type { UtilitySeconds } from '#base/units.ts';
import { type Finding, found, wrong } from './finding.ts';
import type { CliPorts } from './ports.ts';

/** Below it the log and the plan may not fit. */
const FREE_BYTES_MIN = 16 * 1024 * 1024;
/** 2026-01-01 and 2100-01-01: no clock of a gateway that runs this release is right outside them. */
const CLOCK_MIN = 1_767_225_600;
const CLOCK_MAX = 4_102_444_800;
/** Seconds that the clock here and the utility's may differ. */
const CLOCK_DIFFERENCE_MAX = 60;

export const clockFinding = ({ clock }: Pick<CliPorts, 'clock'>): Finding => {
  const now = clock.wall();
  return now < CLOCK_MIN || now >= CLOCK_MAX
    ? wrong(
        `the clock says ${utc(now)}`,
        'set it (timedatectl), or check its battery and the time server: certificates are refused till then',
      )
    : found(utc(now));
};

const utc = (seconds: number): string => {
  const { year, month, day, minute } = civilTime(seconds);
  const two = (value: number): string => String(value).padStart(2, '0');
  return `${year}-${two(month)}-${two(day)} ${two(Math.floor(minute / 60))}:${two(minute % 60)} UTC`;
};

/** The clock here beside the utility's, by which the plan goes; null: the server states no time. */
export const timeFinding = ({ clock }: Pick<CliPorts, 'clock'>, utility: UtilitySeconds | null): Finding => {
  if (utility === null)
    return wrong('the server states no time', 'events cannot begin without it: ask the utility for its Time resource');
  const ahead = Math.round(clock.wall() - utility);
  if (Math.abs(ahead) <= CLOCK_DIFFERENCE_MAX) return found(`the clock is within ${CLOCK_DIFFERENCE_MAX} s of the utility's`);
  return wrong(
    `the clock is ${Math.abs(ahead)} s ${ahead > 0 ? 'ahead of' : 'behind'} the utility's`,
    "check the time server (timedatectl): events go by the utility's time, but after a power cut the clock here is all there is",
  );
};

type DiskPorts = Pick<CliPorts, 'filesIn'> & { readonly network: Pick<CliPorts['network'], 'free'> };

/** Whether the state directory can be written, and has room left. */
export const diskFinding = async (ports: DiskPorts, directory: string): Promise<Finding> => {
  const files = ports.filesIn(directory);
  const written = await files.replace('doctor.probe', new TextEncoder().encode('probe'));
  if (!written.ok) return wrong(`${directory} cannot be written: ${faultText(written.fault)}`, diskRemedy(written.fault));
  await files.remove('doctor.probe');
  const free = await ports.network.free(directory);
  if (free !== null && free < FREE_BYTES_MIN)
    return wrong(
      `${directory} has ${Math.floor(free / 1024)} KiB left`,
      'free space on it: the log and the plan may not be kept',
    );
  return found(`${directory} is writable${free === null ? '' : `, ${Math.floor(free / 1_048_576)} MiB free`}`);
};

const faultText = (fault: FileFault): string => ('why' in fault ? fault.why : fault.kind);

const diskRemedy = ({ kind }: FileFault): string =>
  kind === 'full'
    ? 'free space on its disk: the log and the plan cannot be kept'
    : 'make the state directory writable for the service, and check that its disk is mounted for writing';
