import { expect, test } from 'vitest';
import { roleSchema } from '../../../common/domain/role.ts';
import { addressOfPeer, createAuthority, demandRole } from '../../../master/access/authority.ts';
import { createFailureLimit } from '../../../master/access/failure-limit.ts';
import { formatToken, hashToken, tokenPrefixRole } from '../../../master/access/token.ts';
import type { TokenRecord } from '../../../master/store/tokens.ts';

const record = (change: Partial<TokenRecord>): TokenRecord => ({
  ...{ name: 'x', role: 'viewer', hash: hashToken('x'), createdAt: 0, createdBy: 'master' },
  ...{ expiresAt: null, nodeId: null, isJoin: false, revokedAt: null },
  ...change,
});
const token = formatToken('operator', new Uint8Array(32).fill(255));

const patient = (burst = 1000) => createFailureLimit({ burst, refillMs: 6000, capacity: 10, clock: () => 0 });

test('a token carries its role for people, and 256 bits', () => {
  expect(token).toBe(`sgrid_operator_${'_'.repeat(42)}8`);
  expect(tokenPrefixRole(token)).toBe('operator');
  for (const broken of ['', 'sgrid_operator_short', `sgrid_root_${'A'.repeat(43)}`, `${token}\n`]) {
    expect(tokenPrefixRole(broken)).toBeNull();
  }
  expect(() => formatToken('admin', new Uint8Array(16))).toThrow('32 random bytes');
});

test('who holds a token is decided by the stored hash, never by its prefix', () => {
  const ann = record({ name: 'ann', role: 'viewer', hash: hashToken(token) });
  const bob = record({ name: 'bob', role: 'admin', hash: hashToken('other') });
  const authority = createAuthority([ann, bob], () => 0, patient());
  expect(authority.authenticate(token, null)).toMatchObject({ actor: 'ann', role: 'viewer' });
  for (const wrong of [undefined, null, '', 7, {}, [token], `${token} `, hashToken(token)]) {
    expect(() => authority.authenticate(wrong, null)).toThrow(
      expect.objectContaining({ code: 'unauthenticated' }),
    );
  }
});

test('roles are a ladder, with the agent beside it', () => {
  const allowed = (role: (typeof roleSchema.options)[number]) =>
    roleSchema.options.filter((needed) => {
      try {
        demandRole({ actor: 'x', role, nodeId: null, isJoining: false }, needed, 'this');
        return true;
      } catch (error) {
        expect(error).toMatchObject({ code: 'forbidden' });
        return false;
      }
    });
  expect(allowed('agent')).toEqual(['agent']);
  expect(allowed('viewer')).toEqual(['viewer']);
  expect(allowed('operator')).toEqual(['viewer', 'operator']);
  expect(allowed('admin')).toEqual(['viewer', 'operator', 'admin']);
});

test('a token that was revoked, or has expired, opens nothing', () => {
  let now = 10;
  const ann = record({ name: 'ann', hash: hashToken(token), expiresAt: 20 });
  const authority = createAuthority([ann], () => now, patient());
  expect(authority.authenticate(token, null).actor).toBe('ann');
  now = 20;
  expect(() => authority.authenticate(token, null)).toThrow('expired');
  authority.load([{ ...ann, expiresAt: null }]);
  expect(authority.authenticate(token, null).actor).toBe('ann');
  authority.load([{ ...ann, expiresAt: null, revokedAt: 20 }]);
  expect(() => authority.authenticate(token, null)).toThrow('does not know');
});

test('an address that showed wrong tokens too often has to wait, also with a right one; others do not', () => {
  const ann = record({ name: 'ann', hash: hashToken(token) });
  const authority = createAuthority([ann], () => 0, patient(3));
  for (let count = 0; count < 3; count += 1) {
    expect(() => authority.authenticate('wrong', '10.0.0.9')).toThrow('does not know');
  }
  expect(() => authority.authenticate(token, '10.0.0.9')).toThrow(
    expect.objectContaining({ code: 'busy', hint: expect.stringContaining('6 s') }),
  );
  expect(authority.authenticate(token, '10.0.0.8').actor).toBe('ann');
  for (let count = 0; count < 10; count += 1) {
    expect(() => authority.authenticate('wrong', null)).toThrow('does not know');
  }
  expect(authority.authenticate(token, null).actor).toBe('ann');
});

test.each([
  ['127.0.0.1', null],
  ['::ffff:127.0.0.1', null],
  ['::1', null],
  [undefined, null],
  ['::ffff:10.0.0.9', '10.0.0.9'],
  ['2001:db8::1', '2001:db8::1'],
])('failures from %s count against %s', (remoteAddress, expected) => {
  expect(addressOfPeer(remoteAddress)).toBe(expected);
});
