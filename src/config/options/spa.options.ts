import { optional, withDefault } from '../option.js';
import { choice, text } from '../values/basic-values.js';
import { upstream } from '../values/web-url.js';

/** Section `spa`: the application's own pages. */
export const spaOptions = {
  dir: optional({
    key: 'dir',
    env: 'SPA_DIR',
    // oxlint-disable-next-line no-control-regex -- control characters are what is refused
    type: text('the path of a folder', /^[^\u0000-\u001f]{1,1024}$/, 'name a folder that exists'),
    otherwise: 'no pages are served',
    doc: 'Folder of the built application: unknown navigations get its index.html, files are served as they are.',
  }),
  url: optional({
    key: 'url',
    env: 'SPA_URL',
    type: upstream,
    otherwise: 'no frontend is proxied to',
    doc: 'Address of a frontend that serves itself, such as a development server (`http://localhost:5173`): everything that is no route of ours goes there, its WebSocket for hot reload too. In place of `SPA_DIR`.',
  }),
  login: withDefault({
    key: 'login',
    env: 'SPA_LOGIN',
    type: choice('open', 'required'),
    default: 'open',
    doc: 'Whether the pages themselves are only for those who are logged in: `required` sends everybody else to the login.',
  }),
};
