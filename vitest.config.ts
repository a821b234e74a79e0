import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    // Two cores: more workers only make timeouts likelier.
    maxWorkers: 2,
    projects: [
      {
        test: {
          name: 'unit',
          include: ['tests/**/*.test.ts'],
          exclude: ['tests/e2e/**', 'tests/soak/**'],
          testTimeout: 20_000,
          hookTimeout: 30_000,
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['tests/e2e/**/*.test.ts'],
          exclude: ['tests/e2e/faults.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 300_000,
          fileParallelism: false,
        },
      },
      {
        test: {
          // Minutes of faults under load; MCPGW_FAULTS=short is what continuous integration runs.
          name: 'faults',
          include: ['tests/e2e/faults.test.ts'],
          testTimeout: 1_200_000,
          hookTimeout: 900_000,
        },
      },
      {
        test: {
          // Ten minutes, unless MCPGW_SOAK_SECONDS says otherwise.
          name: 'soak',
          include: ['tests/soak/**/*.test.ts'],
        },
      },
    ],
  },
});
