import { expect, it } from '@jest/globals';
import type { Command, CommanderError } from 'commander';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createProgram } from '../../src/cli/program.js';
import { packageRoot } from '../../src/paths.js';

const written = readdirSync(join(packageRoot, 'docs')).filter((name) => name.endsWith('.md'));
const pages = ['README.md', ...written.map((name) => `docs/${name}`)];

// In indented blocks, in compose and Kubernetes files.
const whole = [
  /^ {4,}(?:VIDSTYLE_\w+=\S+ )?vidstyle (.*)/gm,
  /command: npx vidstyle (.*)/g,
  /args: \[(.*)\]/g,
];
// In a sentence, which may leave out what is not its subject.
const mentioned = [/`vidstyle ([^`]*)`/g];

function commandsOn(page: string, patterns: readonly RegExp[]): string[] {
  const text = readFileSync(join(packageRoot, page), 'utf8').replaceAll(/ *\\\n */g, ' ');
  const found = patterns.flatMap((pattern) => [...text.matchAll(pattern)].map(([, words = '']) => words));
  return found.map((words) => words.replaceAll(/\s+/g, ' ').replace(/ # .*/, ''));
}

/** As a shell would: quotes hold words together; YAML's lists have commas besides. */
function wordsOf(command: string): string[] {
  return [...command.matchAll(/"([^"]*)"|([^\s"]+)/g)]
    .map(([, quoted, plain = '']) => quoted ?? plain.replace(/,$/, ''))
    .filter((word) => word !== '…');
}

/** The real command line, of which nothing is run; a mention need not have what is required. */
function idleProgram(isMention: boolean): Command {
  const program = createProgram({ signal: new AbortController().signal });
  const quieten = (command: Command): void => {
    if (isMention) {
      command.options.forEach((option) => (option.mandatory = false));
      command.registeredArguments.forEach((argument) => (argument.required = false));
    }
    command.exitOverride().configureOutput({ writeOut: () => undefined, writeErr: () => undefined });
    if (command.commands.length === 0) command.action(() => undefined);
    command.commands.forEach(quieten);
  };
  quieten(program);
  return program;
}

function refusalOf(command: string, isMention = false): string | undefined {
  try {
    idleProgram(isMention).parse(wordsOf(command), { from: 'user' });
    return undefined;
  } catch (error) {
    const { code, exitCode, message } = error as CommanderError;
    const isHelp = exitCode === 0 || (isMention && code === 'commander.help');
    return isHelp ? undefined : message;
  }
}

it.each(pages)('knows every command and option that %s writes down', (page) => {
  for (const command of commandsOn(page, whole))
    expect([command, refusalOf(command)]).toEqual([command, undefined]);
  for (const command of commandsOn(page, mentioned))
    expect([command, refusalOf(command, true)]).toEqual([command, undefined]);
});

it('finds the commands, and would refuse others', () => {
  const found = commandsOn('docs/batch.md', whole);
  expect(found).toContain('worker, --redis, redis://queue, --root, /media');
  expect(found).toContain('batch /media/archive --out /media/done --upscale 2 --redis redis://queue');
  expect(commandsOn('docs/batch.md', mentioned)).toContain('worker --device cuda');
  expect(refusalOf('worker --redis redis://queue --rooot /media')).toMatch(/unknown option/);
  expect(refusalOf('worker --device', true)).toMatch(/argument missing/);
  expect(refusalOf('worker --devise cuda', true)).toMatch(/unknown option/);
  expect(refusalOf('batch a --order backwards')).toMatch(/Allowed choices/);
  expect(refusalOf('clip.mp4 out.mp4 more.mp4')).toMatch(/too many arguments/);
});
