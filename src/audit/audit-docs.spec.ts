import { readFileSync } from 'node:fs';
import { buildAuditSchema, renderAuditTables } from './audit-docs.js';
import { AUDIT_EVENTS, AUDIT_FIELDS } from './audit-events.js';

interface LineSchema {
  readonly title: string;
  readonly properties: Readonly<Record<string, { readonly enum?: readonly string[] }>>;
  readonly required: readonly string[];
  readonly additionalProperties: boolean;
}

describe('the documents of the audit stream', () => {
  const lines = buildAuditSchema()['oneOf'] as LineSchema[];

  it('are the published schema, which is the declaration', () => {
    const published = new URL('./audit-event.schema.json', import.meta.url);
    expect(JSON.parse(readFileSync(published, 'utf8'))).toEqual(
      JSON.parse(JSON.stringify(buildAuditSchema())),
    );
  });

  it('know every event, and nothing in a line that is not declared', () => {
    expect(lines.map(({ title }) => title)).toEqual(Object.keys(AUDIT_EVENTS));
    expect(lines.every(({ additionalProperties }) => !additionalProperties)).toBe(true);
  });

  it('have a reason exactly where there are words for it', () => {
    for (const { properties, required } of lines) {
      const { reason } = properties;
      expect(required.includes('reason')).toBe(reason !== undefined);
      if (reason !== undefined) expect(reason.enum?.length).toBeGreaterThan(0);
    }
  });

  it('have a row for each event and each field', () => {
    const table = renderAuditTables();
    for (const name of [...Object.keys(AUDIT_EVENTS), ...Object.keys(AUDIT_FIELDS)])
      expect(table).toContain(`| \`${name}\` |`);
  });

  it('have no field into which a secret would go', () => {
    const names = Object.keys(AUDIT_FIELDS).join(' ');
    expect(names).not.toMatch(/token|code|cookie|secret|verifier|state|nonce|sid\b/);
  });
});
