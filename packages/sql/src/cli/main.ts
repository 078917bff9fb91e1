#!/usr/bin/env node
import { run } from "./run.ts";

declare const process: {
  readonly argv: readonly string[];
  readonly stdout: { write(text: string): unknown };
  readonly stderr: { write(text: string): unknown };
  exitCode?: number;
};

const { ok, text } = run(process.argv.slice(2), (length) => crypto.getRandomValues(new Uint8Array(length)));
(ok ? process.stdout : process.stderr).write(text);
process.exitCode = ok ? 0 : 2;
