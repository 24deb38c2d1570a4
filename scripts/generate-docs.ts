/**
 * Writes what is generated: from the declarations of the options the table in README.md and
 * src/config/vestibule.schema.json, from those of the audit events the tables in README.md and
 * src/audit/audit-event.schema.json, from the route table src/ops/openapi.json, and the files of recipes that README.md
 * shows. With `--check` it writes nothing and exits 1 when one is out of step.
 *
 * Usage: node scripts/generate-docs.ts [--check]
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { join } from 'node:path';
import { format, resolveConfig } from 'prettier';

const root = join(import.meta.dirname, '..');

// Node strips the types but does not know that './x.js' of a source is './x.ts' here.
registerHooks({
  resolve(specifier, context, next) {
    const own =
      specifier.startsWith('.') && context.parentURL?.includes('/node_modules/') === false;
    return next(own ? specifier.replace(/\.js$/, '.ts') : specifier, context);
  },
});
const { buildJsonSchema, renderConfigTable } = await import('../src/config/config-docs.js');
const { buildAuditSchema, renderAuditTables } = await import('../src/audit/audit-docs.js');
const { buildOpenApi } = await import('./openapi/document.ts');

async function pretty(path: string, text: string): Promise<string> {
  return format(text, { ...(await resolveConfig(path)), filepath: path });
}

/** What stands between the two marks of a name is generated. */
function withTable(readme: string, name: string, table: string): string {
  const [opening, closing] = [`<!-- ${name}:begin -->`, `<!-- ${name}:end -->`];
  const begin = readme.indexOf(opening);
  const end = readme.indexOf(closing);
  if (begin === -1 || end < begin) throw new Error(`README.md needs ${opening} and ${closing}`);
  const head = readme.slice(0, begin + opening.length);
  return `${head}\n<!-- prettier-ignore-start -->\n\n${table}\n\n<!-- prettier-ignore-end -->\n${readme.slice(end)}`;
}

function withTables(readme: string): string {
  return withTable(withTable(readme, 'config', renderConfigTable()), 'audit', renderAuditTables());
}

/** The code block after `<!-- file: path -->` is the file: what is shown is what the tests run. */
function withFiles(readme: string): string {
  return readme.replaceAll(
    /(<!-- file: (\S+) -->\n\n```\w*\n)[^]*?(?=\n```\n)/g,
    (_block, head: string, path: string) =>
      `${head}${readFileSync(join(root, path), 'utf8').trimEnd()}`,
  );
}

async function outputs(): Promise<{ path: string; text: string }[]> {
  const readme = join(root, 'README.md');
  const schema = join(root, 'src/config/vestibule.schema.json');
  const openApi = join(root, 'src/ops/openapi.json');
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    version: string;
  };
  const current = readFileSync(readme, 'utf8');
  const audit = join(root, 'src/audit/audit-event.schema.json');
  return [
    { path: readme, text: withFiles(withTables(current)) },
    { path: schema, text: await pretty(schema, JSON.stringify(buildJsonSchema())) },
    { path: audit, text: await pretty(audit, JSON.stringify(buildAuditSchema())) },
    { path: openApi, text: await pretty(openApi, JSON.stringify(buildOpenApi(version))) },
  ];
}

const check = process.argv.includes('--check');
for (const { path, text } of await outputs()) {
  const same = existsSync(path) && readFileSync(path, 'utf8') === text;
  if (same) continue;
  if (check) {
    console.error(`${path} is out of step: run scripts/generate-docs.ts`);
    process.exitCode = 1;
  } else {
    writeFileSync(path, text);
    console.log(`wrote ${path}`);
  }
}
