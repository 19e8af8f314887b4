import { durationMs, type DurationMs } from '#base/units.ts';
import { SEGMENT_BYTES } from './segment.ts';

/** Bounds of the log (design D10, D14). */
export interface LogLimits {
  /** A segment is sealed at this length. */
  readonly segmentBytes: number;
  /** Segments kept whole; the oldest beyond is compacted to its compliance records. */
  readonly wholeSegments: number;
  /** Bytes of compacted segments; beyond, the oldest is removed, which is reported. */
  readonly compactBytes: number;
  /** Telemetry records waiting for a slow or failing disk; beyond, the oldest is dropped and counted. */
  readonly telemetryQueue: number;
  /** Compliance records waiting; beyond, the oldest is dropped, counted and reported: only a disk dead for weeks gets there. */
  readonly complianceQueue: number;
  /** Bytes of one commit. */
  readonly commitBytes: number;
  /** Longest wait of a queued compliance record before its commit starts. Short: records that come together are grouped, flash is quick. */
  readonly complianceDelay: DurationMs;
  /** The same for telemetry: the most that a power cut loses. */
  readonly telemetryDelay: DurationMs;
  /** Wait after a failed commit. */
  readonly retryDelay: DurationMs;
}

export const LOG_LIMITS: LogLimits = {
  segmentBytes: SEGMENT_BYTES,
  wholeSegments: 48,
  compactBytes: 16 * 1024 * 1024,
  telemetryQueue: 1_000,
  complianceQueue: 20_000,
  commitBytes: 512 * 1024,
  complianceDelay: durationMs(20),
  telemetryDelay: durationMs(30_000),
  retryDelay: durationMs(1_000),
};
