import { readFileSync } from 'node:fs';
import { z } from 'zod';

/** The part of vitest's JSON report that we tell. */
const reportSchema = z.object({
  testResults: z.array(
    z.object({
      message: z.string().default(''),
      assertionResults: z.array(
        z.object({
          fullName: z.string(),
          status: z.string(),
          failureMessages: z.array(z.string()).default([]),
        }),
      ),
    }),
  ),
});

/** Turns a report of vitest into the lines that the harness reads: see run.sh. */
function tell(scenario: string, text: string): string[] {
  const { testResults } = reportSchema.parse(JSON.parse(text));
  return testResults.flatMap(({ message, assertionResults }) => {
    if (assertionResults.length === 0) return [`FAILED ${scenario}: the suite: ${oneLine(message)}`];
    return assertionResults.flatMap(({ fullName, status, failureMessages }) => {
      if (status === 'passed') return [`ok ${scenario}: ${fullName}`];
      if (status !== 'failed') return [];
      return [`FAILED ${scenario}: ${fullName}: ${oneLine(failureMessages.join(' '))}`];
    });
  });
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').slice(0, 400);
}

const [scenario = '', file = ''] = process.argv.slice(2);
process.stdout.write(`${tell(scenario, readFileSync(file, 'utf8')).join('\n')}\n`);
