import type { Report } from '../report.js';
import type { FoundConfig } from '../sections.js';

type StoreSection = FoundConfig['store'];
type Field = keyof StoreSection['values'];

/** The three ways to name a Redis. */
const WAYS = ['redisUrl', 'sentinels', 'cluster'] as const satisfies readonly Field[];

/** True when an operator named a Redis, right or wrong. */
export function isRedisNamed(store: StoreSection): boolean {
  return WAYS.some((way) => store.written(way));
}

/** What must hold between the options of `store`. */
export function checkStore({ store, server }: FoundConfig, report: Report): void {
  const named = WAYS.filter((way) => store.written(way));
  for (const way of named.slice(1)) {
    report.problem(
      store.key(way),
      `is set, and so is ${store.key(named[0] ?? way)}`,
      'name Redis in one way: its URL, its Sentinels or its Cluster',
    );
  }
  checkLists(store, report);
  checkCredentials(store, report);
  checkTls(store, report);
  checkNearCache(store, report);
  checkWorkers(server, store, report);
}

/** Each would have sessions of its own, and a browser would meet now this and now that. */
function checkWorkers(
  { values, key }: FoundConfig['server'],
  store: StoreSection,
  report: Report,
): void {
  if (values.workers === undefined || values.workers === 1 || isRedisNamed(store)) return;
  report.problem(
    key('workers'),
    'is more than one, but sessions in memory are those of one process',
    `set ${store.key('redisUrl')}, or leave this out`,
  );
}

function checkLists({ values, key }: StoreSection, report: Report): void {
  for (const way of ['sentinels', 'cluster'] as const) {
    if (values[way]?.length !== 0) continue;
    report.problem(key(way), 'is an empty list', 'name at least one host and port, or remove it');
  }
}

/** What would never be sent was meant to be, so the operator would look for the fault elsewhere. */
function checkCredentials(store: StoreSection, report: Report): void {
  const { values, key, written } = store;
  const needsCompanion = (field: Field, companion: Field, why: string): void => {
    if (!written(field) || written(companion)) return;
    report.problem(key(field), `is set without ${key(companion)}${why}`, 'set both or neither');
  };
  needsCompanion('sentinelUsername', 'sentinelPassword', ', so that it would never be sent');
  needsCompanion('username', 'password', ', so that it would never be sent');
  for (const field of ['sentinelName', 'sentinelPassword'] as const) {
    needsCompanion(field, 'sentinels', ', which it is about');
  }
  for (const field of ['password', 'tls', 'tlsCa'] as const) {
    if (!written(field) || isRedisNamed(store)) continue;
    report.problem(
      key(field),
      `is set, but neither ${WAYS.map((way) => key(way)).join(' nor ')} is`,
      'name the Redis that it is for, or remove it',
    );
  }
  if (!written('password') || values.redisUrl === undefined) return;
  const { username, password } = new URL(values.redisUrl);
  if (username === '' && password === '') return;
  report.problem(
    key('password'),
    `is set, and ${key('redisUrl')} holds credentials too`,
    'write them in one place',
  );
}

/** The nodes of a Cluster pass messages on to each other without any order, and lose them in a fail-over. */
function checkNearCache(store: StoreSection, report: Report): void {
  const { key, written } = store;
  if (!written('nearCacheMs')) return;
  if (!isRedisNamed(store)) {
    report.problem(
      key('nearCacheMs'),
      'is set, but sessions are in memory already',
      'name a Redis, or remove it',
    );
  } else if (written('cluster')) {
    report.problem(
      key('nearCacheMs'),
      'is set, but in a Cluster nothing promises that an end is heard of',
      'remove it, or use one Redis or Sentinels',
    );
  }
}

function checkTls(store: StoreSection, report: Report): void {
  const { values, key, written } = store;
  const { redisUrl, tls } = values;
  const secure = redisUrl === undefined ? tls : new URL(redisUrl).protocol === 'rediss:';
  if (redisUrl !== undefined && tls !== undefined && tls !== secure) {
    report.problem(
      key('tls'),
      `is ${tls}, but the scheme of ${key('redisUrl')} says otherwise`,
      'write rediss: for TLS and redis: without, and leave this out',
    );
    return;
  }
  if (!written('tlsCa') || secure === true || !isRedisNamed(store)) return;
  report.problem(
    key('tlsCa'),
    'is set, but there is no TLS to verify',
    redisUrl === undefined
      ? `set ${key('tls')} to true, or remove it`
      : 'write rediss: in the URL, or remove it',
  );
}
