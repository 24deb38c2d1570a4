import { logIn } from './login.ts';
import { OTHER_CORE } from './machine.ts';
import type { Product } from './product.ts';
import { startServer, type BenchServer } from './servers.ts';
import type { Stage } from './stage.ts';

/** What its rate is compared with. */
export type Base = 'L1' | 'L2' | 'P2';

/** One server and one question. */
export interface Contender {
  readonly name: string;
  readonly base: Base;
  readonly pid: number;
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly form?: string;
  /** Whether what it asks of Redis is counted. */
  readonly redis?: true;
}

export interface Field {
  readonly contenders: readonly Contender[];
  stop(): void;
}

const CALL = { 'x-csrf': '1' };

/** Everything that is measured against each other in one run. */
export async function contendersOf(stage: Stage): Promise<Field> {
  const { redis, upstream, overRedis, near, inMemory, recordBytes, tokenBytes } = stage;
  const env = {
    REDIS_URL: redis.url,
    RECORD_BYTES: String(recordBytes),
    TOKEN_BYTES: String(tokenBytes),
  };
  const l1 = await startServer('bare.ts', {});
  const l2 = await startServer('bare-session.ts', env);
  const p2 = await startServer('bare-proxy.ts', { UPSTREAM: upstream.url });
  const express = await startServer('express-session.ts', env);
  const fastify = await startServer('fastify-session.ts', env);
  const contenders: Contender[] = [
    { name: 'L1 bare node:http, constant', base: 'L1', pid: l1.pid, url: l1.url },
    {
      name: 'L2 bare node:http, GET, AES-GCM, JSON',
      base: 'L2',
      pid: l2.pid,
      url: l2.url,
      redis: true,
    },
    ...(await sessionChecks(overRedis, stage.redisCookie, 'Redis')),
    ...(await sessionChecks(near, stage.nearCookie, 'near cache')),
    ...(await sessionChecks(inMemory, stage.memoryCookie, 'memory')),
    await peer('express-session, Redis', express),
    await peer('@fastify/session, Redis', fastify),
    { name: 'P2 bare proxy, no session', base: 'P2', pid: p2.pid, url: `${p2.url}/orders` },
    ...proxied(overRedis, stage.redisCookie, 'Redis'),
    ...proxied(inMemory, stage.memoryCookie, 'memory').slice(0, 1),
  ];
  return {
    contenders,
    stop: () => [l1, l2, p2, express, fastify].forEach((server) => server.stop()),
  };
}

async function sessionChecks(
  product: Product,
  cookie: string,
  where: 'Redis' | 'near cache' | 'memory',
): Promise<Contender[]> {
  const { pid, url, internalUrl } = product;
  const counted = where !== 'memory' ? ({ redis: true } as const) : {};
  const [, token = ''] = cookie.split('=', 2);
  const checks: Contender[] = [
    {
      name: `GET /session, ${where}`,
      base: 'L2',
      pid,
      url: `${url}/session`,
      headers: { cookie },
      ...counted,
    },
    {
      name: `/verify with assertion, ${where}`,
      base: 'L2',
      pid,
      url: `${internalUrl}/verify`,
      headers: { cookie },
      ...counted,
    },
  ];
  if (where !== 'Redis') return checks;
  return [
    ...checks,
    {
      name: '/verify, nothing told, Redis',
      base: 'L2',
      pid,
      url: `${internalUrl}/verify/plain`,
      headers: { cookie },
      ...counted,
    },
    {
      name: 'POST /introspect, Redis',
      base: 'L2',
      pid,
      url: `${internalUrl}/introspect`,
      form: new URLSearchParams({
        token,
        client_id: 'bench',
        client_secret: product.serviceSecret,
      }).toString(),
      ...counted,
    },
    { name: 'anonymous 401', base: 'L1', pid, url: `${url}/session`, ...counted },
  ];
}

function proxied(product: Product, cookie: string, where: string): Contender[] {
  const { pid, url } = product;
  return [
    {
      name: `proxied with session and token, ${where}`,
      base: 'P2',
      pid,
      url: `${url}/api/orders`,
      headers: { ...CALL, cookie },
      ...(where === 'Redis' && { redis: true }),
    },
    {
      name: 'proxied, route without a session',
      base: 'P2',
      pid,
      url: `${url}/open/orders`,
      headers: CALL,
    },
  ];
}

async function peer(name: string, { url, pid }: BenchServer): Promise<Contender> {
  const answer = await fetch(`${url}/login`);
  const [cookie = ''] = answer.headers.getSetCookie();
  return {
    name,
    base: 'L2',
    pid,
    url: `${url}/session`,
    headers: { cookie: cookie.split(';', 1)[0] ?? '' },
    redis: true,
  };
}

/** An API that answers the same every time. */
export async function startUpstream(): Promise<BenchServer> {
  return startServer('upstream.ts', {}, OTHER_CORE);
}

/** Logs the demo user in; the `Cookie` header. */
export async function memberOf(product: Product): Promise<string> {
  const cookie = await logIn(product.publicUrl, 'alice');
  return cookie.split('; ').find((pair) => !pair.includes('-login')) ?? cookie;
}
