/**
 * What a log line says of a thrown value: class and code of each error in the chain of its causes, and the place of the
 * innermost; never a message, which may quote a secret. Undefined for what is no error.
 */
export function causeOf(cause: unknown): string | undefined {
  if (!(cause instanceof Error)) return undefined;
  const code: unknown = Reflect.get(cause, 'code');
  const inner = causeOf(cause.cause);
  const place = placeOf(cause);
  return [cause.name, typeof code === 'string' ? code : undefined, inner ?? place]
    .filter(Boolean)
    .join(' < ');
}

/** The first frame of the stack. What stands before the frames is the message, whose lines may look like frames. */
function placeOf({ stack = '', message }: Error): string | undefined {
  const at = stack.indexOf(message);
  if (at === -1) return undefined;
  const frames = stack.slice(at + message.length).split('\n');
  return frames.find((line) => line.startsWith('    at '))?.trim();
}
