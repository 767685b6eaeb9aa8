import * as z from 'zod';

/**
 * A host name or an IP address as somebody types it, without a port: it goes into environments, registry files and addresses that
 * programs connect to. RFC 1123 names, and `_`, which machines of containers have; `:` and `%` for IPv6 with its zone (RFC 4007).
 */
export const addressSchema = z
  .string()
  .max(255)
  .regex(/^[A-Za-z0-9:_][A-Za-z0-9._:%-]*$/, 'must be an IP address or a host name, without a port');
