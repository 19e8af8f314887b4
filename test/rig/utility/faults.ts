/** The scenario's faults that are the server's own: when it refuses connections, and how far its clock is off. */

/** Seconds from the start of the scenario. Other kinds belong to other parts of the rig. */
export interface ScenarioFault {
  readonly kind: string;
  readonly at: number;
  /** Absent: for ever. */
  readonly forSeconds?: number | undefined;
  readonly bySeconds?: number | undefined;
}

/** Whether the server is down `elapsed` seconds into the scenario; without a duration it stays down. */
export const downAt = (faults: readonly ScenarioFault[], elapsed: number): boolean =>
  faults.some((fault) => fault.kind === 'server-down' && isUnderWay(fault, elapsed));

/** How far the clock that clients are told is ahead of the server's own, seconds. */
export const timeJumpAt = (faults: readonly ScenarioFault[], elapsed: number): number =>
  faults
    .filter((fault) => fault.kind === 'server-clock' && isUnderWay(fault, elapsed))
    .reduce((sum, { bySeconds = 0 }) => sum + bySeconds, 0);

const isUnderWay = (fault: ScenarioFault, elapsed: number): boolean =>
  elapsed >= fault.at && (fault.forSeconds === undefined || elapsed < fault.at + fault.forSeconds);
