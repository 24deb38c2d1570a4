import { Inject, Injectable } from '@nestjs/common';
import { ServerConfig } from '../config/config.types.js';

/** Characters of a `return_to`. */
export const MAX_RETURN_TO = 2_048;

/** Absolute and rooted URLs of ours, always from the configuration, never from Host or a forwarding header. */
@Injectable()
export class PublicUrl {
  constructor(@Inject(ServerConfig) private readonly config: ServerConfig) {}

  get origin(): string {
    return this.config.origin;
  }

  /** Rooted path for a browser: base path and route. */
  path(route: string, query?: Readonly<Record<string, string>>): string {
    const search = query === undefined ? '' : new URLSearchParams(query).toString();
    return `${this.config.basePath}${route}${search === '' ? '' : `?${search}`}`;
  }

  /** Where a login starts that leads back to a path of the application, unless that is too long to be carried. */
  login(returnTo?: string, more: Readonly<Record<string, string>> = {}): string {
    const isCarried = returnTo !== undefined && returnTo.length <= MAX_RETURN_TO;
    return this.path('/login', { ...more, ...(isCarried && { return_to: returnTo }) });
  }

  absolute(route: string): string {
    return `${this.config.origin}${this.config.basePath}${route}`;
  }

  /** The address of the application: where a login leads when nothing better is known. */
  get home(): string {
    return `${this.config.basePath}/`;
  }
}
