import type { Command } from 'commander';

/** `vidstyle doctor`: what this machine has, and what is missing. */
export function registerDoctorCommand(program: Command): void {
  program
    .command('doctor')
    .description('say what engines, devices, codecs and presets this machine has')
    .option('--json', 'as JSON')
    .action(async ({ json }: { json?: boolean }) => {
      const { examine } = await import('../jobs/doctor.js');
      const findings = await examine();
      if (json) {
        process.stdout.write(`${JSON.stringify(findings)}\n`);
        return;
      }
      for (const { subject, state, ok, remedy } of findings) {
        process.stdout.write(
          `${ok ? '✓' : '–'} ${subject.padEnd(18)} ${state}${remedy ? ` (${remedy})` : ''}\n`,
        );
      }
    });
}
