import { runSuite } from "../suite.ts";

const MAX_ROUNDS = 100_000;

// Production refuses more rounds of PBKDF2 than this; workerd by itself does not.
const { deriveBits } = SubtleCrypto.prototype;
SubtleCrypto.prototype.deriveBits = async function limited(algorithm, key, length): Promise<ArrayBuffer> {
  const rounds = typeof algorithm === "object" && "iterations" in algorithm ? algorithm.iterations : 0;
  if (rounds > MAX_ROUNDS) throw new DOMException("too many rounds", "NotSupportedError");
  return deriveBits.call(this, algorithm, key, length);
};

const worker: { fetch(): Promise<Response> } = {
  fetch: async () => Response.json(await runSuite("workerd")),
};
export default worker;
