const belowJobs = [
  'engines',
  'losses',
  'media',
  'metrics',
  'nets',
  'pipeline',
  'setup',
  'training',
  'workers',
];

/**
 * Imports go one way (ARCHITECTURE.md): what each room of `src/` may import. `errors.ts`, `paths.ts`, `durable-file.ts` and `file-digest.ts` are for all; a
 * room that is not listed may import nothing else.
 */
const rooms = {
  cli: ['batch', 'evaluate', 'jobs', 'live', ...belowJobs],
  jobs: belowJobs,
  evaluate: ['jobs', ...belowJobs],
  live: ['engines', 'http', 'jobs', 'media', 'nets', 'pipeline', 'workers'],
  batch: ['engines', 'http', 'jobs', 'media', 'nets', 'pipeline', 'workers'],
  training: ['engines', 'losses', 'media', 'metrics', 'nets', 'pipeline', 'workers'],
  setup: ['losses', 'nets'],
  pipeline: ['engines', 'media', 'nets', 'workers'],
  workers: ['engines', 'media', 'metrics', 'nets'],
  engines: ['media', 'nets'],
  losses: ['nets'],
  http: [],
  nets: [],
  media: [],
  metrics: [],
};

const shared = 'errors|paths|durable-file|file-digest';

const directions = Object.entries(rooms).map(([room, allowed]) => ({
  name: `${room}-imports-only-what-lies-below`,
  severity: 'error',
  comment: `src/${room} may import ${allowed.join(', ') || 'no other room'}.`,
  from: { path: `^src/${room}/` },
  to: { path: '^src/', pathNot: `^src/(${[room, ...allowed].join('|')})/|^src/(${shared})\\.ts$` },
}));

/** Packages that only one room knows. Types may be named elsewhere. */
const packages = [
  { room: 'engines', name: 'onnxruntime-node|koffi|openvino-node|@tensorflow/tfjs-node' },
  { room: 'media', name: 'node-av' },
  { room: 'batch', name: 'bullmq|ioredis|@bull-board|@aws-sdk' },
  { room: 'live', name: '@fastify/[^/]+|mpegts\\.js|prom-client|ws' },
  { room: '(live|batch)', name: 'fastify' },
  { room: 'evaluate', name: '@observablehq/plot|linkedom|marked' },
  { room: 'cli', name: 'commander|cli-progress' },
].map(({ room, name }) => ({
  name: `only-${room}-knows-its-packages`,
  severity: 'error',
  comment: `${name} is imported in src/${room} alone, so that it can be replaced there.`,
  from: { path: '^src/', pathNot: `^src/${room}/` },
  to: { path: `^node_modules/(${name})(/|$)`, dependencyTypesNot: ['type-only'] },
}));

module.exports = {
  forbidden: [
    ...directions,
    ...packages,
    {
      name: 'shared-files-import-nothing',
      severity: 'error',
      from: { path: `^src/(${shared})\\.ts$` },
      to: { path: '^src/[^/]+/' },
    },
    {
      name: 'no-cycles',
      severity: 'error',
      from: { path: '^src/' },
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'nothing-undeclared',
      severity: 'error',
      comment: 'What the product imports is in dependencies, not brought along by another package.',
      from: { path: '^src/' },
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown'] },
    },
    {
      name: 'no-development-packages-in-the-product',
      severity: 'error',
      from: { path: '^src/' },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'everything-resolves',
      severity: 'error',
      from: { path: '^src/' },
      to: { couldNotResolve: true },
    },
    {
      name: 'the-product-does-not-import-its-tests',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^(test|bench|examples)/' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: 'specify',
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
    },
  },
};
