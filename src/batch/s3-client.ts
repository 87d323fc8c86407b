import type { S3Client } from '@aws-sdk/client-s3';
import { VidstyleError } from '../errors.js';

let shared: Promise<S3Client> | undefined;

/**
 * The one S3 client of this process. Credentials, region and endpoint come from where the AWS SDK looks for them: environment,
 * `~/.aws`, the machine's or container's role; `AWS_ENDPOINT_URL` names a store that is not Amazon's.
 */
export function s3Client(): Promise<S3Client> {
  return (shared ??= connect());
}

async function connect(): Promise<S3Client> {
  const { S3Client } = await import('@aws-sdk/client-s3');
  const { env } = process;
  // Its word on Node 20, which it leaves in 2027, would stand on the terminal once for every process.
  env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true';
  const elsewhere = env['AWS_ENDPOINT_URL_S3'] ?? env['AWS_ENDPOINT_URL'];
  return new S3Client({
    // A batch runs for days: a store that is away for a minute must not fail its files.
    maxAttempts: 8,
    requestHandler: { connectionTimeout: 10_000, socketTimeout: 60_000 },
    ...(elsewhere !== undefined && {
      // Others know buckets by path, need no region, and not all know Amazon's newer checksums.
      forcePathStyle: true,
      requestChecksumCalculation: 'WHEN_REQUIRED',
      responseChecksumValidation: 'WHEN_REQUIRED',
      ...(env['AWS_REGION'] === undefined && { region: 'us-east-1' }),
    }),
  });
}

/**
 * Does something with S3.
 * @param signal whose abort is passed on as it is
 * @returns undefined where there is no such object
 * @throws VidstyleError `engine` with one sentence, without credentials
 */
export async function askS3<T>(
  location: string,
  ask: (client: S3Client) => Promise<T>,
  signal?: AbortSignal,
): Promise<T | undefined> {
  try {
    return await ask(await s3Client());
  } catch (cause) {
    if (signal?.aborted) throw cause;
    const { name, message, $metadata, code } = cause as S3Problem;
    if (
      name === 'NoSuchKey' ||
      name === 'NotFound' ||
      (name !== 'NoSuchBucket' && $metadata?.httpStatusCode === 404)
    )
      return undefined;
    // The disk of this machine, not S3.
    if (code === 'ENOSPC') throw cause;
    const why = [name === 'Error' ? code : name, message].filter(Boolean).join(': ');
    throw new VidstyleError('engine', `"${location}" cannot be used: ${why.replace(/\.$/, '')}.`, { cause });
  }
}

interface S3Problem {
  readonly name: string;
  readonly message: string;
  readonly code?: string;
  readonly $metadata?: { readonly httpStatusCode?: number };
}
