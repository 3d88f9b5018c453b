import { useEffect, useState, useSyncExternalStore } from 'react';
import { useServices } from './api/services.js';

/** A connection that comes back at once is nobody's concern. */
const PATIENCE_MS = 2_500;

export function ConnectionNotice() {
  const { live } = useServices();
  const connected = useSyncExternalStore(live.onChange, () => live.connected);
  const [noticed, setNoticed] = useState(false);
  useEffect(() => {
    if (connected) return undefined;
    const timer = setTimeout(() => setNoticed(true), PATIENCE_MS);
    return () => {
      clearTimeout(timer);
      setNoticed(false);
    };
  }, [connected]);
  return (
    <p className="connection" role="status" hidden={connected || !noticed}>
      Connecting… What you write is sent as soon as the service is back.
    </p>
  );
}
