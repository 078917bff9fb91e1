import { describe, expect, it } from "vitest";
import { clientReader, type RequestHost } from "./client.ts";

const clientOf = clientReader({ clientAddress: () => null, trustedProxies: null, needsAddress: false });
const request = new Request("http://localhost/", { headers: { "user-agent": "Firefox" } });

describe("the client of a request", () => {
  it("passes work to the waitUntil of its host", async () => {
    const kept: Promise<unknown>[] = [];
    const work = Promise.resolve();
    clientOf(request, { waitUntil: (given) => kept.push(given) }).waitUntil?.(work);
    expect(kept).toEqual([work]);
  });

  it("fails no request whose host refuses the work", () => {
    const waitUntil = (): never => {
      throw new Error("outside a request scope");
    };
    expect(() => clientOf(request, { waitUntil }).waitUntil?.(Promise.resolve())).not.toThrow();
  });

  it.each<RequestHost | undefined>([undefined, {}, { waitUntil: undefined, clientAddress: undefined }])(
    "has no waitUntil and no address with the host %j",
    (host) => {
      const { device, networks, waitUntil } = clientOf(request, host);
      expect({ device, networks: networks(), waitUntil }).toEqual({
        device: { userAgent: "Firefox", address: null },
        networks: [],
        waitUntil: null,
      });
    },
  );
});

it("A client whose headers contradict each other has no address, and shares one network with all such clients", () => {
  const of = clientReader({
    clientAddress: () => "10.0.0.1",
    trustedProxies: { kind: "count", count: 1 },
    needsAddress: false,
  });
  const sent = (forwarded: string) => {
    const headers = { "x-forwarded-for": "203.0.113.7", forwarded: `for=${forwarded}` };
    const { device, networks } = of(new Request("http://localhost/", { headers }));
    return { address: device.address, networks: networks() };
  };
  expect(sent("203.0.113.7")).toEqual({ address: "203.0.113.7", networks: ["203.0.113.7"] });
  expect(sent("1.2.3.4")).toEqual({ address: null, networks: ["conflicting"] });
  expect(sent("5.6.7.8")).toEqual({ address: null, networks: ["conflicting"] });
});
