import { sendRaw } from '../support/raw-socket.js';
import { jsonOf } from '../support/http-exchange.js';
import { Stage } from '../support/stage.js';

describe('GET /metrics', () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await Stage.open({ redis: true });
  });
  afterAll(() => stage.close());

  const read = async (): Promise<string> => {
    const answer = await stage.send(`${stage.bff.internalOrigin}/metrics`);
    expect(answer.status).toBe(200);
    expect(answer.headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8');
    return answer.body;
  };
  /** The value of a series; undefined where there is none. */
  const valueIn = (text: string, series: string): number | undefined => {
    const line = text.split('\n').find((one) => one.startsWith(`${series} `));
    return line === undefined ? undefined : Number(line.slice(series.length));
  };

  it('tells of a visit in figures and names nobody (ATK-89)', async () => {
    const person = await stage.member();
    await stage.call(person);
    expect((await stage.refresh(person)).status).toBe(200);
    const answer = await stage.call(person, '/logout', { method: 'POST' });
    await person.click(String(jsonOf(answer)['location']));
    expect((await stage.call(person)).status).toBe(401);
    const stranger = stage.person();
    const refused = await stranger.visit(stage.url('/callback?code=x&state=y'));
    expect(refused.status).toBe(400);

    const text = await read();
    const series = [
      ['vestibule_logins_started_total{provider="generic"}', 1],
      ['vestibule_logins_succeeded_total{provider="generic"}', 1],
      ['vestibule_logins_refused_total{code="login_state_unknown"}', 1],
      ['vestibule_sessions_started_total', 1],
      ['vestibule_sessions_ended_total{reason="logout"}', 1],
      ['vestibule_token_refreshes_total{provider="generic",outcome="refreshed"}', 1],
      ['vestibule_http_requests_total{listener="public",route="session.refresh",status="200"}', 1],
      ['vestibule_http_requests_total{listener="public",route="proxy:api",status="200"}', 1],
      ['vestibule_http_requests_total{listener="public",route="proxy:api",status="401"}', 1],
      ['vestibule_http_requests_in_flight{listener="internal"}', 1],
      ['vestibule_http_requests_in_flight{listener="public"}', 0],
      ['vestibule_store_up', 1],
      ['vestibule_draining', 0],
    ] as const;
    for (const [name, value] of series)
      expect({ name, value: valueIn(text, name) }).toEqual({ name, value });
    expect(
      valueIn(text, 'vestibule_store_command_duration_seconds_count{kind="write"}'),
    ).toBeGreaterThan(0);
    expect(text).toMatch(/^process_cpu_seconds_total /m);
    expect(text).not.toMatch(/alice/);
    expect(stage.leaks([{ where: 'metrics', text }])).toEqual([]);
  });

  it('makes no label of what a client sends (ATK-89)', async () => {
    await stage.send(stage.url('/planted-path-12345'));
    await stage.send(`${stage.bff.internalOrigin}/planted-path-12345`);
    const text = await read();
    expect(text).not.toContain('planted-path-12345');
    expect(
      valueIn(
        text,
        'vestibule_http_requests_total{listener="internal",route="other",status="404"}',
      ),
    ).toBe(1);
  });

  it.each([
    '/metrics',
    '/metrics/',
    '//metrics',
    '/./metrics',
    '/x/../metrics',
    '/%6detrics',
    '/metrics%2f',
    '/metrics;x',
    '/METRICS',
    '/api/../metrics',
    '/api/%2e%2e/metrics',
  ])('is not on the public listener: %s (ATK-89)', async (path) => {
    const answer = await sendRaw(stage.bff.port, [`GET ${path} HTTP/1.1`, 'Host: localhost']);
    expect([400, 404]).toContain(answer.status);
    expect(answer.body).not.toContain('vestibule_');
  });
});
