import { createConnection, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { AbstractConnector, type RedisOptions } from 'ioredis';
import type { RedisEndpoint } from './connection-options.js';

/** What ioredis reads from INFO before it calls a connection ready. */
type ServerInfo = Partial<Record<string, string>>;

export interface NodeConnectorOptions {
  /** Where to connect, asked for every attempt. @default the host and port of the client's options */
  target?: () => RedisEndpoint;
  /**
   * Called for a server that is a read-only replica, which is then refused: the client tries again later, until the
   * server is a primary. Without it replicas are as good as primaries.
   */
  onReplica?: () => void;
}

/** The class of connectors for `Redis` of ioredis: it makes one for itself. */
export type NodeConnectorClass = NonNullable<RedisOptions['Connector']>;

/** How a client connects to a server that may change with every attempt, and which servers it accepts. */
export function nodeConnector({ target, onReplica }: NodeConnectorOptions): NodeConnectorClass {
  return class NodeConnector extends AbstractConnector {
    constructor(private readonly options: RedisOptions) {
      super(options.disconnectTimeout ?? 0);
    }

    override check(info: ServerInfo): boolean {
      if (!onReplica || info.role !== 'slave' || info.slave_read_only === '0') return true;
      onReplica();
      return false;
    }

    override async connect(): Promise<Socket> {
      this.connecting = true;
      // ioredis listens to the socket a moment after it has asked for it.
      await new Promise<void>((resolve) => process.nextTick(resolve));
      // Words and case as in ioredis, which tells by them that somebody closed the connection.
      if (!this.connecting) throw new Error('Connection is closed.');
      const { host, port, family, tls } = this.options;
      const address = { host, port, family, ...target?.() };
      this.stream = tls ? connectTls({ ...address, ...tls }) : createConnection(address as { port: number });
      this.stream.once('error', (error: Error) => (this.firstError = error));
      // ioredis listens once, too; over TLS an alert of the server may come after our own refusal, and nobody would take it.
      this.stream.on('error', () => undefined);
      return this.stream;
    }
  } as unknown as NodeConnectorClass;
}
