// Writes gridward.schema.json beside it: node config/schema/generate.ts
import { writeFile } from 'node:fs/promises';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { toJsonSchema } from '@valibot/to-json-schema';
import { ConfigurationSchema } from '#app/config/schema.ts';

/** The published JSON Schema of the configuration file, made from the decoder's own schema. */
export const configurationJsonSchema = (): string => `${JSON.stringify(toJsonSchema(ConfigurationSchema), null, 2)}\n`;

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await writeFile(new URL('gridward.schema.json', import.meta.url), configurationJsonSchema());
}
