import {
  AUDIT_EVENTS,
  AUDIT_FIELDS,
  AUDIT_VERSION,
  type AuditEventName,
  type AuditField,
} from './audit-events.js';

const NAMES = Object.keys(AUDIT_EVENTS) as AuditEventName[];

/** The JSON Schema (2020-12) of one line: an object of exactly one event. */
export function buildAuditSchema(): Record<string, unknown> {
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'A line of the audit stream of Vestibule',
    oneOf: NAMES.map(schemaOf),
  };
}

function schemaOf(name: AuditEventName): Record<string, unknown> {
  const { doc, outcome, reasons } = AUDIT_EVENTS[name];
  const { required, optional } = fieldsOf(name);
  const properties = [...required, ...optional].map((field) => [
    field,
    field === 'reason' ? { ...AUDIT_FIELDS.reason, enum: reasons } : AUDIT_FIELDS[field],
  ]);
  return {
    title: name,
    description: doc,
    type: 'object',
    properties: {
      audit: { const: AUDIT_VERSION },
      time: { type: 'string', format: 'date-time' },
      event: { const: name },
      outcome: { const: outcome },
      ...Object.fromEntries(properties),
    },
    required: ['audit', 'time', 'event', 'outcome', ...required],
    additionalProperties: false,
  };
}

/** The README's tables of events and of fields, in Markdown. */
export function renderAuditTables(): string {
  const events = NAMES.map((name) => {
    const { doc, outcome, reasons } = AUDIT_EVENTS[name];
    const { required, optional } = fieldsOf(name);
    const fields = [...required.map(code), ...optional.map((field) => `${code(field)}?`)];
    // Every code of the error catalogue need not be told here.
    const words =
      reasons.length > 12 ? 'a code of the error catalogue' : reasons.map(code).join(', ');
    return row(code(name), outcome, doc, fields.join(', '), words);
  });
  const fields = Object.entries(AUDIT_FIELDS).map(([name, { description }]) =>
    row(code(name), description),
  );
  return [
    row('Event', 'Outcome', 'What happened', 'Fields (?: may be absent)', '`reason`'),
    row('---', '---', '---', '---', '---'),
    ...events,
    '',
    row('Field', 'What it is'),
    row('---', '---'),
    ...fields,
  ].join('\n');
}

function fieldsOf(name: AuditEventName): {
  readonly required: readonly AuditField[];
  readonly optional: readonly AuditField[];
} {
  return AUDIT_EVENTS[name];
}

function code(text: string): string {
  return `\`${text}\``;
}

function row(...cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`;
}
