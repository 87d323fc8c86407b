/** How the console is served. */
export interface ConsoleOptions {
  /** 0: any free port. */
  readonly port: number;
  /** Address to listen at; default 127.0.0.1. Others than loopback need a {@link token}. */
  readonly host?: string | undefined;
  /** What whoever comes from elsewhere must present. */
  readonly token?: string | undefined;
}
