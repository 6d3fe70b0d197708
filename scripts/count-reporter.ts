/**
 * Ends a test run with one line a machine can read: `N passed, N failed`, and how many were skipped where any were. Before it, the
 * tests that passed only when they were tried again, which `.ci/run` allows once: each is a bug, in the test or in what it tests.
 */
import type { Reporter, TestModule } from "vitest/node";

export default class CountReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]): void {
    const count = { passed: 0, failed: errors.length, skipped: 0 };
    const flaky: string[] = [];
    for (const module of modules) {
      // A file that could not be loaded has no tests to fail, and must not pass for an empty one.
      if (module.errors().length > 0) count.failed += 1;
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        if (state === "passed") count.passed += 1;
        else if (state === "failed") count.failed += 1;
        else count.skipped += 1;
        if (test.diagnostic()?.flaky)
          flaky.push(`flaky, to be mended: ${module.relativeModuleId} > ${test.fullName}\n`);
      }
    }
    const skipped = count.skipped > 0 ? `, ${count.skipped} skipped` : "";
    const lines = [...flaky, `${count.passed} passed, ${count.failed} failed${skipped}\n`];
    // After the other reporters' summary, so that it is the last line.
    process.once("exit", () => process.stdout.write(lines.join("")));
  }
}
