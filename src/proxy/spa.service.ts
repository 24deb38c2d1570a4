import { Inject, Injectable } from '@nestjs/common';
import send from 'send';
import { SpaConfig } from '../config/config.types.js';
import { VestibuleError } from '../errors/vestibule.error.js';
import { isNavigation, type Exchange } from '../http/exchange.js';
import { APPLICATION_POLICY } from '../http/security-headers.js';

/**
 * A name with a content hash, as bundlers write it, hexadecimal or mixed: such a file never changes. A hash
 * that is missed costs a question to the server; a word that is taken for one could never be changed again.
 */
const HASHED = /[.-](?=\w*\d)(?:(?=\w*[a-f])[0-9a-f]{8,}|(?=\w*[A-Z])\w{8,})\.[a-z0-9]+$/;
const YEAR_S = 31_536_000;

/** The application's own files. Unknown navigations get index.html, so that deep links work. */
@Injectable()
export class SpaService {
  constructor(@Inject(SpaConfig) private readonly config: SpaConfig) {}

  async handle(exchange: Exchange): Promise<void> {
    const { config } = this;
    if (config.kind === 'none') throw new VestibuleError('not_found');
    if (exchange.method !== 'GET' && exchange.method !== 'HEAD') {
      exchange.res.setHeader('Allow', 'GET, HEAD');
      throw new VestibuleError('method_not_allowed');
    }
    if (await this.serve(exchange, config.dir, exchange.path)) return;
    if (!isNavigation(exchange) || !(await this.serve(exchange, config.dir, '/index.html')))
      throw new VestibuleError('not_found');
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
          res.setHeader('Cache-Control', cacheRule(path, isPage));
          res.setHeader('Content-Security-Policy', APPLICATION_POLICY);
          res.setHeader('X-Frame-Options', 'SAMEORIGIN');
        })
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

function cacheRule(path: string, isPage: boolean): string {
  if (isPage) return 'no-cache';
  return HASHED.test(path)
    ? `public, max-age=${YEAR_S}, immutable`
    : 'public, max-age=0, must-revalidate';
}
