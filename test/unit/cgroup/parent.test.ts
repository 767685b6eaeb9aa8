import { expect, test } from 'vitest';
import { resolveParent } from '../../../node/cgroup/parent.ts';

const OWN = '/user.slice/session-3.scope';

test.each([
  ['business.slice', { basePath: '/', parentPath: '/business.slice', isPrivate: false }],
  ['/sgrid/services', { basePath: '/', parentPath: '/sgrid/services', isPrivate: false }],
  ['/self', { basePath: '/', parentPath: '/self', isPrivate: false }],
  ['self', { basePath: OWN, parentPath: OWN, isPrivate: false }],
  ['self/local', { basePath: OWN, parentPath: `${OWN}/local`, isPrivate: true }],
])('%s', (parent, place) => {
  expect(resolveParent(parent, OWN)).toEqual(place);
});

test('self is nowhere when the own group is not mounted; other parents do not care', () => {
  expect(resolveParent('self', null)).toBeNull();
  expect(resolveParent('business.slice', null)?.parentPath).toBe('/business.slice');
});

test.each(['', '/', '../up', 'a/../../b', 'self/..', 'a b', 'x\n'])('refuses "%s"', (parent) => {
  expect(() => resolveParent(parent, OWN)).toThrow(expect.objectContaining({ code: 'bad_request' }));
});
