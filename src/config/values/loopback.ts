/**
 * True for host names that never leave the machine, as `URL.hostname` writes them: localhost and below
 * (RFC 6761 §6.3), 127.0.0.0/8, [::1]. Only there is clear-text http allowed.
 */
export function isLoopbackHost(hostname: string): boolean {
  return (
    hostname === 'localhost' ||
    hostname.endsWith('.localhost') ||
    hostname === '[::1]' ||
    /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(hostname)
  );
}
