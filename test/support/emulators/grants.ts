import type { Authorization } from './emulator.types.js';

type Kind = 'code' | 'access' | 'refresh';

/** A code or token that was given out. */
export interface Issued {
  readonly kind: Kind;
  readonly value: string;
  readonly authorization: Authorization;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
  /** All that came of one login, itself included. */
  readonly family: Issued[];
  /** `used`: a code that was redeemed, a refresh token that was rotated away. */
  state: 'live' | 'used' | 'dead';
}

/** Everything that a provider gave out and must know again. */
export class Grants {
  private readonly issued = new Map<string, Issued>();

  /** @param parent what the new one came of: the code, or the refresh token */
  issue(
    given: Pick<Issued, 'kind' | 'value' | 'authorization' | 'expiresAt'>,
    parent?: Issued,
  ): Issued {
    const family = parent?.family ?? [];
    const issued: Issued = { ...given, family, state: 'live' };
    family.push(issued);
    this.issued.set(given.value, issued);
    return issued;
  }

  /** What a value is, whatever became of it. */
  find(kind: Kind, value: string): Issued | undefined {
    const issued = this.issued.get(value);
    return issued?.kind === kind ? issued : undefined;
  }

  /** A value that is good now. */
  live(kind: Kind, value: string, now: number): Issued | undefined {
    const issued = this.find(kind, value);
    return issued?.state === 'live' && issued.expiresAt > now ? issued : undefined;
  }

  /** Ends what came of the same login, or only some kinds of it. */
  kill(issued: Issued, kinds: readonly Kind[] = ['code', 'access', 'refresh']): void {
    for (const member of issued.family) {
      if (kinds.includes(member.kind)) member.state = 'dead';
    }
  }
}
