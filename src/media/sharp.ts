import type sharp from 'sharp';

/** sharp, loaded with the first picture: libvips takes 30 MB that videos do without. */
export async function loadSharp(): Promise<typeof sharp> {
  return (await import('sharp')).default;
}
