/** On the stream of the user: a connection came, went or changed, or one of its extractions ended. */
export const CONNECTOR_UPDATED = 'connector.updated';

/** On the stream of the user: there is another signature, or none any more. */
export const SIGNATURE_UPDATED = 'signature.updated';

export interface ConnectorUpdated {
  platform: string;
  status: 'disconnected' | 'connecting' | 'connected' | 'needs_reauth' | 'error';
  /** Of `connecting`, which ends by itself and without a further event. RFC 3339. */
  expiresAt?: string;
}

export interface SignatureUpdated {
  /** Null: there is none any more. */
  version: number | null;
}
