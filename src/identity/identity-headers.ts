import { Inject, Injectable } from '@nestjs/common';
import { ClaimsConfig } from '../config/config.types.js';
import type { Json } from '../domain/identity.js';
import type { LiveSession, SessionRecord } from '../domain/session.js';
import type { FlatHeaders } from '../http/flat-headers.js';

/**
 * Characters of an encoded claim. Servers read some 16 KiB of headers in all, the access token among them, and refuse
 * the whole request for more (ATK-09).
 */
const MAX_CLAIM = 1_024;
const MAX_LIST = 4_096;

/** The claims whose headers are always there, whatever the configuration tells of them. */
const ALWAYS = ['email', 'name', 'groups'] as const;

interface HeaderClaim {
  /** Of the header, in lower case. */
  readonly header: string;
  /** Of the claim; undefined where none is told. */
  readonly source: string | undefined;
}

/**
 * The headers by which an API is told who calls, each always set: an empty one says that there is no value, where a
 * missing one would let an alias of it through (ATK-05, ATK-07). What is not plain ASCII is percent-encoded, lists
 * are a JSON array, so that no name of a group can look like two. A claim that is too long counts as none: half a
 * list of groups would be a wrong one.
 */
@Injectable()
export class IdentityHeaders {
  private readonly claims: readonly HeaderClaim[];
  /** What a stranger's headers say. */
  readonly ofNobody: FlatHeaders;
  private readonly known = new WeakMap<SessionRecord, FlatHeaders>();

  constructor(@Inject(ClaimsConfig) { headers }: ClaimsConfig) {
    const told = headers.map(({ name, source }) => ({ name: name.toLowerCase(), source }));
    const untold = ALWAYS.filter((name) => !told.some((one) => one.name === name));
    this.claims = [...told, ...untold.map((name) => ({ name, source: undefined }))].map(
      ({ name, source }) => ({ header: `x-auth-${name}`, source }),
    );
    this.ofNobody = this.write(undefined);
  }

  /** Who is there; `undefined` is nobody. */
  of(session: LiveSession | undefined): FlatHeaders {
    if (session === undefined) return this.ofNobody;
    const known = this.known.get(session.record);
    if (known !== undefined) return known;
    const written = this.write(session);
    this.known.set(session.record, written);
    return written;
  }

  private write(session: LiveSession | undefined): FlatHeaders {
    const identity = session?.record.identity;
    const headers = [
      'x-auth-subject',
      encoded(identity?.subject),
      'x-auth-issuer',
      encoded(identity?.issuer),
      'x-auth-provider',
      encoded(identity?.provider),
      'x-auth-session',
      encoded(session?.handle),
    ];
    for (const { header, source } of this.claims)
      headers.push(header, source === undefined ? '' : valueOf(identity?.claims[source]));
    return headers;
  }
}

function valueOf(claim: Json | undefined): string {
  if (typeof claim === 'number' || typeof claim === 'boolean') return String(claim);
  return Array.isArray(claim) ? upTo(MAX_LIST, listed(claim)) : upTo(MAX_CLAIM, encoded(claim));
}

function upTo(most: number, value: string): string {
  return value.length <= most ? value : '';
}

function encoded(value: Json | undefined): string {
  if (typeof value !== 'string') return '';
  return value.replaceAll(/[^\x21-\x24\x26-\x7e ]|^ | $/gu, (character) =>
    percentEncoded(character),
  );
}

/** UTF-8 in percent-encoding; half a surrogate pair, which JSON may hold, becomes the replacement character. */
function percentEncoded(character: string): string {
  return Buffer.from(character).toString('hex').replaceAll(/../g, '%$&').toUpperCase();
}

function listed(values: readonly Json[]): string {
  const texts = values.filter((value) => typeof value === 'string');
  return texts.length === 0 ? '' : asciiJson(texts);
}

/** JSON of which every character is ASCII (RFC 8259 §7 allows an escape for each). */
function asciiJson(value: readonly string[]): string {
  return JSON.stringify(value).replaceAll(
    /[^\x20-\x7e]/g,
    (unit) => `\\u${(unit.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`,
  );
}
