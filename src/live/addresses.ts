import { VidstyleError } from '../errors.js';

/** An RTMP address, taken apart. */
export interface RtmpAddress {
  readonly host: string;
  readonly port: number;
  readonly isSecure: boolean;
  /** All of the path but its last part. */
  readonly app: string;
  /** The last part of the path: the stream's name, which with most services is the secret key. */
  readonly name: string;
  /** The address without the name. */
  readonly tcUrl: string;
}

/** @throws VidstyleError `usage`, without repeating the secret */
export function parseRtmp(address: string): RtmpAddress {
  const [, protocol, authority = '', path = ''] = /^(rtmps?):\/\/([^/?#]+)\/(.+)$/i.exec(address) ?? [];
  const isSecure = protocol?.toLowerCase() === 'rtmps';
  const { host, port } = splitAuthority(authority, isSecure ? 443 : 1935);
  const question = path.indexOf('?');
  const slash = (question < 0 ? path : path.slice(0, question)).lastIndexOf('/');
  const app = slash < 0 ? '' : path.slice(0, slash);
  const name = path.slice(slash + 1);
  if (!protocol || host === '' || !(port > 0 && port < 65_536) || app === '' || name === '') {
    // Of a wrong address any part of the path may be the key.
    const shown = maskAddress(address).split('/').slice(0, 3).join('/');
    throw new VidstyleError(
      'usage',
      `The output ${shown} is no RTMP address: write rtmp://server/app and give the stream key, or rtmp://server/app/key.`,
    );
  }
  return { host, port, isSecure, app, name, tcUrl: `${protocol.toLowerCase()}://${authority}/${app}` };
}

function splitAuthority(authority: string, defaultPort: number): { host: string; port: number } {
  const [, bracketed, plain, port] = /^(?:\[([^\]]+)\]|([^:@]+))(?::(\d+))?$/.exec(authority) ?? [];
  return { host: bracketed ?? plain ?? '', port: port === undefined ? defaultPort : Number(port) };
}

/** Adds a stream key that was given apart. */
export function withStreamKey(address: string, key: string | undefined): string {
  if (key === undefined) return address;
  return `${address.replace(/\/+$/, '')}/${key.trim()}`;
}

/**
 * An address as it may be shown: server and first part of the path, nothing that may be a secret (keys, passwords,
 * queries). Paths and device names stay as they are.
 */
export function maskAddress(address: string): string {
  const [, protocol, rest] = /^([a-z][a-z0-9+]+):\/\/(.*)$/i.exec(address) ?? [];
  if (protocol === undefined || rest === undefined) return address;
  const [withoutQuery = ''] = rest.split(/[?#]/);
  const [authority = '', app, ...more] = withoutQuery.split('/');
  const server = authority.slice(authority.lastIndexOf('@') + 1);
  const hidden = more.some((part) => part !== '') || withoutQuery !== rest ? '/…' : '';
  return `${protocol}://${server}${app ? `/${app}` : ''}${hidden}`;
}
