import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DECLARED } from '../../src/config/declarations.js';
import { ROOT } from './sources.js';

/** What is installed or made here, and what git does not keep. */
const NOT_KEPT = /^(?:node_modules|dist|coverage|\.git|\.env)$|\.log$/;

const SECRET = {
  'a private key': /-----BEGIN [A-Z ]*PRIVATE KEY-----\s*[A-Za-z0-9+/=\s]{64}/g,
  'a private JWK': /["']?\bd\b["']?\s*:\s*["'][\w-]{32,}["']/g,
  // Those of the demo say what they are.
  'a server key': /\b[a-z]\w*:(?!REVNTy1)[\w-]{43}\b/g,
} as const;

/** What a fuzzer made up looks like everything. */
const MADE_UP = 'test/fuzz/corpus/';

const KEPT = readdirSync(ROOT)
  .filter((name) => !NOT_KEPT.test(name))
  .flatMap(filesBelow)
  .filter((path) => !path.startsWith(MADE_UP));

function filesBelow(path: string): string[] {
  if (statSync(join(ROOT, path)).isFile()) return [path];
  return readdirSync(join(ROOT, path)).flatMap((name) => filesBelow(join(path, name)));
}

const secretsIn = (text: string): string[] =>
  Object.entries(SECRET).flatMap(([kind, pattern]) => (text.match(pattern) ?? []).map(() => kind));

describe('secrets', () => {
  it('stand in no file of the repository (E-44)', () => {
    expect(KEPT.length).toBeGreaterThan(500);
    const found = KEPT.flatMap((path) =>
      secretsIn(readFileSync(join(ROOT, path), 'utf8')).map((kind) => `${path}: ${kind}`),
    );
    expect(found).toEqual([]);
  });

  it.each([
    ['a private key', `-----BEGIN PRIVATE KEY-----\n${'MC4CAQAwBQYDK2VwBCIEI'.repeat(4)}`],
    ['a private JWK', `{"kty":"OKP","d":"${'Zm9v'.repeat(11)}"}`],
    ['a server key', `SESSION_KEYS=k1:${'Zm9vYmFyYmF'.repeat(4).slice(1)}`],
  ])('would be found: %s', (kind, text) => {
    expect(secretsIn(text)).toEqual([kind]);
  });

  it('are given to no image: it takes what the build names, and sets no variable that holds one (E-44)', () => {
    const dockerfile = readFileSync(join(ROOT, 'Dockerfile'), 'utf8');
    const names = DECLARED.flatMap(({ option }) => (option.type.secret ? [option.env] : []));
    const secrets = names.filter((name) => name !== undefined);
    expect(secrets).toContain('SESSION_KEYS');
    expect(secrets.filter((name) => dockerfile.includes(name))).toEqual([]);
    const ignored = readFileSync(join(ROOT, '.dockerignore'), 'utf8').split('\n');
    expect(ignored.find((line) => !line.startsWith('#'))).toBe('*');
    const taken = ignored.filter((line) => line.startsWith('!')).map((line) => line.slice(1));
    expect(taken).toContain('src');
    expect(taken.filter((path) => !/^[\w.-]+$/.test(path) || path.startsWith('.env'))).toEqual([]);
  });
});
