import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';

const SCHEMA = new URL('../../src/audit/audit-event.schema.json', import.meta.url);
const ajv = new Ajv2020({ strict: true, allErrors: true });
addFormats.default(ajv);
const isOfSchema = ajv.compile(JSON.parse(readFileSync(SCHEMA, 'utf8')) as object);

/** The audit lines that are none by the published schema, with what is wrong with them. */
export function unfitAuditLines(lines: readonly string[]): string[] {
  return lines
    .filter((line) => !isOfSchema(JSON.parse(line)))
    .map((line) => `${line}: ${ajv.errorsText(isOfSchema.errors)}`);
}
