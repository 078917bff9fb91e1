import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { getRequestListener } from "@hono/node-server";

/** A server with TLS that answers for every host of a domain. */
export interface SecureSite {
  readonly port: number;
  readonly close: () => void;
}

/** Starts a server whose certificate names `*.<domain>`. A browser needs `resolving` and `ignoreHTTPSErrors`. */
export async function openSecureSite(
  domain: string,
  answer: (request: Request) => Promise<Response>,
): Promise<SecureSite> {
  const folder = mkdtempSync(join(tmpdir(), "latchkey-tls-"));
  const [key, cert] = [join(folder, "key.pem"), join(folder, "cert.pem")];
  const names = ["-subj", `/CN=${domain}`, "-addext", `subjectAltName=DNS:*.${domain}`];
  const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1"];
  execFileSync("openssl", ["req", "-x509", ...curve, ...names, "-keyout", key, "-out", cert], {
    stdio: "ignore",
  });
  const listener = getRequestListener(answer, { overrideGlobalObjects: false });
  const server = createServer({ key: readFileSync(key), cert: readFileSync(cert) }, listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : 0,
    close: () => {
      server.close();
      server.closeAllConnections();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** The flag by which a browser finds the hosts of these domains on this machine. */
export function resolving(...domains: readonly string[]): string {
  return `--host-resolver-rules=${domains.map((domain) => `MAP *.${domain} 127.0.0.1`).join(",")}`;
}
