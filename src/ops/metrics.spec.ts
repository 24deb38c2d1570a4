import { generatedBlock, markdownTable } from '../../test/support/generated-table.js';
import { RecordedEvents } from '../../test/support/recorded-events.js';
import { Metrics } from './metrics.js';

const SECRET = 'c3VwZXItc2VjcmV0LXZhbHVlLW9mLXRoZS1ydW4';

function measured() {
  const metrics = new Metrics({ providers: ['generic'], routes: ['api'] });
  metrics.watch({
    version: '1.2.3',
    isDraining: () => false,
    isStoreUp: async () => true,
    knownProviders: () => ({ generic: true }),
    eventStreams: () => 2,
    webSockets: () => 3,
  });
  const log = new RecordedEvents();
  return { metrics, log, counted: metrics.counting(log) };
}

describe('the metrics', () => {
  it('count an event and hand it on', async () => {
    const { metrics, log, counted } = measured();
    counted.event('session.ended', { reason: 'revoked', count: 4 });
    counted.event('token.refresh_failed', { provider: 'generic', failure: 'temporary' });
    const text = await metrics.text();
    expect(text).toContain('vestibule_sessions_ended_total{reason="revoked"} 4\n');
    expect(text).toContain(
      'vestibule_token_refreshes_total{provider="generic",outcome="temporary"} 1\n',
    );
    expect(log.count('session.ended')).toBe(1);
  });

  it('count an error as one of a login only where a login ended', async () => {
    const { metrics, counted } = measured();
    counted.event('request.refused', { code: 'login_denied', route: 'callback' });
    counted.event('request.refused', { code: 'csrf_refused', route: 'proxy:api' });
    const text = await metrics.text();
    expect(text).toContain('vestibule_logins_refused_total{code="login_denied"} 1\n');
    expect(text).toContain('vestibule_logins_refused_total{code="csrf_refused"} 0\n');
    expect(text).toContain('vestibule_refusals_total{code="csrf_refused"} 1\n');
  });

  it('take no label from outside: what is not known counts as other (ATK-89)', async () => {
    const { metrics, counted } = measured();
    counted.event('login.started', { provider: SECRET });
    counted.event('session.ended', { reason: SECRET });
    counted.event('request.refused', { code: SECRET, route: 'callback', detail: SECRET });
    counted.event('proxy.failed', { route: SECRET, cause: SECRET });
    const text = await metrics.text();
    expect(text).not.toContain(SECRET);
    expect(text).toContain('vestibule_logins_started_total{provider="other"} 1\n');
  });

  it('begin with every series at zero, so that the first failure is a step', async () => {
    const text = await measured().metrics.text();
    expect(text).toContain('vestibule_sessions_ended_total{reason="refresh_lost"} 0\n');
    expect(text).toContain('vestibule_store_command_failures_total{kind="write"} 0\n');
  });

  it('add durations up by bucket', async () => {
    const { metrics } = measured();
    for (const ms of [1, 5, 30, 20_000]) metrics.store.answered('read', ms);
    const lines = (await metrics.text())
      .split('\n')
      .filter((line) => line.startsWith('vestibule_store_command_duration_seconds_'))
      .filter((line) => line.includes('"read"'))
      .map((line) => line.replace(/^.*seconds_/, ''));
    expect(lines).toEqual([
      'bucket{le="0.005",kind="read"} 2',
      'bucket{le="0.025",kind="read"} 2',
      'bucket{le="0.1",kind="read"} 3',
      'bucket{le="0.5",kind="read"} 3',
      'bucket{le="2.5",kind="read"} 3',
      'bucket{le="10",kind="read"} 3',
      'bucket{le="+Inf",kind="read"} 4',
      'sum{kind="read"} 20.036',
      'count{kind="read"} 4',
    ]);
  });

  it('are what the README lists', async () => {
    const text = await measured().metrics.text();
    const types = new Map(
      [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name = '', type = '']) => [name, type]),
    );
    const rows = [...text.matchAll(/^# HELP (vestibule_\S+) (.+)$/gm)].map(
      ([, name = '', help = '']) => [`\`${name}\``, types.get(name) ?? '', help],
    );
    const { documented, found } = generatedBlock(
      'README.md',
      'metrics',
      markdownTable(
        ['metric', 'type', 'what it says'],
        rows.toSorted(([a = ''], [b = '']) => a.localeCompare(b)),
      ),
    );
    expect(documented).toBe(found);
  });
});
