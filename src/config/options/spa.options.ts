import { optional } from '../option.js';
import { text } from '../values/basic-values.js';

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
};
