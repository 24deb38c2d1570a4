#!/usr/bin/env node
import { readFileSync, statSync } from 'node:fs';
import { runProgram } from './cli/program.js';
import { systemClock } from './domain/clock.js';

function readText(path: string | URL): string {
  return readFileSync(path, 'utf8');
}

function isDirectory(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    // Not there, or not ours to look at: both are no folder to serve.
    return false;
  }
}

function ownVersion(): string {
  const manifest = JSON.parse(readText(new URL('../package.json', import.meta.url))) as {
    version: string;
  };
  return manifest.version;
}

await runProgram(process.argv.slice(2), {
  env: process.env,
  version: ownVersion(),
  clock: systemClock,
  readFile: readText,
  isDirectory,
  stdout: (text) => process.stdout.write(text),
  stderr: (text) => process.stderr.write(text),
  exit: (code) => {
    process.exitCode = code;
  },
  openSessions: async (config) => {
    const { openSessions } = await import('./app/session-admin.js');
    return openSessions(config);
  },
  inspectProvider: async (provider) => {
    const { inspectProvider } = await import('./provider/provider-inspection.js');
    return inspectProvider(provider);
  },
  serve: async (config, notices) => {
    // Loaded only here, so that the other commands start fast.
    const { serve } = await import('./app/serve.js');
    await serve(config, notices, ownVersion());
  },
});
