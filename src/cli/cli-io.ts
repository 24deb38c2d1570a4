import type { VestibuleConfig } from '../config/config.types.js';
import type { ProviderConfig } from '../config/provider-config.types.js';
import type { Env } from '../config/source/environment.js';
import type { IsDirectory, ReadFile } from '../config/source/files.js';
import type { Clock } from '../domain/clock.js';
import type { ProviderInspection } from '../domain/provider-inspection.js';
import type { SessionAdmin } from '../domain/session-admin.js';

/** Everything that the commands touch outside themselves. */
export interface CliIo {
  readonly env: Env;
  readonly version: string;
  readonly clock: Clock;
  readonly readFile: ReadFile;
  readonly isDirectory: IsDirectory;
  /** Both get text with its line breaks. */
  readonly stdout: (text: string) => void;
  readonly stderr: (text: string) => void;
  /** Sets the exit code; must not end the process before its output is written. */
  readonly exit: (code: number) => void;
  /** Opens the sessions of a configuration; undefined where they live in another process's memory. */
  readonly openSessions: (config: VestibuleConfig) => Promise<SessionAdmin | undefined>;
  /** Asks a provider whether it and its entry go together; bounded by the entry's timeout, never throws. */
  readonly inspectProvider: (provider: ProviderConfig) => Promise<ProviderInspection>;
  /** Runs the server; resolves once it listens. */
  readonly serve: (config: VestibuleConfig, notices: readonly string[]) => Promise<void>;
}
