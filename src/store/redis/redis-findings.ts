import { isReply } from './redis-failure.js';
import type { RedisClient } from './redis.client.js';

/** What a setting of Redis should be, and what happens otherwise. */
const EXPECTED = [
  {
    setting: 'maxmemory-policy',
    value: 'noeviction',
    otherwise: 'Redis may throw sessions away when its memory is short',
  },
  {
    setting: 'appendonly',
    value: 'yes',
    otherwise: 'everybody is logged out when Redis restarts',
  },
] as const;

type Expectation = (typeof EXPECTED)[number];

/** Sentences for the operator about settings of Redis that lose sessions, each with its remedy; none when all is well. */
export async function redisFindings(client: RedisClient): Promise<readonly string[]> {
  const findings = await Promise.all(
    EXPECTED.map(async (one) => judge(one, await read(client, one.setting))),
  );
  return findings.filter((finding) => finding !== undefined);
}

/** The value, or undefined where Redis does not tell: managed services and ACLs often withhold CONFIG (NOPERM). */
async function read(client: RedisClient, setting: string): Promise<string | undefined> {
  const answer = await client.read(async (redis) => {
    try {
      // `call`, because the typed command describes only the RESP3 shape.
      return await redis.call('CONFIG', 'GET', setting);
    } catch (error) {
      if (isReply(error)) return undefined;
      throw error;
    }
  });
  const value: unknown = Array.isArray(answer) ? answer[1] : undefined;
  return typeof value === 'string' ? value : undefined;
}

function judge(
  { setting, value, otherwise }: Expectation,
  found: string | undefined,
): string | undefined {
  if (found === value) return undefined;
  if (found === undefined) {
    return `Redis does not tell its ${setting} (allow +config|get to have it checked); it should be ${value}, else ${otherwise}.`;
  }
  return `Redis runs with ${setting} ${found}: ${otherwise}. Set ${setting} ${value}.`;
}
