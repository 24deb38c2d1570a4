import { appendFileSync } from 'node:fs';
import { pino } from 'pino';
import type { AuditTarget } from '../config/config.types.js';
import type { Clock } from '../domain/clock.js';
import type { EventLog } from '../logging/event-log.js';
import { AUDIT_EVENTS, AUDIT_FIELDS, AUDIT_VERSION, type AuditEvent } from './audit-events.js';
import type { AuditLog } from './audit-log.js';

/** Writes whole lines or throws. */
export type AppendLines = (lines: string) => void;

/** Lines that are kept while they cannot be written; a few hundred bytes each. */
const MOST_KEPT = 1_000;
/** Whoever may read it reads who was where: nobody but the process's own user. */
const FILE_MODE = 0o600;

/**
 * JSON Lines, one for each event, written before the request that caused it is answered. Lines that cannot be written
 * are told of in the log and kept, the newest thousand, until the next one can: a full disk must log nobody out.
 */
export class AuditStream implements AuditLog {
  private kept: string[] = [];
  private lost = 0;
  /** The last write may have left half a line behind. */
  private isTorn = false;

  constructor(
    private readonly append: AppendLines | undefined,
    private readonly clock: Clock,
    private readonly log: EventLog,
  ) {}

  /**
   * @throws the system's error where the file cannot be appended to: nothing starts that is to be audited and cannot be
   */
  static open(target: AuditTarget, clock: Clock, log: EventLog): AuditStream {
    return new AuditStream(appenderTo(target), clock, log);
  }

  get state(): AuditLog['state'] {
    if (this.append === undefined) return 'off';
    return this.kept.length > 0 ? 'failing' : 'writing';
  }

  write(event: AuditEvent): void {
    if (this.append === undefined) return;
    this.kept.push(lineOf(event, new Date(this.clock.now())));
    if (this.kept.length > MOST_KEPT) {
      this.kept.shift();
      this.lost += 1;
    }
    this.flush(this.append);
  }

  private flush(append: AppendLines): void {
    const wasFailing = this.kept.length > 1;
    try {
      append(`${this.isTorn ? '\n' : ''}${this.kept.join('')}`);
    } catch (error) {
      this.isTorn = true;
      this.log.event('audit.failed', {
        cause: codeOf(error),
        kept: this.kept.length,
        lost: this.lost,
      });
      return;
    }
    if (wasFailing) this.log.event('audit.recovered', { lost: this.lost });
    this.kept = [];
    this.lost = 0;
    this.isTorn = false;
  }
}

/**
 * A file is opened for each line: so one that was renamed or taken away is made anew, and whoever rotates it need tell
 * nobody. Standard streams are written at once, as the log is.
 */
function appenderTo(target: AuditTarget): AppendLines | undefined {
  switch (target.kind) {
    case 'off':
      return undefined;
    case 'file': {
      const append: AppendLines = (lines) => {
        appendFileSync(target.path, lines, { mode: FILE_MODE });
      };
      append('');
      return append;
    }
    case 'stdout':
    case 'stderr': {
      const stream = pino.destination({ dest: target.kind === 'stdout' ? 1 : 2, sync: true });
      return (lines) => {
        stream.write(lines);
      };
    }
  }
}

/** Fields stand in the order of their declaration. JSON escapes line breaks: no value can make a second line. */
function lineOf(event: AuditEvent, time: Date): string {
  const values: Readonly<Record<string, unknown>> = { ...event };
  const fields = Object.keys(AUDIT_FIELDS).map((name) => [name, values[name]] as const);
  const { outcome } = AUDIT_EVENTS[event.event];
  const head = { audit: AUDIT_VERSION, time: time.toISOString(), event: event.event, outcome };
  return `${JSON.stringify({ ...head, ...Object.fromEntries(fields) })}\n`;
}

function codeOf(error: unknown): string {
  const code: unknown = Reflect.get(Object(error) as object, 'code');
  return typeof code === 'string' ? code : 'unknown';
}
