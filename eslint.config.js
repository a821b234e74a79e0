import js from '@eslint/js';
import tseslint from 'typescript-eslint';

/** The layers (DESIGN: import directions) and what each may import beside itself. */
const layers = {
  'runtime/config': [],
  'runtime/store': ['runtime/config'],
  'runtime/net': ['runtime/config'],
  'runtime/metrics': ['runtime/net'],
  'runtime/policy': ['runtime/config'],
  'runtime/auth': ['runtime/config', 'runtime/store', 'runtime/policy', 'runtime/net', 'runtime/metrics'],
  'runtime/proxy': ['runtime/config', 'runtime/policy', 'runtime/net', 'runtime/metrics'],
  'runtime/remote': ['runtime/config', 'runtime/policy', 'runtime/net', 'runtime/metrics', 'runtime/proxy'],
  'runtime/edge': ['runtime/config'],
  'runtime/services': ['runtime/config', 'runtime/policy', 'runtime/net', 'runtime/metrics'],
  'runtime/install': ['runtime/config'],
  'runtime/assembly': [
    'runtime/config',
    'runtime/store',
    'runtime/policy',
    'runtime/auth',
    'runtime/proxy',
    'runtime/remote',
    'runtime/services',
    'runtime/install',
  ],
  'runtime/embedded': [
    ...[
      'runtime/config',
      'runtime/policy',
      'runtime/net',
      'runtime/store',
      'runtime/auth',
      'runtime/edge',
      'runtime/install',
      'runtime/assembly',
    ],
  ],
  'runtime/container': [
    'runtime/config',
    'runtime/policy',
    'runtime/net',
    'runtime/metrics',
    'runtime/store',
    'runtime/auth',
    'runtime/install',
    'runtime/assembly',
  ],
  // (The pattern of `runtime/net` is that of `cli/net`, too.)
  cli: ['runtime/config', 'runtime/policy', 'runtime/net', 'runtime/install', 'runtime/embedded'],
};

/** Every server that listens bounds its connections. */
const boundedServers = {
  name: 'node:http',
  importNames: ['createServer'],
  message: 'Use createHttpServer of runtime/net/http-server.ts.',
};

const layer = (name, allowed) => ({
  files: [`${name}/**/*.ts`],
  rules: {
    '@typescript-eslint/no-restricted-imports': [
      'error',
      {
        paths: name === 'runtime/net' || name === 'cli' ? [] : [boundedServers],
        patterns: [
          {
            group: Object.keys(layers)
              .filter((other) => other !== name && !allowed.includes(other))
              .map((other) => `**/${other.replace('runtime/', '')}/**`),
            message: `${name} may import only ${allowed.join(', ') || 'itself'}.`,
          },
        ],
      },
    ],
  },
});

export default tseslint.config(
  {
    ignores: [
      'dist/**',
      '.mcpgw/**',
      'node_modules/**',
      'coverage/**',
      'tests/golden/**',
      'tests/fixtures/**',
    ],
  },
  js.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.recommendedTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
    },
  },
  {
    files: ['**/*.js'],
    languageOptions: { globals: { process: 'readonly', console: 'readonly', URL: 'readonly' } },
  },
  ...Object.entries(layers).map(([name, allowed]) => layer(name, allowed)),
  {
    files: ['tests/**/*.ts'],
    rules: {
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
      '@typescript-eslint/require-await': 'off',
    },
  },
);
