import type { Evaluation } from './evaluation.js';
import type { Section } from './section.js';

/** One part of the report. */
export interface Part {
  /** What users say, and the part's folder. */
  readonly name: string;
  readonly title: string;
  /** Measures and writes. @throws VidstyleError where the material or something to set up is missing; `aborted` */
  write(section: Section, evaluation: Evaluation): Promise<void>;
}
