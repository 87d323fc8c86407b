/**
 * vidstyle: restyles video with feed-forward networks and trains those networks.
 *
 * @packageDocumentation
 */
export { VidstyleError, isVidstyleError } from './errors.js';
export type { ErrorCode, VidstyleErrorOptions } from './errors.js';
export { restyle, restyleDefaults } from './jobs/restyle.js';
export type { RestyleOptions } from './jobs/restyle.js';
export type { Job, ProcessOptions, Report } from './jobs/process.js';
export type { Progress } from './pipeline/progress.js';
