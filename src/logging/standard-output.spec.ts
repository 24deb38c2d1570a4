import { execFileSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, readSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { StandardOutput } from './standard-output.js';

const LINE = `${'x'.repeat(1_023)}\n`;
const MIB = 1_048_576;

describe('a real pipe that nobody reads', () => {
  let directory: string;
  let reader: number;
  let writer: number;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'vestibule-output-'));
    const path = join(directory, 'pipe');
    execFileSync('mkfifo', [path]);
    reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    writer = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
  });
  afterEach(() => {
    closeSync(reader);
    closeSync(writer);
    rmSync(directory, { recursive: true });
  });

  /** What is in the pipe now. */
  function taken(): string {
    const chunks: string[] = [];
    const chunk = Buffer.alloc(65_536);
    for (;;) {
      try {
        const length = readSync(reader, chunk);
        if (length === 0) return chunks.join('');
        chunks.push(chunk.toString('utf8', 0, length));
      } catch {
        return chunks.join('');
      }
    }
  }

  it('keeps whole lines for whoever reads later, a mebibyte of them, and tells how many were lost (R-47)', async () => {
    let tell: (lines: number) => void = () => undefined;
    const lost = new Promise<number>((resolve) => (tell = resolve));
    const output = new StandardOutput((lines) => tell(lines), writer);
    for (let count = 0; count < 2_000; count += 1) output.write(LINE);
    let text = taken();
    for (let empty = false; !empty;) {
      // Each line that is wanted takes along what the pipe has room for.
      output.write('');
      const more = taken();
      empty = more === '';
      text += more;
    }
    const dropped = await lost;
    expect(dropped).toBeGreaterThan(800);
    expect(text).toBe(LINE.repeat(2_000 - dropped));
    expect(text.length).toBeGreaterThan(MIB - LINE.length);
    output.write('next\n');
    expect(taken()).toBe('next\n');
  });
});
