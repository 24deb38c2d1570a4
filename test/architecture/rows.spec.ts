import { readFileSync } from 'node:fs';
import { judgeCoverage } from '../rows/coverage.ts';
import { rowIdsIn } from '../rows/row-ids.ts';
import { reportRows, ROWS_DOCUMENT } from '../rows/rows.ts';
import { titlesOf } from '../rows/test-titles.ts';

describe('the rows of the catalogues', () => {
  it('are all named by a test or excused, and none is both', () => {
    expect(reportRows().faults).toEqual([]);
  });

  it('stand in test/ROWS.md as they are: else run npm run coverage:rows', () => {
    expect(readFileSync(ROWS_DOCUMENT, 'utf8')).toBe(reportRows().document);
  });
});

describe('a title', () => {
  // '#' for '-': this file names no rows.
  it.each([
    ['one', '(Z#01)', ['Z#01']],
    ['a list', 'Z#01, ATK#100: …', ['Z#01', 'ATK#100']],
    ['a range', '(Z#09…Z#11)', ['Z#09', 'Z#10', 'Z#11']],
    ['a range in short', '(ATK#08…10, Z#01)', ['ATK#08', 'ATK#09', 'ATK#10', 'Z#01']],
    ['no curve and no code page', 'P#256, P#521, UTF#16, ISO#8859', []],
  ])('names %s', (_what, title, ids) => {
    const dashed = (text: string): string => text.replaceAll('#', '-');
    expect(rowIdsIn(dashed(title))).toEqual(ids.map(dashed));
  });
});

describe('the titles of a file', () => {
  const titles = (source: string): string[] =>
    titlesOf('x.spec.ts', source).map(({ text }) => text);

  it('are those of tests, groups and tables', () => {
    expect(
      titles(`describe('a', () => { it.only('b', f); test(\`c \${x} d\`, f); });
        it.each([['e', 1], ['f', 2]] as const)('g %s', f);
        it.each<[string]>(named(LIES))('h', f); // it('comment')
        const TABLE: readonly string[][] = [['k', f]];
        it.each(TABLE)('l %s', f);
        expect('i').toBe('j');`),
    ).toEqual(['a', 'b', 'c  d', 'g %s', 'e', 'f', 'h', 'l %s', 'k']);
  });

  it('are not those of what is skipped', () => {
    expect(
      titles(`describe.skip('a', () => { it('b', f); }); it.todo('c'); it.skip('d', f);`),
    ).toEqual([]);
  });

  it('are the rows beside the lies as well', () => {
    const source = `const LIES = [{ rows: ['a', 'b'], lie: 'c' }];`;
    const texts = titlesOf('test/support/lies/x.lies.ts', source).map(({ text }) => text);
    expect(texts).toEqual(['a', 'b']);
    expect(titles(source)).toEqual([]);
  });
});

describe('a row', () => {
  const row = { id: 'Z-01', name: 'a row' };
  const excuse = { rows: ['Z-01'], reason: 'later', note: 'a note' } as const;
  const title = { file: 'x.spec.ts', text: `does it (${row.id})` };

  it.each([
    ['that nobody names', [], [], `${row.id} is open: a row`],
    [
      'that is named and excused',
      [title],
      [excuse],
      `${row.id} is excused, and named by x.spec.ts`,
    ],
    [
      'that is excused in part and not named',
      [],
      [{ ...excuse, part: 'x' }],
      `${row.id} is named by no test, in no part`,
    ],
    ['that is excused twice', [], [excuse, excuse], `${row.id} is excused twice`],
  ])('%s is a fault', (_what, titles, excuses, fault) => {
    expect(judgeCoverage([row], titles, excuses).faults).toEqual([fault]);
  });

  it('that does not exist is a fault, named or excused', () => {
    expect(judgeCoverage([], [title], [excuse]).faults).toEqual([
      'Z-01 is no row: x.spec.ts',
      'Z-01 is excused and is no row',
    ]);
  });

  it.each([
    ['that is named', [title], []],
    ['that is excused', [], [excuse]],
    ['that is named but for a part', [title], [{ ...excuse, part: 'x' }]],
  ])('%s is none', (_what, titles, excuses) => {
    expect(judgeCoverage([row], titles, excuses)).toMatchObject({ faults: [], open: [] });
  });

  it('of P2 may be open, one of P1 may not', () => {
    const faults = (priority: string): number =>
      judgeCoverage([{ ...row, priority } as typeof row], [], []).faults.length;
    expect([faults('P2'), faults('P1')]).toEqual([0, 1]);
  });
});
