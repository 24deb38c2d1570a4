/** One configuration, one project per step of the ladder (test/README.md). */
import { join } from 'node:path';

const base = {
  rootDir: join(import.meta.dirname, '..'),
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: {
    '^(\\.{1,2}/.*)\\.js$': '$1',
    '^vestibule/guard$': '<rootDir>/src/guard/identity-guard.ts',
    '^vestibule/guard/nest$': '<rootDir>/src/guard/nest-guard.ts',
  },
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        jsc: {
          parser: { syntax: 'typescript', decorators: true },
          transform: { legacyDecorator: true, decoratorMetadata: true },
          target: 'es2023',
        },
        module: { type: 'es6' },
      },
    ],
  },
  testPathIgnorePatterns: ['/node_modules/', '/dist/'],
  coveragePathIgnorePatterns: ['/node_modules/', '<rootDir>/test/'],
};

const project = (displayName, testMatch, more = {}) => ({
  ...base,
  displayName,
  testMatch,
  ...more,
});

export default {
  testTimeout: 90_000,
  projects: [
    project('unit', ['<rootDir>/src/**/*.spec.ts']),
    project('architecture', ['<rootDir>/test/architecture/**/*.spec.ts']),
    project('integration', [
      '<rootDir>/test/integration/**/*.spec.ts',
      '<rootDir>/test/contract/**/*.spec.ts',
    ]),
    project('e2e', ['<rootDir>/test/e2e/**/*.spec.ts']),
    project('fuzz', ['<rootDir>/test/fuzz/**/*.spec.ts']),
    project('browser', ['<rootDir>/test/browser/**/*.spec.ts']),
    project('full', ['<rootDir>/test/full/**/*.spec.ts']),
  ],
};
