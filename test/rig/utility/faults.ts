/** The scenario's faults that are the server's own: when it refuses connections. */

/** Seconds from the start of the scenario. Other kinds belong to other parts of the rig. */
export interface ScenarioFault {
  readonly kind: string;
  readonly at: number;
  /** Absent: for ever. */
  readonly forSeconds?: number | undefined;
}

/** Whether the server is down `elapsed` seconds into the scenario; without a duration it stays down. */
export const downAt = (faults: readonly ScenarioFault[], elapsed: number): boolean =>
  faults.some(
    (fault) =>
      fault.kind === 'server-down' &&
      elapsed >= fault.at &&
      (fault.forSeconds === undefined || elapsed < fault.at + fault.forSeconds),
  );
