import type { Readable } from 'node:stream';
import type { ServerResponse } from 'node:http';
import { Inject, Injectable } from '@nestjs/common';
import send from 'send';
import { SpaConfig } from '../config/config.types.js';
import type { LiveSession } from '../domain/session.js';
import { VestibuleError } from '../errors/vestibule.error.js';
import { sendRedirect } from '../http/answer.js';
import { isNavigation, type Exchange } from '../http/exchange.js';
import { PublicUrl } from '../http/public-url.js';
import { APPLICATION_POLICY } from '../http/security-headers.js';
import { SessionReader } from '../session/session-reader.js';
import { SessionStreams } from '../session/session-streams.js';
import { unauthenticated } from '../session/session.guard.js';
import { OpenConnection } from './open-connection.js';
import { UpstreamClient } from './upstream-client.js';
import { parseTarget, type Target } from './upstream-target.js';

/** Under which its requests are counted. */
export const SPA_ROUTE = 'spa';

/**
 * A name with a content hash, as bundlers write it, hexadecimal or mixed: such a file never changes. A hash
 * that is missed costs a question to the server; a word that is taken for one could never be changed again.
 */
const HASHED = /[.-](?=\w*\d)(?:(?=\w*[a-f])[0-9a-f]{8,}|(?=\w*[A-Z])\w{8,})\.[a-z0-9]+$/;
const YEAR_S = 31_536_000;
/** A development server may compile for a while before it answers. */
const FRONTEND_TIMEOUT_MS = 120_000;

/** Whose session let a request pass. */
interface Held {
  readonly id: string;
  readonly session: LiveSession;
}

/** The application's own pages: a folder, or a frontend that serves itself. */
@Injectable()
export class SpaService {
  /** The frontend, where there is one. */
  readonly target: Target | undefined;

  constructor(
    @Inject(SpaConfig) private readonly config: SpaConfig,
    private readonly sessions: SessionReader,
    private readonly upstream: UpstreamClient,
    private readonly streams: SessionStreams,
    private readonly urls: PublicUrl,
  ) {
    this.target = config.kind === 'upstream' ? parseTarget(config.url, '') : undefined;
  }

  async handle(exchange: Exchange): Promise<void> {
    const { config, target } = this;
    if (config.kind === 'none') throw new VestibuleError('not_found');
    exchange.res.route = SPA_ROUTE;
    const admitted = await this.admit(exchange);
    if (admitted === 'sent to login') return;
    if (config.kind === 'folder') return this.serveFolder(exchange, config.dir);
    if (target !== undefined) await this.forward(exchange, target, admitted);
  }

  /**
   * The session, where the pages are for those who are logged in.
   * @throws VestibuleError `unauthenticated`, `store_unavailable`
   */
  async checkLogin(exchange: Exchange): Promise<Held | undefined> {
    if (this.config.kind === 'none' || this.config.login === 'open') return undefined;
    const reading = await this.sessions.read(exchange, { touch: true });
    if (reading.kind === 'anonymous') throw unauthenticated(reading.reason);
    const { id, session } = reading;
    return id === undefined ? undefined : { id, session };
  }

  /** A page that a person opens leads to the login and back; anything else learns that nobody is there. */
  private async admit(exchange: Exchange): Promise<Held | undefined | 'sent to login'> {
    try {
      return await this.checkLogin(exchange);
    } catch (error) {
      const isStranger = error instanceof VestibuleError && error.code === 'unauthenticated';
      if (!isStranger || !isNavigation(exchange)) throw error;
      const here = `${this.urls.path(exchange.path)}${exchange.search}`;
      sendRedirect(exchange, 302, this.urls.path('/login', { return_to: here }));
      return 'sent to login';
    }
  }

  private async forward(exchange: Exchange, target: Target, held: Held | undefined): Promise<void> {
    // What a folder's pages get, unless the frontend says something itself.
    setPolicy(exchange.res);
    await this.upstream.forward(exchange, {
      name: 'spa',
      target,
      content: 'pages',
      download: false,
      identity: [],
      timeoutMs: FRONTEND_TIMEOUT_MS,
      holdUnauthorized: false,
      // What goes on ends with the session that let it begin.
      onStream: () => {
        if (held !== undefined)
          this.streams.watch(held.id, held.session, new OpenConnection(exchange.res));
      },
    });
  }

  /** Unknown navigations get index.html, so that deep links work. */
  private async serveFolder(exchange: Exchange, dir: string): Promise<void> {
    if (exchange.method !== 'GET' && exchange.method !== 'HEAD') {
      exchange.res.setHeader('Allow', 'GET, HEAD');
      throw new VestibuleError('method_not_allowed');
    }
    if (await this.serve(exchange, dir, exchange.path)) return;
    if (!isNavigation(exchange) || !(await this.serve(exchange, dir, '/index.html')))
      throw new VestibuleError('not_found');
  }

  /** What is for those who are logged in is nothing for a cache that others share. */
  private cacheRule(path: string, isPage: boolean): string {
    const { config } = this;
    if (isPage) return 'no-cache';
    const whose = config.kind !== 'none' && config.login === 'open' ? 'public' : 'private';
    return HASHED.test(path)
      ? `${whose}, max-age=${YEAR_S}, immutable`
      : `${whose}, max-age=0, must-revalidate`;
  }

  /** False when there is no such file; then nothing was written. */
  private serve(exchange: Exchange, root: string, path: string): Promise<boolean> {
    return new Promise((resolve, reject) => {
      const isPage = path.endsWith('/') || path.endsWith('.html');
      send(exchange.req, path, {
        root,
        index: 'index.html',
        dotfiles: 'ignore',
        cacheControl: false,
      })
        .on('headers', (res) => {
          res.setHeader('Cache-Control', this.cacheRule(path, isPage));
          setPolicy(res);
        })
        .on('stream', (file: Readable) => exchange.res.once('close', () => file.destroy()))
        .on('error', (error: Error & { status?: number }) => {
          if (error.status !== undefined && error.status < 500) resolve(false);
          else reject(error);
        })
        .on('directory', () => resolve(false))
        .on('end', () => resolve(true))
        .pipe(exchange.res);
    });
  }
}

function setPolicy(res: ServerResponse): void {
  res.setHeader('Content-Security-Policy', APPLICATION_POLICY);
  res.setHeader('X-Frame-Options', 'SAMEORIGIN');
}
