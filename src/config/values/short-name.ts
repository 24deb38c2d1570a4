import { text } from './basic-values.js';

/** What logs, metrics and addresses can carry. */
export const shortName = text(
  'up to 32 lower-case letters, digits or hyphens, a letter first',
  /^[a-z][a-z0-9-]{0,31}$/,
  'choose a short name: logs, metrics and addresses carry it',
);
