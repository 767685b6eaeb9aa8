import { roleSchema } from '../../common/domain/role.ts';
import { JOIN_TOKEN_LIFE_MS, tokenNameSchema } from '../../common/domain/token.ts';
import { parseAmount } from '../format/parse-amount.ts';
import { type Form, formField, textOf, withForm } from './form.ts';
import { propose, refusedToRole } from './proposal.ts';
import { become, type Reduction } from './reduction.ts';
import type { CockpitState } from './state.ts';
import { refusedChange } from './targets.ts';

export function openToken(state: CockpitState): Reduction {
  const refused = refusedChange(state) ?? refusedToRole(state, { kind: 'create-token' });
  if (refused !== null) return become(refused);
  const { t } = state;
  const form: Form = {
    purpose: { kind: 'token' },
    title: t('A new token'),
    fields: [
      formField('name', t('Name'), '', t('who or what has it: it is told in events')),
      formField('role', t('Role'), 'viewer', t('left and right choose'), roleSchema.options),
      formField('join', t('For joining'), 'no', t('of role agent: one node joins with it and keeps it'), [
        'no',
        'yes',
      ]),
      formField('expires', t('Expires in'), '', t('12h, 30d; empty for never, for joining 1d')),
    ],
    focus: 0,
    problem: '',
  };
  return become({ ...state, form });
}

export function submitToken(state: CockpitState, form: Form): Reduction {
  const wrong = (problem: string): Reduction => become(withForm(state, { problem }));
  const { t } = state;
  const name = tokenNameSchema.safeParse(textOf(form, 'name'));
  if (!name.success)
    return wrong(`${t('Name')}${t(': ')}${t.known(name.error.issues[0]?.message ?? 'is not possible')}`);
  const role = roleSchema.parse(textOf(form, 'role'));
  const isJoin = textOf(form, 'join') === 'yes';
  if (isJoin && role !== 'agent') return wrong(t('For joining: only a token of role agent is'));
  const expires = textOf(form, 'expires');
  const unlessSaid = isJoin ? JOIN_TOKEN_LIFE_MS : undefined;
  const expiresInMs = expires === '' ? unlessSaid : (parseAmount(expires, 'span') ?? 0);
  if (expiresInMs !== undefined && expiresInMs < 1000)
    return wrong(t('Expires in: "{expires}" is no span of time (12h, 30d)', { expires }));
  return propose(state, { kind: 'create-token', name: name.data, role, isJoin, expiresInMs }, []);
}
