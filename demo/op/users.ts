/** The people of the demo. Nobody has a password: this provider is for development only. */
export interface DemoUser {
  readonly sub: string;
  readonly name: string;
  readonly email: string;
  readonly groups: readonly string[];
}

/** Carol's name is not ASCII and she is in no group: both have to survive headers and tokens. */
export const demoUsers: readonly DemoUser[] = [
  { sub: 'alice', name: 'Alice Archer', email: 'alice@example.com', groups: ['staff', 'admins'] },
  { sub: 'bob', name: 'Bob Baker', email: 'bob@example.com', groups: ['staff'] },
  { sub: 'carol', name: 'Carol Núñez', email: 'carol@example.org', groups: [] },
];
