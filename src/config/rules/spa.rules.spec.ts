import { configOf, LOOPBACK_ENV, problemsOf } from '../../../test/support/config-env.js';
import type { Env } from '../source/environment.js';

const FRONTEND = 'http://localhost:5173';
const FOLDER = '/srv/spa';

const folders = [FOLDER];
const keysOf = (env: Env): string[] =>
  problemsOf({ ...LOOPBACK_ENV, ...env }, { folders }).map(({ key }) => key);

describe('the pages of the application', () => {
  it.each([
    [{}, { kind: 'none' }],
    [{ SPA_DIR: FOLDER }, { kind: 'folder', dir: FOLDER, login: 'open' }],
    [
      { SPA_DIR: FOLDER, SPA_URL: ' ' },
      { kind: 'folder', dir: FOLDER, login: 'open' },
    ],
    [{ SPA_URL: FRONTEND }, { kind: 'upstream', url: FRONTEND, login: 'open' }],
    [
      { SPA_URL: `${FRONTEND}/app/`, SPA_LOGIN: 'required' },
      { kind: 'upstream', url: `${FRONTEND}/app`, login: 'required' },
    ],
  ])('come from where they are said to be: %j', (env, spa) => {
    expect(configOf({ ...LOOPBACK_ENV, ...env }, { folders }).spa).toEqual(spa);
  });

  it('come from one place only', () => {
    expect(keysOf({ SPA_DIR: FOLDER, SPA_URL: FRONTEND })).toEqual(['SPA_URL']);
    const [problem] = problemsOf(
      { ...LOOPBACK_ENV, SPA_DIR: FOLDER, SPA_URL: FRONTEND },
      { folders },
    );
    expect(problem?.fault).toBe('is set beside SPA_DIR');
  });

  it.each([
    ['SPA_DIR', { SPA_DIR: '/nowhere' }],
    ['SPA_URL', { SPA_URL: 'localhost:5173' }],
    ['SPA_URL', { SPA_URL: 'ws://localhost:5173' }],
    ['SPA_LOGIN', { SPA_LOGIN: 'maybe' }],
  ])('refuse the start where %s cannot work: %j', (key, env) => {
    expect(keysOf(env)).toEqual([key]);
  });
});
