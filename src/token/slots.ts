/** Lets a number of works run at a time; the others wait for their turn, in order. */
export class Slots {
  private readonly waiting: (() => void)[] = [];

  constructor(private free: number) {}

  /** @throws what `work` throws */
  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.free > 0) this.free -= 1;
    else await new Promise<void>((resolve) => this.waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = this.waiting.shift();
      // Whoever waited longest takes the place over: nobody can come in between.
      if (next === undefined) this.free += 1;
      else next();
    }
  }
}
