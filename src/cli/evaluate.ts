import type { Command } from 'commander';
import { registerEvaluateAll } from './evaluate-all.js';
import { registerEvaluateSr } from './evaluate-sr.js';

/** `vidstyle evaluate …`: the tables of the papers, on your material. */
export function registerEvaluateCommand(program: Command, context: { readonly signal: AbortSignal }): void {
  const evaluate = program.command('evaluate').description('measure networks as the papers do');
  registerEvaluateAll(evaluate, context);
  registerEvaluateSr(evaluate, context);
}
