import { mkdtempSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FixedClock } from '../../test/support/fixed-clock.js';
import { RecordedEvents } from '../../test/support/recorded-events.js';
import type { AuditEvent } from './audit-events.js';
import { AuditStream } from './audit-stream.js';

const client = { address: '192.0.2.1', agent: 'Browser/1' };
const loginOf = (subject: string): AuditEvent => ({
  event: 'login',
  session: 'the-handle',
  client,
  subject,
  issuer: 'https://login.example',
  provider: 'generic',
  request_id: 'request-1',
});
const subjectsIn = (text: string): unknown[] =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => (JSON.parse(line) as Record<string, unknown>)['subject']);

describe('the audit stream', () => {
  let folder: string;
  let path: string;
  let log: RecordedEvents;
  const clock = new FixedClock();
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'audit-'));
    path = join(folder, 'audit.jsonl');
    log = new RecordedEvents();
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const toFile = (): AuditStream => AuditStream.open({ kind: 'file', path }, clock, log);
  const written = (): string => readFileSync(path, 'utf8');

  it('writes one JSON object a line: version, time, event and outcome, then the fields in their order', () => {
    toFile().write(loginOf('alice'));
    expect(written()).toBe(
      `{"audit":1,"time":"${new Date(clock.now()).toISOString()}","event":"login","outcome":"success",` +
        '"provider":"generic","issuer":"https://login.example","subject":"alice","session":"the-handle",' +
        '"request_id":"request-1","client":{"address":"192.0.2.1","agent":"Browser/1"}}\n',
    );
  });

  it('leaves no value a second line', () => {
    toFile().write(loginOf('a"\n{"audit":1}\r\n'));
    expect(subjectsIn(written())).toEqual(['a"\n{"audit":1}\r\n']);
  });

  it('goes on with what is in the file, and in a new one after that was renamed', () => {
    toFile().write(loginOf('alice'));
    const stream = toFile();
    stream.write(loginOf('bob'));
    renameSync(path, `${path}.1`);
    stream.write(loginOf('carol'));
    expect(subjectsIn(readFileSync(`${path}.1`, 'utf8'))).toEqual(['alice', 'bob']);
    expect(subjectsIn(written())).toEqual(['carol']);
  });

  it('makes a file that nobody else may read', () => {
    toFile();
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it('refuses the start where the file cannot be written', () => {
    const missing = join(folder, 'missing', 'audit.jsonl');
    expect(() => AuditStream.open({ kind: 'file', path: missing }, clock, log)).toThrow(/ENOENT/);
  });

  it('is off where nobody wants it, and writes nothing', () => {
    const stream = AuditStream.open({ kind: 'off' }, clock, log);
    stream.write(loginOf('alice'));
    expect([stream.state, log.events]).toEqual(['off', []]);
  });

  it('tells of a full disk and goes on (a real one)', () => {
    const stream = AuditStream.open({ kind: 'file', path: '/dev/full' }, clock, log);
    expect(stream.state).toBe('writing');
    stream.write(loginOf('alice'));
    stream.write(loginOf('bob'));
    expect(stream.state).toBe('failing');
    expect(log.events).toEqual([
      { name: 'audit.failed', fields: { cause: 'ENOSPC', kept: 1, lost: 0 } },
      { name: 'audit.failed', fields: { cause: 'ENOSPC', kept: 2, lost: 0 } },
    ]);
  });

  describe('after lines that could not be written', () => {
    let text: string;
    let isFull: boolean;
    let stream: AuditStream;
    beforeEach(() => {
      text = '';
      isFull = true;
      stream = new AuditStream(
        (lines) => {
          // Half of it still fits.
          if (isFull) text += lines.slice(0, 20);
          if (isFull) throw Object.assign(new Error('full'), { code: 'ENOSPC' });
          text += lines;
        },
        clock,
        log,
      );
    });

    it('writes them with the next one, in order, on lines of their own', () => {
      stream.write(loginOf('alice'));
      isFull = false;
      stream.write(loginOf('bob'));
      const [half, ...lines] = text.trimEnd().split('\n');
      expect(half).toHaveLength(20);
      expect(subjectsIn(lines.join('\n'))).toEqual(['alice', 'bob']);
      expect(stream.state).toBe('writing');
      expect(log.events.at(-1)).toEqual({ name: 'audit.recovered', fields: { lost: 0 } });
      stream.write(loginOf('carol'));
      expect(subjectsIn(text.split('\n').slice(1).join('\n'))).toEqual(['alice', 'bob', 'carol']);
    });

    it('has kept the newest thousand, and says how many are lost', () => {
      for (let at = 0; at < 1_003; at += 1) stream.write(loginOf(`user-${at}`));
      text = '';
      isFull = false;
      stream.write(loginOf('last'));
      const subjects = subjectsIn(text.trimStart());
      expect([subjects.length, subjects[0], subjects.at(-1)]).toEqual([1_000, 'user-4', 'last']);
      expect(log.events.at(-1)).toEqual({ name: 'audit.recovered', fields: { lost: 4 } });
    });
  });
});
