import type { LogConfig } from '../config/config.types.js';
import { JsonEventLog } from './json-event-log.js';
import { LOG_EVENTS } from './log-events.js';

function logAt(level: LogConfig['level']) {
  const lines: string[] = [];
  const log = new JsonEventLog({ level }, { write: (line: string) => void lines.push(line) });
  return { log, lines };
}

describe('JsonEventLog', () => {
  it('writes one JSON object a line, with level, time, service and event', () => {
    const { log, lines } = logAt('info');
    log.event('login.started', { provider: 'google', several: 2, healed: false, none: undefined });
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/^[^\n]+\n$/);
    expect(JSON.parse(lines[0] ?? '')).toEqual({
      level: 'info',
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      service: 'vestibule',
      event: 'login.started',
      provider: 'google',
      several: 2,
      healed: false,
    });
  });

  it('gives each event its own level and drops what is below the configured one', () => {
    const { log, lines } = logAt('warn');
    log.event('request.completed');
    log.event('login.started');
    log.event('proxy.failed');
    log.event('request.failed');
    const levels = lines.map((line) => (JSON.parse(line) as { level: string }).level);
    expect(levels).toEqual([LOG_EVENTS['proxy.failed'], LOG_EVENTS['request.failed']]);
  });

  it('redacts every text field', () => {
    const { log, lines } = logAt('info');
    log.event('request.failed', { detail: 'Bearer hunter2', cause: 'a\nb' });
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ detail: '[redacted]', cause: 'a b' });
  });
});
