/** Longest span a server may send us away for, seconds (IEEE 2030.5 reference 1.4). */
const RETRY_AFTER_MAX = 3600;

/** Seconds of a Retry-After header in either form; a date counts from the reply's own Date, so that no clock of ours is needed. */
export const retryAfterOf = (header: string | null, date: string | null): number | null => {
  if (header === null) return null;
  const text = header.trim();
  if (/^\d{1,9}$/.test(text)) return Math.min(Number(text), RETRY_AFTER_MAX);
  const until = Date.parse(text);
  const from = Date.parse(date ?? '');
  if (Number.isNaN(until) || Number.isNaN(from)) return null;
  return Math.min(Math.max(0, Math.ceil((until - from) / 1000)), RETRY_AFTER_MAX);
};
