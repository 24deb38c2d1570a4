import { cookiesSet, jsonOf } from '../support/http-exchange.js';
import { errorCodeOf } from '../support/html-page.js';
import { PATHS } from '../support/op-host.js';
import { Stage } from '../support/stage.js';

describe('settings that the provider contradicts', () => {
  it('an issuer with a slash too many is called a wrong setting, not an outage, and is told in the log (E-32)', async () => {
    await using stage = await Stage.open({ withoutProvider: true });
    await stage.bff.untilLogged('provider.discovery_failed');
    await stage.op.up();
    stage.op.rewriteJson(PATHS.discovery, (body) => ({ ...body, issuer: `${stage.op.issuer}/` }));
    stage.clock.advance(60_000);
    const asked = (): number => stage.op.callsOf(PATHS.discovery).length;
    const before = asked();
    for (let time = 0; time < 3; time += 1) {
      const page = await stage.startLogin(stage.person());
      expect([page.status, errorCodeOf(page.body)]).toEqual([502, 'provider_misconfigured']);
      expect(cookiesSet(page)).toEqual([]);
    }
    expect(asked()).toBe(before + 1);
    expect(stage.bff.logged('provider.discovery_failed').at(-1)).toMatchObject({
      provider: 'generic',
      detail: 'the metadata name another issuer',
    });
    stage.op.behave();
    stage.clock.advance(60_000);
    await stage.member();
  });

  it('are told at the start, each with its remedy, and what the provider takes all the same works', async () => {
    await using stage = await Stage.open({ withoutProvider: true });
    await stage.bff.untilLogged('provider.discovery_failed');
    await stage.op.up();
    stage.op.rewriteJson(PATHS.discovery, (body) => ({
      ...body,
      token_endpoint_auth_methods_supported: ['private_key_jwt', 'public'],
    }));
    stage.clock.advance(60_000);
    await stage.member();
    expect(stage.bff.logged('provider.misfit')).toEqual([
      expect.objectContaining({
        level: 'error',
        provider: 'generic',
        option: 'clientAuth',
        fault: 'is client_secret_basic, which the provider does not offer',
        remedy: 'use private_key_jwt, as registered there',
      }),
    ]);
  });

  it('a prompt that the provider does not offer is asked of nobody, and others are (P-12)', async () => {
    await using stage = await Stage.open({ withoutProvider: true });
    await stage.bff.untilLogged('provider.discovery_failed');
    await stage.op.up();
    stage.op.rewriteJson(PATHS.discovery, (body) => ({
      ...body,
      prompt_values_supported: ['none', 'login', 'consent'],
    }));
    stage.clock.advance(60_000);
    for (const prompt of ['create', 'login create']) {
      const page = await stage.startLogin(stage.person(), { prompt });
      expect([page.status, errorCodeOf(page.body)]).toEqual([400, 'bad_request']);
    }
    const told = await stage.person().fetch(stage.url('/login?prompt=create'), {
      headers: { accept: 'application/json' },
    });
    expect(told.headers['content-type']).toContain('application/problem+json');
    expect([told.status, jsonOf(told)['code']]).toEqual([400, 'bad_request']);
    expect(stage.op.callsOf(PATHS.authorize)).toEqual([]);
    await stage.member({ prompt: 'login consent' });
  });

  it('a provider that knows no S256 gets no login (ATK-33)', async () => {
    await using stage = await Stage.open({ withoutProvider: true });
    await stage.bff.untilLogged('provider.discovery_failed');
    await stage.op.up();
    stage.op.rewriteJson(PATHS.discovery, (body) => ({
      ...body,
      code_challenge_methods_supported: ['plain'],
    }));
    stage.clock.advance(60_000);
    const page = await stage.startLogin(stage.person());
    expect([page.status, errorCodeOf(page.body)]).toEqual([502, 'provider_misconfigured']);
    expect(stage.op.callsOf(PATHS.authorize)).toEqual([]);
  });
});
