import { generateClient } from "./generate.ts";
import { describeOwnUsers } from "./whole-life.ts";

describeOwnUsers("Prisma", async (pool, schema) => {
  await generateClient();
  const { openPrisma, prismaUsers } = await import("./prisma.ts");
  return prismaUsers(openPrisma(pool, schema));
});
