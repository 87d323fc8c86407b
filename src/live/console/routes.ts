import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { VidstyleError } from '../../errors.js';
import type { LiveOptions } from '../options.js';
import type { LiveSession } from '../session.js';
import { drawThumbnails, styleNames } from './thumbnails.js';

/** A change of look. A style is named, or styles are blended: files are for the command line. */
const lookChange = z
  .object({
    style: z
      .string()
      .max(500)
      .regex(/^[\w-]+(:\d*\.?\d+)?(,[\w-]+(:\d*\.?\d+)?)*$/, 'a style, or a blend "mosaic:0.7,wave:0.3"')
      .optional(),
    strength: z.number().min(0).max(1).optional(),
    keepColors: z.boolean().optional(),
  })
  .strict();

/** The controls as HTTP and JSON. Bodies are checked by their schemas; `/api/openapi.json` describes all. */
export async function addControls(
  server: FastifyInstance,
  session: LiveSession,
  options: LiveOptions,
): Promise<void> {
  const names = await styleNames(options.presets);
  // Drawn before the stream begins: later, the processor's time is the stream's. Trying engines is not worth it here.
  const engine = options.engine === 'auto' ? undefined : options.engine;
  const thumbnails = await drawThumbnails({ ...options, engine, onNotice: undefined });

  server.register((scope, _, done) => {
    scope.get('/api/status', { schema: { summary: 'How the stream is doing' } }, () => session.status);

    scope.get('/api/styles', { schema: { summary: 'The styles that can be chosen' } }, () => ({
      styles: names,
    }));

    scope.get<{ Params: { name: string } }>(
      '/api/styles/:name/thumbnail.jpg',
      {
        schema: {
          summary: 'A style on a little landscape',
          params: jsonSchema(z.object({ name: z.string().max(100) })),
        },
      },
      async ({ params }, reply) => {
        const thumbnail = thumbnails.get(params.name);
        if (!thumbnail) return reply.code(404).send({ message: 'There is no such style.' });
        return reply.type('image/jpeg').send(thumbnail);
      },
    );

    scope.patch<{ Body: z.infer<typeof lookChange> }>(
      '/api/look',
      {
        schema: {
          summary: 'Turn to another style, blend, strength or kind of colours',
          body: jsonSchema(lookChange),
        },
      },
      async ({ body }) => {
        const { style, strength, keepColors } = body;
        await session.turnTo({
          ...(style !== undefined && { style }),
          ...(strength !== undefined && { strength }),
          ...(keepColors !== undefined && { keepColors }),
        });
        return session.status.look;
      },
    );

    scope.post(
      '/api/recording',
      { schema: { summary: 'Start a recording in the working folder' } },
      async () => {
        if (session.status.recording) throw new VidstyleError('usage', 'A recording is under way.');
        // The name is ours alone: a page must not choose where files are written.
        const file = `vidstyle-${new Date().toISOString().replace(/[:.]/g, '-')}.mkv`;
        await session.startRecording(file);
        return { file };
      },
    );

    scope.delete('/api/recording', { schema: { summary: 'Complete the recording' } }, async () => {
      await session.stopRecording();
      return { recording: false };
    });

    scope.get('/api/openapi.json', { schema: { hide: true } }, () => server.swagger());
    done();
  });
}

function jsonSchema(schema: z.ZodType): object {
  const { $schema: _, ...described } = z.toJSONSchema(schema);
  return described;
}
