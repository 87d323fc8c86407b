/** Tests run from tsc's output (`npm run build:test`), so worker threads and child processes find plain JavaScript. */
// Every live reader of the tests blocks one of the I/O threads, which are four unless more are asked for.
process.env.UV_THREADPOOL_SIZE ??= '16';

export default {
  testEnvironment: '<rootDir>/build/test/outer-realm-environment.js',
  testMatch: ['<rootDir>/build/test/**/*.test.js'],
  transform: {},
  testTimeout: 120_000,
  maxWorkers: 2,
};
