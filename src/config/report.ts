import type { ConfigProblem } from './config-problem.js';

/** Collects what is wrong and what is worth saying, so that everything is told at once. */
export class Report {
  private readonly found: ConfigProblem[] = [];
  private readonly said: string[] = [];
  private fileUnread = false;

  problem(key: string, fault: string, remedy: string): void {
    this.found.push({ key, fault, remedy });
  }

  /** A value that nobody wrote; not worth saying when the file that may hold it could not be read. */
  missing(key: string, fault: string, remedy: string): void {
    if (!this.fileUnread) this.problem(key, fault, remedy);
  }

  /** From here on nothing can be called missing. */
  fileIsUnread(): void {
    this.fileUnread = true;
  }

  notice(text: string): void {
    this.said.push(text);
  }

  get problems(): readonly ConfigProblem[] {
    return this.found;
  }

  get notices(): readonly string[] {
    return this.said;
  }
}
