import { writeFileSync } from 'node:fs';
import { describeProtocol } from './protocol-document.ts';

writeFileSync(new URL('../../docs/PROTOCOL.md', import.meta.url), describeProtocol());
