import type { ServerResponse } from 'node:http';
import type { Quota } from '../config/config.types.js';

const SECOND_MS = 1000;

/**
 * Tells what is left of a quota (draft-ietf-httpapi-ratelimit-headers-11 §3, §4). Where nothing is left and the request
 * passes, the second field stays away: a client could wait before it follows our redirect (§6).
 */
export function tellQuota(
  res: ServerResponse,
  policy: string,
  quota: Quota,
  left: { readonly quota: number; readonly ms: number },
): void {
  tellPolicy(res, policy, quota);
  if (left.quota > 0)
    res.setHeader('RateLimit', `"${policy}";r=${left.quota};t=${secondsOf(left.ms)}`);
}

/** Tells that nothing is left, and for how long; Retry-After must not be earlier (§6). */
export function tellSpent(res: ServerResponse, policy: string, quota: Quota, ms: number): void {
  tellPolicy(res, policy, quota);
  res.setHeader('RateLimit', `"${policy}";r=0;t=${secondsOf(ms)}`);
  res.setHeader('Retry-After', secondsOf(ms));
}

function tellPolicy(res: ServerResponse, policy: string, { quota, windowMs }: Quota): void {
  res.setHeader('RateLimit-Policy', `"${policy}";q=${quota};w=${windowMs / SECOND_MS}`);
}

function secondsOf(ms: number): number {
  return Math.max(1, Math.ceil(ms / SECOND_MS));
}
