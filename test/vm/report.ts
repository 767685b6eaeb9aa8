/** What the guest said so far. */
export interface Report {
  passed: number;
  /** One line each. */
  failures: string[];
  ended: ReadonlySet<string>;
}

export const EMPTY_REPORT: Report = { passed: 0, failures: [], ended: new Set() };

/** Adds one line of the guest. Lines that are not of its small language (see guest/run.sh) change nothing. */
export function addLine(report: Report, line: string): Report {
  if (line.startsWith('ok ')) return { ...report, passed: report.passed + 1 };
  if (line.startsWith('FAILED ')) return { ...report, failures: [...report.failures, line] };
  if (line.startsWith('end ')) return { ...report, ended: new Set([...report.ended, line.slice(4)]) };
  return report;
}

/** The failures, and one more for each scenario that the machine did not bring to its end. */
export function conclude(report: Report, scenarios: readonly string[], why: string): string[] {
  const cut = scenarios.filter((name) => !report.ended.has(name));
  const none = report.passed === 0 && report.failures.length === 0 && cut.length === 0;
  return [
    ...report.failures,
    ...cut.map((name) => `FAILED ${name}: the whole scenario: not brought to its end: ${why}`),
    ...(none ? ['FAILED every scenario: not one check was made'] : []),
  ];
}
