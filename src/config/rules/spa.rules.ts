import type { Report } from '../report.js';
import type { FoundConfig } from '../sections.js';
import type { IsDirectory } from '../source/files.js';

/** The folder of the application must be there at the start: a typing error would otherwise be a silent 404. */
export function checkSpa({ spa }: FoundConfig, isDirectory: IsDirectory, report: Report): void {
  const { dir } = spa.values;
  if (dir === undefined || isDirectory(dir)) return;
  report.problem(
    spa.key('dir'),
    'is not a folder',
    'build the application, or name the folder that has its index.html',
  );
}
