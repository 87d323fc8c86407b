import type { Command } from 'commander';
import { VidstyleError } from '../errors.js';

/** `--s3-endpoint URL`: says what AWS_ENDPOINT_URL_S3 says, to this process and to those that it starts. */
export function addS3Option(command: Command): Command {
  return command
    .option('--s3-endpoint <url>', "of an S3-compatible store that is not Amazon's: http://minio:9000")
    .hook('preAction', () => {
      const { s3Endpoint } = command.opts<{ s3Endpoint?: string }>();
      if (s3Endpoint === undefined) return;
      if (!/^https?:\/\//.test(s3Endpoint) || !URL.canParse(s3Endpoint))
        throw new VidstyleError(
          'usage',
          `--s3-endpoint ${s3Endpoint}: give an address such as http://minio:9000.`,
        );
      process.env['AWS_ENDPOINT_URL_S3'] = s3Endpoint;
    });
}
