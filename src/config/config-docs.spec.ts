import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildJsonSchema, renderConfigTable } from './config-docs.js';
import { DECLARED, ENV_NAMES } from './declarations.js';
import { readValue } from './values/value-type.js';

describe('the declarations', () => {
  it('have a default that their own parser takes', () => {
    const refused = DECLARED.filter(
      ({ option: { presence, type } }) =>
        presence.kind === 'default' && readValue(type, presence.value).kind === 'refused',
    );
    expect(refused).toEqual([]);
  });

  it('name no path and no variable twice', () => {
    const paths = DECLARED.map(({ path }) => path);
    expect(new Set(paths).size).toBe(paths.length);
    expect(new Set(ENV_NAMES).size).toBe(ENV_NAMES.length);
  });

  it('have a variable for every setting of a provider but its id, which the only one needs not', () => {
    const without = DECLARED.filter(
      ({ path, option }) => path.startsWith('providers') && !option.env,
    );
    expect(without.map(({ path }) => path)).toEqual(['providers[].id']);
  });

  it('are documented in whole sentences on one line', () => {
    const bad = DECLARED.filter(({ option }) => !/^[A-Z`].{15,}\.$/.test(option.doc));
    expect(bad.map(({ path }) => path)).toEqual([]);
  });

  it('keep what must not be shown secret', () => {
    const secrets = DECLARED.filter(({ option }) => option.type.secret).map(({ path }) => path);
    expect(secrets).toEqual([
      'session.keys',
      'store.redisUrl',
      'store.sentinelPassword',
      'store.password',
      'store.tlsCa',
      'assertion.keys',
      'providers[].ca',
      'providers[].clientSecret',
      'providers[].clientKey',
      'providers[].clientCert',
      'providers[].decryptionKey',
      'services[].secret',
    ]);
  });
});

describe('the table', () => {
  const rows = renderConfigTable().split('\n');

  it('has a row for every option and one for the file, of four cells each', () => {
    expect(rows).toHaveLength(DECLARED.length + 3);
    expect(rows.every((row) => row.split(/(?<!\\)\|/).length === 6)).toBe(true);
  });

  it('names variable, file variable, path and default', () => {
    expect(rows.find((row) => row.includes('`SESSION_KEYS`'))).toMatch(
      /^\| `SESSION_KEYS`, `SESSION_KEYS_FILE` \| `session\.keys` \| \*\*required\*\* \|/,
    );
    expect(rows.find((row) => row.includes('`SESSION_IDLE`'))).toContain('| `30m` |');
  });
});

describe('the JSON Schema', () => {
  const schema = buildJsonSchema();

  it('knows every section and refuses others', () => {
    expect(schema).toMatchObject({
      type: 'object',
      additionalProperties: false,
      properties: {
        server: { additionalProperties: false, properties: { port: {} } },
        providers: { type: 'array', items: { properties: { issuer: { type: 'string' } } } },
      },
    });
  });

  it('nests what has a dot in its key', () => {
    expect(schema).toMatchObject({
      properties: {
        providers: {
          items: {
            properties: {
              endpoints: { additionalProperties: false, properties: { token: { type: 'string' } } },
              allow: { additionalProperties: false, properties: { groups: {}, groupsClaim: {} } },
            },
          },
        },
      },
    });
  });

  it('requires nothing, because the environment may say it', () => {
    expect(JSON.stringify(schema)).not.toContain('"required":');
  });

  it('allows a reference wherever it allows certain words only', () => {
    expect(schema).toMatchObject({
      properties: {
        log: {
          properties: { level: { anyOf: [{ enum: ['debug', 'info', 'warn', 'error'] }, {}] } },
        },
      },
    });
  });

  it('is the one that lies beside the source', () => {
    const path = join(import.meta.dirname, 'vestibule.schema.json');
    expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual(schema);
  });
});
