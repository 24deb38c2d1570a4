import { BACK_OFF_MS } from '../../src/provider/provider-metadata.js';
import { PROVIDER_CONNECT_MS } from '../../src/provider/provider-fetch.js';
import { UPSTREAM_CONNECT_MS } from '../../src/proxy/upstream-client.js';
import {
  BACK_OFF_FIRST_MS,
  BACK_OFF_MAX_MS,
  connectionOptions,
} from '../../src/store/redis/redis-options.js';
import { FIRST_MS, MOST_MS } from '../../src/token/refresh-back-off.js';
import { configOf, HTTPS_ENV } from '../support/config-env.js';
import { generatedBlock, markdownTable } from '../support/generated-table.js';

const time = (ms: number): string => (ms < 1_000 ? `${ms} ms` : `${ms / 1_000} s`);

describe('what is asked of Redis, providers and APIs', () => {
  const { store, providers, routes } = configOf({ ...HTTPS_ENV, API_UPSTREAM: 'http://api' });
  if (store.kind !== 'redis') throw new Error('no Redis');
  const redis = connectionOptions(store);

  it('has the limits that README tells (E-43)', () => {
    expect([BACK_OFF_MS.first, BACK_OFF_MS.most]).toEqual([FIRST_MS, MOST_MS]);
    expect(redis).toMatchObject({ maxRetriesPerRequest: 0, autoResendUnfulfilledCommands: false });
    const table = markdownTable(
      ['', 'Redis', 'a provider', 'an API'],
      [
        [
          'connections of a process',
          'one, and one for signals; on a Cluster one to each node, and one for signals',
          'one for each call under way',
          'one for each call under way, WebSocket and event stream',
        ],
        [
          'time to connect',
          time(redis.connectTimeout ?? 0),
          time(PROVIDER_CONNECT_MS),
          time(UPSTREAM_CONNECT_MS),
        ],
        [
          'time for an answer, by default',
          `${time(store.commandTimeoutMs)} (\`REDIS_COMMAND_TIMEOUT\`)`,
          `${time(providers[0]?.timeoutMs ?? 0)} (\`OIDC_TIMEOUT\`)`,
          `${time(routes[0]?.timeoutMs ?? 0)} of silence (\`routes[].timeout\`)`,
        ],
        [
          'asked again',
          'never: the outcome of a command is not known',
          'a refresh, within `refreshGrace` of the provider; nothing else',
          'once with a new token, where a 401 can be for its age and nothing of a body was sent',
        ],
        [
          'pause after a failure',
          `to the next attempt to connect, ${time(BACK_OFF_FIRST_MS)} and doubling to ${time(BACK_OFF_MAX_MS)}`,
          `${time(FIRST_MS)} and doubling to ${time(MOST_MS)}, or as long as \`Retry-After\` says`,
          'none: each call is its own',
        ],
        [
          'then',
          '503 at once, cookies stay',
          'logins are answered 503, sessions go on while their tokens last',
          '502, or 504 where it is silent',
        ],
      ],
    );
    const { documented, found } = generatedBlock('README.md', 'limits', table);
    expect(documented).toBe(found);
  });
});
