import type { Report } from '../report.js';
import type { FoundConfig } from '../sections.js';
import { isRedisNamed } from './store.rules.js';

/** Idle and absolute limit, and where sessions may live. */
export function checkSession({ session, store, server }: FoundConfig, report: Report): void {
  const { idleMs, absoluteMs } = session.values;
  if (idleMs !== undefined && absoluteMs !== undefined && idleMs > absoluteMs) {
    report.problem(
      session.key('idleMs'),
      `is longer than ${session.key('absoluteMs')}`,
      'make the idle limit the shorter one',
    );
  }
  const { publicUrl } = server.values;
  if (publicUrl === undefined || isRedisNamed(store)) return;
  if (!publicUrl.loopback) {
    report.missing(
      store.key('redisUrl'),
      'is missing',
      'set it to a Redis, such as redis://redis:6379; sessions in memory are for localhost only',
    );
    return;
  }
  report.notice(
    `SESSIONS LIVE IN MEMORY: they die with this process and no other replica knows them. Set ${store.key('redisUrl')} for anything but trying out.`,
  );
}

/** What browsers ask of a cookie (RFC 6265bis §5.7): SameSite=None is taken with Secure only. */
export function checkCookie({ cookie, server }: FoundConfig, report: Report): void {
  if (cookie.values.sameSite !== 'none' || server.values.publicUrl?.https !== false) return;
  report.problem(
    cookie.key('sameSite'),
    'is none, and browsers take such a cookie over https only',
    `use strict or lax, or an https ${server.key('publicUrl')}`,
  );
}
