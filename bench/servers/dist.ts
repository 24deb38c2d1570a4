import { join } from 'node:path';

const DIST = join(import.meta.dirname, '../../dist');

/** Parts of the built product, typed by their sources. */
export const dist = {
  loadConfig: () => load<typeof import('../../src/config/load-config.js')>('config/load-config.js'),
  vestibule: () => load<typeof import('../../src/app/vestibule.js')>('app/vestibule.js'),
  sessionRecords: () =>
    load<typeof import('../../src/session/session-records.js')>('session/session-records.js'),
};

async function load<T>(path: string): Promise<T> {
  return (await import(join(DIST, path))) as T;
}
