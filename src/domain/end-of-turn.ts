let end: Promise<void> | undefined;

/**
 * The end of this turn of the event loop, when what has come over all connections has been read. Commands leave
 * together then (`RedisLink.gather`), and so does what needs no command: answers that are written one after the
 * other wake the other side once, answers that are written one by one between reads wake it each time, which costs
 * more than all the rest of a small answer.
 */
export function endOfTurn(): Promise<void> {
  end ??= new Promise((resolve) => {
    setImmediate(() => {
      end = undefined;
      resolve();
    });
  });
  return end;
}
