/** Faults of the transport carried out on a real connection. */
import type { ServerResponse } from 'node:http';
import type { UtilityResponse } from './core.ts';

const MS_PER_SECOND = 1000;

/** A byte at a time or several, until all is out or the client has gone. */
const drip = (response: ServerResponse, bytes: Uint8Array, bytesPerSecond: number): void => {
  let at = 0;
  const step = Math.max(1, Math.ceil(bytesPerSecond));
  const timer = setInterval(
    () => {
      response.write(bytes.subarray(at, at + step));
      at += step;
      if (at < bytes.length) return;
      clearInterval(timer);
      response.end();
    },
    Math.max(1, (step * MS_PER_SECOND) / bytesPerSecond),
  );
  response.once('close', () => clearInterval(timer));
};

/** Sends an answer as its `sending` says. */
export const send = (answered: UtilityResponse, response: ServerResponse): void => {
  const { sending } = answered;
  if (sending.kind === 'silence') return;
  if (sending.kind === 'reset') {
    response.destroy();
    return;
  }
  const bytes = answered.bytes ?? Buffer.from(answered.body);
  const length = answered.status === 204 ? {} : { 'content-length': String(bytes.length) };
  response.writeHead(answered.status, { ...answered.headers, ...length });
  switch (sending.kind) {
    case 'whole':
      response.end(bytes);
      return;
    case 'drip':
      response.flushHeaders();
      drip(response, bytes, sending.bytesPerSecond);
      return;
    case 'cut':
      response.write(bytes.subarray(0, sending.after), () => response.destroy());
      return;
    case 'stall':
      response.flushHeaders();
      response.write(bytes.subarray(0, sending.after));
  }
};
