import { auditTarget } from './audit-target.js';
import { flag, integer, list, choice, text } from './basic-values.js';
import { duration, parseDuration } from './duration.js';
import {
  hostAndPort,
  listenHost,
  redisUrl,
  trustedPeer,
  trustsEveryone,
} from './network-values.js';
import { basePath, localPath, prefix } from './path-values.js';
import { sessionKeys } from './session-keys.js';
import { readValue, type ValueType } from './value-type.js';
import { exactOrigin, issuer, publicUrl, upstream } from './web-url.js';

const valueOf = <T>(type: ValueType<T>, raw: unknown): T => {
  const judged = readValue(type, raw);
  if (judged.kind === 'value') return judged.value;
  throw new Error(judged.fault);
};
const isRefused = (type: ValueType<unknown>, raw: unknown): boolean =>
  readValue(type, raw).kind === 'refused';

describe('durations', () => {
  it.each<[string | number, number]>([
    ['500ms', 500],
    ['90s', 90_000],
    ['30m', 1_800_000],
    ['8h', 28_800_000],
    ['7d', 604_800_000],
    ['45', 45_000],
    [45, 45_000],
    ['0', 0],
    [' 5s ', 5000],
  ])('reads %p as %d milliseconds', (given, expected) => {
    expect(parseDuration(given)).toBe(expected);
  });

  it.each(['', 'soon', '-5s', '1.5h', '5 s', '5S', '1h30m', '0x10', '1e3', Number.NaN, -1, 1.5])(
    'does not read %p',
    (given) => {
      expect(parseDuration(given)).toBeUndefined();
    },
  );

  it.each([
    ['1s', false],
    ['999ms', true],
    ['1h', false],
    ['61m', true],
  ])('holds %s against bounds of one second and one hour', (given, refused) => {
    expect(isRefused(duration('1s', '1h'), given)).toBe(refused);
  });
});

describe('simple values', () => {
  it.each<[unknown, boolean]>([
    ['true', true],
    ['false', false],
    [true, true],
    [false, false],
  ])('reads %p as the flag %p', (given, expected) => {
    expect(valueOf(flag, given)).toBe(expected);
  });

  it.each(['yes', '1', 'TRUE', '', 1, null, []])('takes %p for no flag', (given) => {
    expect(isRefused(flag, given)).toBe(true);
  });

  it.each<[unknown, boolean]>([
    ['0', false],
    ['65535', false],
    [80, false],
    ['65536', true],
    ['-1', true],
    ['80.5', true],
    [80.5, true],
    ['0x50', true],
    ['', true],
    ['8e1', true],
  ])('judges %p as a port', (given, refused) => {
    expect(isRefused(integer(0, 65_535), given)).toBe(refused);
  });

  it('reads a list from commas and from a sequence alike', () => {
    const words = list('words', choice('a', 'b'));
    expect(valueOf(words, ' a , b,')).toEqual(['a', 'b']);
    expect(valueOf(words, ['a', 'b'])).toEqual(['a', 'b']);
    expect(valueOf(words, '')).toEqual([]);
  });

  it('says which entry of a list is wrong without showing it', () => {
    expect(readValue(list('words', choice('a', 'b')), 'a,hunter2')).toEqual({
      kind: 'refused',
      fault: 'entry 2 must be one of a, b',
      remedy: 'write one of a, b',
    });
  });

  it('refuses an entry that is there twice', () => {
    expect(isRefused(list('words', choice('a', 'b')), 'a,b,a')).toBe(true);
  });

  it('hints at quotes where YAML made a number of a text', () => {
    const judged = readValue(text('text', /./, 'write text'), 12_345);
    expect(judged).toMatchObject({ remedy: 'write text; in the file, put it in quotes' });
  });
});

describe('where the audit stream goes', () => {
  it.each(['off', 'stdout', 'stderr'] as const)('may be %s', (kind) => {
    expect(valueOf(auditTarget, kind)).toEqual({ kind });
  });

  it('may be a file, by its absolute path', () => {
    const path = '/var/log/vestibule/audit.jsonl';
    expect(valueOf(auditTarget, path)).toEqual({ kind: 'file', path });
  });
});

describe('the public URL', () => {
  it.each([
    [
      'https://App.Example.com',
      { origin: 'https://app.example.com', path: '', https: true, loopback: false, port: 443 },
    ],
    ['https://a.example:8443/', { origin: 'https://a.example:8443', path: '', port: 8443 }],
    ['https://a.example:443/app/', { origin: 'https://a.example', path: '/app', port: 443 }],
    ['http://localhost', { origin: 'http://localhost', https: false, loopback: true, port: 80 }],
    ['http://a.localhost:3000', { loopback: true, port: 3000 }],
    ['http://127.1.2.3:3000', { loopback: true }],
    ['http://127.1:3000', { origin: 'http://127.0.0.1:3000', loopback: true }],
    ['http://[::1]:3000', { origin: 'http://[::1]:3000', loopback: true }],
  ])('reads %s', (given, expected) => {
    expect(valueOf(publicUrl, given)).toMatchObject(expected);
  });

  it.each([
    'app.example.com',
    'ftp://app.example.com',
    'https:app.example.com',
    'https:\\\\app.example.com',
    'https://app.example.com\\@evil.example',
    'https://app.exam ple.com',
    'https://app.example.com\n',
    'https://',
    'https://app.example.com?',
    'https://app.example.com?a=1',
    'https://app.example.com#',
    'https://user@app.example.com',
    'https://user:secret@app.example.com',
    'http://app.example.com',
    'http://localhost.example.com',
    'http://127.0.0.1.example.com',
    'http://0.0.0.0:3000',
    'http://10.0.0.1:3000',
    'http://[::2]:3000',
    '',
    7,
    // Node says of it that it can be parsed, and then does not.
    `https://x.${'GET'.repeat(6_000)}`,
  ])('refuses %p', (given) => {
    expect(isRefused(publicUrl, given)).toBe(true);
  });

  it('never repeats what it refuses', () => {
    const judged = readValue(publicUrl, 'https://user:hunter2@app.example.com?token=hunter2');
    expect(JSON.stringify(judged)).not.toContain('hunter2');
  });
});

describe('issuers, upstreams and origins', () => {
  it.each([
    'https://login.example.org',
    'https://login.example.org/',
    'https://a.example/Realm/x/',
  ])('keeps the issuer %s byte for byte', (given) => {
    expect(valueOf(issuer, given)).toBe(given);
  });

  it.each([
    'http://login.example.org',
    'https://login.example.org?x=1',
    'https://login.example.org#x',
    'https://me:pw@login.example.org',
    'https://login.example.org/.well-known/openid-configuration',
  ])('refuses the issuer %s', (given) => {
    expect(isRefused(issuer, given)).toBe(true);
  });

  it.each([
    ['http://api:8080', 'http://api:8080'],
    ['http://api:8080/', 'http://api:8080'],
    ['https://api.example.com/v1/', 'https://api.example.com/v1'],
  ])('reads the upstream %s as %s', (given, expected) => {
    expect(valueOf(upstream, given)).toBe(expected);
  });

  it.each(['api:8080', '/api', 'http://api?x', 'http://u:p@api', 'http://a#b', 'redis://api'])(
    'refuses the upstream %s',
    (given) => {
      expect(isRefused(upstream, given)).toBe(true);
    },
  );

  it.each(['https://a.example', 'http://a.example:8080', 'http://[::1]:3000'])(
    'takes the origin %s',
    (given) => {
      expect(valueOf(exactOrigin, given)).toBe(given);
    },
  );

  it.each([
    'https://a.example/',
    'https://a.example:443',
    'https://A.example',
    'https://a.example/x',
    'https://*.a.example',
    'null',
    '*',
    'a.example',
    'https://u@a.example',
  ])('refuses %s as an origin', (given) => {
    expect(isRefused(exactOrigin, given)).toBe(true);
  });
});

describe('paths', () => {
  it.each(['/api', '/a/b-c/v1.2', '/~x'])('takes the prefix %s', (given) => {
    expect(valueOf(prefix, given)).toBe(given);
  });

  it.each([
    '',
    '/',
    'api',
    '/api/',
    '//api',
    '/a//b',
    '/a/../b',
    '/.',
    '/.git',
    '/a%2fb',
    '/a b',
    '/a?b',
    '/a\\b',
    '/ä',
    '/a\n',
  ])('refuses the prefix %p', (given) => {
    expect(isRefused(prefix, given)).toBe(true);
  });

  it.each([
    ['', ''],
    ['/', ''],
    ['/app', '/app'],
    ['/a/b', '/a/b'],
  ])('reads the base path %p as %p', (given, expected) => {
    expect(valueOf(basePath, given)).toBe(expected);
  });

  it.each(['app', '/app/', '//', '/app/..', '/a;b'])('refuses the base path %p', (given) => {
    expect(isRefused(basePath, given)).toBe(true);
  });

  it.each(['/', '/goodbye', '/a/b?c=d&e=/x#f', '/%20'])('takes the local path %s', (given) => {
    expect(valueOf(localPath, given)).toBe(given);
  });

  it.each([
    '',
    'goodbye',
    '//evil.example',
    '/\\evil.example',
    '\\\\evil.example',
    '/.//evil.example',
    '/a/..//evil.example',
    '/\tx',
    '/\n/evil.example',
    'https://evil.example',
    'javascript:alert(1)',
    '/ä',
    '/a b',
  ])('refuses the local path %p', (given) => {
    expect(isRefused(localPath, given)).toBe(true);
  });
});

describe('network values', () => {
  it.each(['10.0.0.1', '10.0.0.0/8', '::1', 'fd00::/8', 'loopback', '0.0.0.0/0'])(
    'may trust %s',
    (given) => {
      expect(valueOf(trustedPeer, given)).toBe(given);
    },
  );

  it.each([
    'true',
    '1',
    'proxy.example',
    '10.0.0.0/33',
    '::/129',
    '10.0.0.0/',
    '10.0.0/8',
    '10.0.0.0/255.0.0.0',
    '10.0.0.0/8/8',
    'fe80::1%eth0',
    'uniquelocal',
    '10.0.0.0/-1',
    '*',
  ])('may not trust %s', (given) => {
    expect(isRefused(trustedPeer, given)).toBe(true);
  });

  it.each([
    ['0.0.0.0/0', true],
    ['::/0', true],
    ['10.0.0.0/8', false],
    ['10.0.0.0/10', false],
    ['10.0.0.1', false],
  ])('knows whether %s is everyone', (given, expected) => {
    expect(trustsEveryone(given)).toBe(expected);
  });

  it.each([
    'redis://redis:6379',
    'rediss://u:p%23@redis:6380/2',
    'redis://[::1]',
    'redis://redis/',
  ])('takes %s', (given) => {
    expect(valueOf(redisUrl, given)).toBe(given);
  });

  it.each([
    'redis:6379',
    'http://redis',
    'redis://',
    'redis:///0',
    'redis://redis/x',
    'redis://redis?db=1',
    'redis://:a#b@redis',
    'unix:///run/redis',
    'redis://re dis',
  ])('does not take %s for Redis', (given) => {
    expect(isRefused(redisUrl, given)).toBe(true);
  });

  it.each([
    ['redis-1:6379', 'redis-1', 6379],
    ['redis.data.svc.cluster.local:26379', 'redis.data.svc.cluster.local', 26_379],
    ['10.0.0.1:1', '10.0.0.1', 1],
    ['[::1]:65535', '::1', 65_535],
  ])('reads %s as a host and a port', (given, host, port) => {
    expect(valueOf(hostAndPort, given)).toEqual({ host, port });
  });

  it.each([
    'redis',
    ':6379',
    'redis:0',
    'redis:65536',
    'redis:x',
    '::1:6379',
    '[redis]:6379',
    '[::1]',
    'redis://redis:6379',
    'user@redis:6379',
    're dis:6379',
  ])('does not take %s for a host and a port', (given) => {
    expect(isRefused(hostAndPort, given)).toBe(true);
  });

  it.each([
    ['127.0.0.1', false],
    ['::', false],
    ['localhost', false],
    ['a b', true],
    ['http://x', true],
    ['127.0.0.1:80', true],
    ['-x', true],
  ])('judges %s as an address to listen on', (given, refused) => {
    expect(isRefused(listenHost, given)).toBe(refused);
  });
});

describe('session keys', () => {
  const secret = (byte: number, length = 32): string =>
    Buffer.alloc(length, byte).toString('base64url');

  it('reads the ring in its order', () => {
    const ring = valueOf(sessionKeys, ` k2:${secret(2)} , k1:${secret(1)}= `);
    expect(ring).toEqual([
      { kid: 'k2', secret: Buffer.alloc(32, 2) },
      { kid: 'k1', secret: Buffer.alloc(32, 1) },
    ]);
  });

  it.each([
    ['nothing', ' , '],
    ['a key without kid', secret(1)],
    ['an empty kid', `:${secret(1)}`],
    ['a kid with other characters', `k.1:${secret(1)}`],
    ['a kid of 33 characters', `${'k'.repeat(33)}:${secret(1)}`],
    ['31 bytes', `k:${secret(1, 31)}`],
    ['33 bytes', `k:${secret(1, 33)}`],
    ['plain base64', `k:${Buffer.alloc(32, 255).toString('base64')}`],
    ['a kid twice', `k:${secret(1)},k:${secret(2)}`],
    ['a secret twice', `k1:${secret(1)},k2:${secret(1)}`],
    ['a number', 5],
  ])('refuses %s and shows no key', (_, given) => {
    const judged = readValue(sessionKeys, given);
    expect(judged.kind).toBe('refused');
    expect(JSON.stringify(judged)).not.toContain(secret(1).slice(0, 12));
  });
});
