import { z } from 'zod';
import { CONFIG_FILE, DECLARED, LISTS, SECTIONS } from './declarations.js';
import type { Option, OptionSet, Presence } from './option.js';

/** The README's table of all options, in Markdown, from their declarations. */
export function renderConfigTable(): string {
  const rows = DECLARED.map(({ path, option }) =>
    row(envCell(option), code(path), presenceCell(option.presence), sentence(option)),
  );
  return [
    row('Variable', 'In `vestibule.yaml`', 'Default', 'What it is'),
    row('---', '---', '---', '---'),
    row(code(CONFIG_FILE.env), '', 'no file', CONFIG_FILE.doc),
    ...rows,
  ].join('\n');
}

function row(...cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}

function code(text: string): string {
  return `\`${text}\``;
}

function envCell({ env, type }: Option): string {
  if (env === undefined) return '';
  return type.secret ? `${code(env)}, ${code(`${env}_FILE`)}` : code(env);
}

function presenceCell(presence: Presence): string {
  if (presence.kind === 'required') return '**required**';
  if (presence.kind === 'optional') return presence.otherwise;
  return presence.value === '' ? 'empty' : code(presence.value.replaceAll(',', ', '));
}

function sentence({ doc, type }: Option): string {
  return `${doc} *Must be ${type.label}.*`;
}

/** The JSON Schema (2020-12) of the configuration file, for editors. */
export function buildJsonSchema(): Record<string, unknown> {
  const sections = Object.entries(SECTIONS).map(([name, options]) => [name, mappingOf(options)]);
  const lists = Object.entries(LISTS).map(([name, options]) => [name, z.array(mappingOf(options))]);
  const root = z.strictObject(
    Object.fromEntries([...sections, ...lists]) as Record<string, z.ZodType>,
  );
  const schema = z.toJSONSchema(root.partial(), {
    io: 'input',
    override: ({ jsonSchema }) => allowReferences(jsonSchema),
  });
  return { title: 'vestibule.yaml', ...schema };
}

function mappingOf(options: OptionSet): z.ZodType {
  const fields = new Map<string, z.ZodType>();
  const nested = new Map<string, Map<string, z.ZodType>>();
  for (const option of Object.values(options)) {
    const description = `${option.doc} Default: ${plain(presenceCell(option.presence))}.`;
    const schema = option.type.schema.optional().meta({ description });
    const [first = '', second] = option.key.split('.');
    if (second === undefined) fields.set(first, schema);
    else nested.set(first, (nested.get(first) ?? new Map<string, z.ZodType>()).set(second, schema));
  }
  for (const [name, below] of nested) {
    fields.set(name, z.strictObject(Object.fromEntries(below)).optional());
  }
  return z.strictObject(Object.fromEntries(fields));
}

function plain(markdown: string): string {
  return markdown.replaceAll(/[`*]/g, '');
}

interface JsonSchemaNode {
  type?: unknown;
  enum?: unknown;
  anyOf?: unknown;
}

/** Wherever only certain words are allowed, `${NAME}` may stand instead. */
function allowReferences(node: JsonSchemaNode): void {
  if (node.enum === undefined) return;
  const words = { type: node.type, enum: node.enum };
  delete node.type;
  delete node.enum;
  node.anyOf = [words, { type: 'string', pattern: '\\$\\{[A-Za-z_][A-Za-z0-9_]*\\}' }];
}
