import { setTimeout as delay } from 'node:timers/promises';
import { AuditStream } from '../audit/audit-stream.js';
import type { AuditTarget, VestibuleConfig } from '../config/config.types.js';
import { systemClock } from '../domain/clock.js';
import type { SessionAdmin } from '../domain/session-admin.js';
import type { EventLog } from '../logging/event-log.js';
import { SessionDirectory } from '../session/session-directory.js';
import { openStore } from '../store/open-store.js';
import type { Store } from '../store/store.port.js';

const CONNECT_MS = 5_000;
const RETRY_MS = 50;

/** The command line prints its own findings; events go nowhere. */
const silent: EventLog = { event: () => undefined, wants: () => false };

/** Opens the store of a configuration; undefined where sessions live in another process's memory. */
export async function openSessions(config: VestibuleConfig): Promise<SessionAdmin | undefined> {
  if (config.store.kind === 'memory') return undefined;
  // Before anything is ended: what cannot be written down is not done.
  const audit = AuditStream.open(besideOutput(config.log.audit), systemClock, silent);
  const store = openStore(config.store, systemClock, silent);
  try {
    await connected(store);
  } catch (error) {
    // An open store goes on looking for Redis, and the command would never end.
    await store.close();
    throw error;
  }
  const directory = new SessionDirectory(store, systemClock, config.session, silent);
  const subjectOf = (subject: string, provider?: string): User => ({
    issuer: issuerOf(config, provider),
    subject,
  });
  return {
    list: async (subject, provider) =>
      (await directory.list(subjectOf(subject, provider))).map((device) => ({
        session_id: device.handle,
        provider: device.provider,
        created_at: new Date(device.createdAt).toISOString(),
        last_seen_at: new Date(device.lastSeenAt).toISOString(),
        client: device.client,
      })),
    endAll: async (subject, provider) => {
      const user = subjectOf(subject, provider);
      const sessions = await directory.endAll(user, 'revoked');
      tellAudit(audit, { ...user, sessions });
      return sessions;
    },
    endOne: async (handle) => {
      if (!(await directory.endByHandle(handle, 'revoked'))) return 0;
      tellAudit(audit, { session: handle, sessions: 1 });
      return 1;
    },
    close: () => store.close(),
  };
}

interface User {
  readonly issuer: string;
  readonly subject: string;
}

/** Standard output is what the command prints. */
function besideOutput(target: AuditTarget): AuditTarget {
  return target.kind === 'stdout' ? { kind: 'stderr' } : target;
}

/** @throws Error where the line could not be written: nobody but the operator is here to be told */
function tellAudit(
  audit: AuditStream,
  ended: Partial<User> & { readonly session?: string; readonly sessions: number },
): void {
  audit.write({ event: 'revocation', by: 'operator', ...ended });
  if (audit.state === 'failing')
    throw new Error('the sessions have ended, but no audit line was written');
}

/** The store connects in the background; a command waits for it, but not for long. */
async function connected(store: Store): Promise<void> {
  const until = systemClock.now() + CONNECT_MS;
  for (;;) {
    try {
      await store.ping();
      return;
    } catch (error) {
      if (systemClock.now() > until) throw error;
      await delay(RETRY_MS);
    }
  }
}

function issuerOf({ providers }: VestibuleConfig, id: string | undefined): string {
  const provider =
    id === undefined && providers.length === 1
      ? providers[0]
      : providers.find((one) => one.id === id);
  if (provider === undefined)
    throw new RangeError(
      `name one of the providers with --provider: ${providers.map((one) => one.id).join(', ')}`,
    );
  return provider.issuer;
}
