// The members of Bun's own module that the tests touch.
declare module "bun:sqlite" {
  interface Statement {
    all(...values: (string | number | null)[]): unknown[];
    run(...values: (string | number | null)[]): unknown;
  }
  export const Database: new (
    file: string,
  ) => {
    exec(sql: string): unknown;
    prepare(sql: string): Statement;
    close(): void;
  };
}
