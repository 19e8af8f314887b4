import * as v from 'valibot';
import { fail, ok, type Result } from '#base/result.ts';
import { LINE_BYTES_MAX } from './message.ts';

/** Why a line is no message; for a note. */
export type LinkFault =
  | { readonly kind: 'too-long'; readonly bytes: number }
  | { readonly kind: 'not-json' }
  /** The first place that is wrong, and what was expected there. */
  | { readonly kind: 'not-a-message'; readonly where: string; readonly why: string };

/** The message as one line, without its newline. `too-long` means that the sender let something grow past its bound. */
export const encodeMessage = (message: { readonly type: string }): Result<string, LinkFault> => {
  const line = JSON.stringify(message);
  const bytes = Buffer.byteLength(line);
  return bytes > LINE_BYTES_MAX ? fail({ kind: 'too-long', bytes }) : ok(line);
};

export type Decode<In> = (line: string) => Result<In, LinkFault>;

/** A decoder of lines for the messages of one direction. Never throws. */
export const decoderOf =
  <In>(schema: v.GenericSchema<unknown, In>): Decode<In> =>
  (line) => {
    if (line.length > LINE_BYTES_MAX) return fail({ kind: 'too-long', bytes: line.length });
    let value: unknown;
    try {
      value = JSON.parse(line);
    } catch {
      return fail({ kind: 'not-json' });
    }
    const parsed = v.safeParse(schema, value, { abortEarly: true });
    if (parsed.success) return ok(parsed.output);
    const issue = parsed.issues[0];
    return fail({ kind: 'not-a-message', where: v.getDotPath(issue) ?? '', why: issue.message });
  };

export const linkFaultText = (fault: LinkFault): string => {
  switch (fault.kind) {
    case 'too-long':
      return `${fault.bytes} bytes, more than ${LINE_BYTES_MAX}`;
    case 'not-json':
      return 'no JSON';
    case 'not-a-message':
      return `${fault.where}: ${fault.why}`;
  }
};
