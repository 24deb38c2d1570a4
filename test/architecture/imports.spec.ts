import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT, SOURCES, type Source } from './sources.js';

/** Which folders of ours a folder may import, besides itself; lower ones only, so that nothing turns in a circle. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  domain: [],
  errors: [],
  crypto: [],
  config: ['domain', 'errors', 'crypto'],
  logging: ['config', 'errors'],
  audit: ['config', 'domain', 'errors', 'logging'],
  store: ['config', 'domain', 'errors', 'logging'],
  http: ['audit', 'config', 'domain', 'errors', 'logging'],
  limit: ['config', 'domain', 'errors', 'crypto', 'logging', 'store', 'http'],
  provider: ['config', 'domain', 'errors', 'logging', 'crypto'],
  session: ['config', 'domain', 'errors', 'crypto', 'logging', 'store', 'http'],
  token: [
    'config',
    'domain',
    'errors',
    'crypto',
    'logging',
    'store',
    'http',
    'provider',
    'session',
  ],
  identity: ['config', 'domain', 'crypto', 'http'],
  service: [
    'config',
    'domain',
    'errors',
    'logging',
    'http',
    'limit',
    'provider',
    'session',
    'token',
    'identity',
  ],
  auth: [
    'config',
    'domain',
    'errors',
    'crypto',
    'logging',
    'store',
    'http',
    'limit',
    'provider',
    'session',
  ],
  proxy: [
    'config',
    'domain',
    'errors',
    'logging',
    'http',
    'provider',
    'session',
    'token',
    'identity',
  ],
  verify: ['config', 'domain', 'errors', 'logging', 'http', 'session', 'token', 'identity'],
  ops: ['audit', 'config', 'domain', 'errors', 'logging', 'store', 'http', 'provider', 'session'],
  app: [
    'audit',
    'config',
    'domain',
    'errors',
    'crypto',
    'logging',
    'store',
    'http',
    'limit',
    'provider',
    'session',
    'token',
    'identity',
    'service',
    'auth',
    'proxy',
    'verify',
    'ops',
  ],
  // It is for other processes, and brings nothing of ours along.
  guard: [],
  // The port that the commands are given carries a clock.
  cli: ['config', 'crypto', 'domain'],
  main: ['cli', 'domain'],
};

/** Folders (or single files) that alone may import a third party's package. */
const OWNERS: Readonly<Record<string, readonly string[]>> = {
  'openid-client': ['provider'],
  jose: ['provider', 'identity', 'guard'],
  ioredis: ['store'],
  'express-session': ['session'],
  undici: ['proxy', 'provider'],
  zod: ['config'],
  yaml: ['config'],
  tldts: ['config'],
  pino: ['logging', 'audit'],
  'prom-client': ['ops'],
  helmet: ['http'],
  'escape-html': ['http'],
  cookie: ['http'],
  send: ['proxy'],
  'proxy-addr': ['http'],
  'ipaddr.js': ['http'],
  commander: ['cli'],
};

const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
  readonly dependencies: Readonly<Record<string, string>>;
};

/** Every static import and the file that has it, as 'from -> to'. */
function edges(keep: (from: Source, folder: string) => boolean): string[] {
  return SOURCES.flatMap((from) =>
    from.imports
      .filter(({ file, lazy }) => file !== undefined && !lazy && keep(from, folderOf(file)))
      .map(({ file }) => `${from.path} -> ${file}`),
  );
}

function folderOf(file: string): string {
  return file.includes('/') ? (file.split('/')[0] ?? '') : 'main';
}

describe('the folders of src', () => {
  it('are all in the table', () => {
    const folders = new Set(SOURCES.map((source) => source.folder));
    expect([...folders].toSorted()).toEqual(Object.keys(ALLOWED).toSorted());
  });

  it('have a table without circles', () => {
    const order: string[] = [];
    const ready = (folder: string): boolean =>
      (ALLOWED[folder] ?? []).every((below) => order.includes(below));
    let rest = Object.keys(ALLOWED);
    while (rest.some(ready)) {
      order.push(...rest.filter(ready));
      rest = rest.filter((folder) => !order.includes(folder));
    }
    expect(rest).toEqual([]);
  });

  it.each(Object.keys(ALLOWED))('%s imports only what lies below it', (folder) => {
    const allowed = [folder, ...(ALLOWED[folder] ?? [])];
    expect(edges((from, to) => from.folder === folder && !allowed.includes(to))).toEqual([]);
  });

  it('load the application late: only the entry point does, and only for the command that needs it', () => {
    const lazy = SOURCES.flatMap((from) =>
      from.imports
        .filter((one) => one.lazy)
        .map((one) => `${from.path} -> ${one.file ?? one.specifier}`),
    );
    expect(lazy.toSorted()).toEqual([
      'main.ts -> app/serve.ts',
      'main.ts -> app/session-admin.ts',
      'main.ts -> provider/provider-inspection.ts',
    ]);
  });
});

describe('the files of src', () => {
  it('import only files that are there, by their full name', () => {
    const paths = new Set(SOURCES.map((source) => source.path));
    const broken = SOURCES.flatMap((from) =>
      from.imports
        .filter(
          (one) =>
            one.file !== undefined && !(paths.has(one.file) && one.specifier.endsWith('.js')),
        )
        .map((one) => `${from.path} -> ${one.specifier}`),
    );
    expect(broken).toEqual([]);
  });

  it('import each other in no circle, types included', () => {
    expect(circles()).toEqual([]);
  });

  it('import no module of Nest from below it', () => {
    const upward = edges(() => true).filter((edge) => {
      const [from = '', to = ''] = edge.split(' -> ');
      return to.endsWith('.module.ts') && !from.endsWith('.module.ts') && !from.startsWith('app/');
    });
    expect(upward).toEqual([]);
  });
});

describe('the packages', () => {
  it('are all declared as run-time dependencies, and all used', () => {
    const used = new Set(
      SOURCES.flatMap((source) => source.imports.flatMap((one) => one.packageName ?? [])),
    );
    const declared = Object.keys(manifest.dependencies);
    expect([...used].filter((name) => !declared.includes(name))).toEqual([]);
    // Nest asks for these two, and for what its Express adapter runs on, itself.
    const peers = ['@nestjs/core', '@nestjs/platform-express', 'rxjs', 'reflect-metadata'];
    expect(declared.filter((name) => !used.has(name) && !peers.includes(name))).toEqual([]);
  });

  it.each(Object.entries(OWNERS))('%s is imported in %j only', (name, owners) => {
    const users = SOURCES.filter((source) =>
      source.imports.some((one) => one.packageName === name),
    );
    expect(
      users.filter((source) => !owners.includes(source.folder)).map((source) => source.path),
    ).toEqual([]);
    expect(users.length).toBeGreaterThan(0);
  });

  it.each(['domain', 'errors', 'crypto'])('%s needs none of them', (folder) => {
    const users = SOURCES.filter((source) => source.folder === folder);
    expect(
      users.flatMap((source) => source.imports.flatMap((one) => one.packageName ?? [])),
    ).toEqual([]);
  });
});

/** Each circle of imports once, as the path that closes it. */
function circles(): string[] {
  const targets = new Map(
    SOURCES.map((source) => [
      source.path,
      source.imports.filter((one) => !one.lazy).flatMap((one) => one.file ?? []),
    ]),
  );
  const done = new Set<string>();
  const found: string[] = [];
  const walk = (path: string, trail: readonly string[]): void => {
    if (trail.includes(path)) {
      found.push([...trail.slice(trail.indexOf(path)), path].join(' -> '));
      return;
    }
    if (done.has(path)) return;
    for (const next of targets.get(path) ?? []) walk(next, [...trail, path]);
    done.add(path);
  };
  for (const path of targets.keys()) walk(path, []);
  return found;
}
