const ID =
  /(?<![A-Za-z0-9])(?:(ATK)-(\d+)|([A-Z])-(\d\d)(?!\d))(?:(?:…|–|\.{2,3})(?:(?:ATK|[A-Z])-)?(\d+))?/g;

/** The ids that a text names, one by one: 'C-09…C-12' and 'ATK-11…13' are all of them. */
export function rowIdsIn(text: string): string[] {
  return [...text.matchAll(ID)].flatMap(([, attack, attackNumber, letter, number, last]) => {
    const first = Number(attackNumber ?? number);
    const length = Math.max(Number(last ?? first) - first + 1, 1);
    return Array.from({ length }, (_none, at) => rowId(attack ?? letter ?? '', first + at));
  });
}

function rowId(group: string, number: number): string {
  return `${group}-${String(number).padStart(2, '0')}`;
}
