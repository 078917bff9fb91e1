import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import internals from "@prisma/internals";

// The ES module of the generator imports files without their extension, which Node refuses.
const { PrismaClientTsGenerator }: typeof import("@prisma/client-generator-ts") = createRequire(
  import.meta.url,
)("@prisma/client-generator-ts");

/** Does what `npx prisma generate` does, without the command line, which is 160 MB and asks the network for an engine. */
export async function generateClient(): Promise<void> {
  const schema = fileURLToPath(new URL("../schema.prisma", import.meta.url));
  const schemaPath = { cliProvidedPath: schema };
  const generators = await internals.getGenerators({
    cliCommand: "generate",
    schemaContext: await internals.loadSchemaContext({ schemaPath, printLoadMessage: false }),
    registry: { "prisma-client": { type: "in-process", generator: new PrismaClientTsGenerator() } },
  });
  for (const generator of generators) {
    await generator.generate();
    generator.stop();
  }
}

if (import.meta.main) await generateClient();
