/** Tests run from tsc's output (`npm run build:test`), so worker threads and child processes find plain JavaScript. */
export default {
  testEnvironment: '<rootDir>/build/test/outer-realm-environment.js',
  testMatch: ['<rootDir>/build/test/**/*.test.js'],
  transform: {},
  testTimeout: 120_000,
  maxWorkers: 2,
};
