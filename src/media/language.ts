// QuickTime numbers its languages and FFmpeg knows some of them by the bibliographic code of ISO 639-2 only.
const bibliographic: Readonly<Record<string, string>> = {
  deu: 'ger',
  nld: 'dut',
  ell: 'gre',
  isl: 'ice',
  zho: 'chi',
  sqi: 'alb',
  mkd: 'mac',
  hye: 'arm',
  kat: 'geo',
  bod: 'tib',
  mya: 'bur',
  msa: 'may',
  cym: 'wel',
  eus: 'baq',
};

/** A language tag as a container holds it: the same language, in QuickTime by another code for some. */
export function heldLanguage(language: string, container: string): string {
  return container === 'mov' ? (bibliographic[language] ?? language) : language;
}
