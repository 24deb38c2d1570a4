import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './sources.js';

const dockerfile = readFileSync(join(ROOT, 'Dockerfile'), 'utf8');
/** What the last stage says, which is the product's. */
const product = dockerfile.slice(dockerfile.lastIndexOf('\nFROM '));

describe('the container image', () => {
  it('begins with nothing: no shell, no package manager', () => {
    expect(product).toMatch(/^\nFROM scratch AS runtime\n/);
    expect(product).not.toMatch(/^RUN /m);
  });

  it('runs as a user that an orchestrator can see is not root', () => {
    expect(product).toMatch(/^USER [1-9]\d*:[1-9]\d*$/m);
  });

  it('starts and looks after itself without a shell', () => {
    const commands = [...product.matchAll(/(?:ENTRYPOINT|CMD) (.*)$/gm)].map(([, given]) => given);
    expect(commands).toHaveLength(2);
    for (const command of commands) expect(JSON.parse(command ?? '')).toContain('node');
  });

  it('starts the product with the flags that `npm start` gives it', () => {
    const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
      readonly scripts: { readonly start: string };
    };
    const [, entry = ''] = /^ENTRYPOINT (.*)$/m.exec(product) ?? [];
    expect(scripts.start).toBe(`exec ${(JSON.parse(entry) as string[]).join(' ')} serve`);
  });

  it('carries the list of what is in it', () => {
    expect(product).toContain('/app/sbom.cdx.json');
  });
});
