/** What a page tells its reader to do. */
export interface QuickStart {
  /** The files to write, by path. */
  readonly files: ReadonlyMap<string, string>;
  /** The shell commands that install, start and try the application. */
  readonly install: string;
  readonly start: string;
  readonly attempt: string;
  /** The origin that the commands of `attempt` ask. */
  readonly origin: string;
}

const BLOCK = /^```(\S+)(?: (\S+))?\n([\s\S]*?)^```$/gm;
const FIRST_LINE = /^\/\/ ([^\s,]+)(?:,.*)?\n/;

/** Reads the steps of a page: files name themselves in their first line, and fences of commands are `sh install`, `sh start` and `sh try`. */
export function quickStartOf(page: string, document: string): QuickStart {
  const files = new Map<string, string>();
  const commands = new Map<string, string>();
  for (const [, language, mark = "", code = ""] of document.matchAll(BLOCK)) {
    const path = FIRST_LINE.exec(code)?.[1];
    if (language === "sh") commands.set(mark, code);
    else if (path !== undefined) files.set(path, code);
  }
  const commandsOf = (mark: string): string => {
    const code = commands.get(mark);
    if (code === undefined) throw new Error(`${page} has no block "sh ${mark}"`);
    return code;
  };
  const attempt = commandsOf("try");
  const host = /localhost:\d+/.exec(attempt)?.[0];
  if (host === undefined) throw new Error(`${page}: no command of "sh try" names localhost and a port`);
  return {
    files,
    install: commandsOf("install"),
    start: commandsOf("start"),
    attempt,
    origin: `http://${host}`,
  };
}
