/** A user whose JSON is about as long as the record that Vestibule keeps. */
export function userOf(bytes: number): { readonly sub: string; readonly name: string } {
  return { sub: 'alice', name: 'x'.repeat(Math.max(bytes - 100, 0)) };
}
