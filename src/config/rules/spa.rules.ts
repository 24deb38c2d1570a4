import type { Report } from '../report.js';
import type { FoundConfig } from '../sections.js';
import type { IsDirectory } from '../source/files.js';

/**
 * The pages come from one place, and a folder must be there at the start: a typing error would otherwise be a silent
 * 404.
 */
export function checkSpa({ spa }: FoundConfig, isDirectory: IsDirectory, report: Report): void {
  const { dir, url } = spa.values;
  if (dir !== undefined && url !== undefined) {
    report.problem(
      spa.key('url'),
      `is set beside ${spa.key('dir')}`,
      'serve the built application, or a frontend that serves itself',
    );
  }
  if (dir === undefined || isDirectory(dir)) return;
  report.problem(
    spa.key('dir'),
    'is not a folder',
    'build the application, or name the folder that has its index.html',
  );
}
