import { readFileSync } from "node:fs";
import { memory } from "@latchkey/core/memory";
import { oidc } from "@latchkey/core/oauth";
import { createTelemetry } from "@latchkey/core/otel";
import { password } from "@latchkey/core/password";
import { createTestAuth } from "@latchkey/core/testing";
import { JsonMetricsSerializer, JsonTraceSerializer } from "@opentelemetry/otlp-transformer";
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from "@opentelemetry/sdk-metrics";
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from "@opentelemetry/sdk-trace";
import { beforeAll, describe, expect, it } from "vitest";
import * as routes from "../../packages/core/src/http/routes/list.ts";

const DASHBOARD = new URL("../../docs/observability/latchkey-dashboard.json", import.meta.url);
const ADA = { email: "ada@example.com", password: "correct horse battery" };
const ADDRESS = "203.0.113.77";
const AGENT = "agent-of-ada";
const decoder = new TextDecoder();

/** What the SDK exports of a run: OTLP as JSON. */
interface Exported {
  readonly text: string;
  readonly metrics: readonly Metric[];
  readonly spans: readonly string[];
  /** Every text of the run that must not be exported. */
  readonly secrets: readonly string[];
}

interface Point {
  readonly attributes: readonly { readonly key: string; readonly value: object }[];
}

interface Metric {
  readonly name: string;
  readonly unit: string;
  readonly sum?: { readonly dataPoints: readonly Point[] };
  readonly gauge?: { readonly dataPoints: readonly Point[] };
  readonly histogram?: { readonly dataPoints: readonly Point[] };
}

async function exportRun(): Promise<Exported> {
  const spans = new InMemorySpanExporter();
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({ exporter });
  const telemetry = createTelemetry({
    tracerProvider: new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter: spans })] }),
    meterProvider: new MeterProvider({ readers: [reader] }),
  });
  const secrets = await runEveryRoute(telemetry);
  await reader.forceFlush();
  const [metrics] = exporter.getMetrics().slice(-1);
  if (metrics === undefined) throw new Error("no metric was exported");
  const metricText = decoder.decode(JsonMetricsSerializer.serializeRequest(metrics));
  const spanText = decoder.decode(JsonTraceSerializer.serializeRequest(spans.getFinishedSpans()));
  await reader.shutdown();
  const [resource] = JSON.parse(metricText).resourceMetrics;
  return {
    text: metricText + spanText,
    metrics: resource.scopeMetrics[0].metrics,
    spans: spans.getFinishedSpans().map(({ name }) => name),
    secrets,
  };
}

async function runEveryRoute(telemetry: ReturnType<typeof createTelemetry>): Promise<readonly string[]> {
  const kit = createTestAuth(
    telemetry.observe({
      store: memory(),
      providers: [
        password(),
        oidc({ issuer: "https://idp.example", clientId: "id", clientSecret: "secret" }),
      ],
      env: { fetch: async () => new Response("{}", { status: 503 }) },
      onError: () => undefined,
    }),
  );
  const auth = telemetry.trace(kit.auth);
  const send = (path: string, method = "GET", body?: object, cookie = ""): Promise<Response> => {
    const headers = { cookie, "content-type": "application/json", "user-agent": AGENT };
    const content = body === undefined ? {} : { body: JSON.stringify(body) };
    const request = new Request(`http://localhost/auth${path}`, { method, headers, ...content });
    return auth.handle(request, { clientAddress: ADDRESS });
  };
  await send("/signup", "POST", ADA);
  for (let attempt = 0; attempt < 11; attempt++)
    await send("/login", "POST", { ...ADA, password: "not the password" });
  const found = await auth.users.find({ email: ADA.email });
  const id = found?.id ?? "";
  const ada = await kit.signInAs(id);
  const cookie = ada.headers.get("cookie") ?? "";
  const validate = () => auth.validate(new Request("http://localhost/", { headers: { cookie } }));
  await validate();
  await validate();
  // Root, lease, lost child, and then a token that is neither.
  await auth.sessions.refresh(ada.refreshToken ?? "");
  await auth.sessions.refresh(ada.refreshToken ?? "");
  kit.clock.advance(61);
  await auth.sessions.refresh(ada.refreshToken ?? "");
  await send("/oauth/oidc");
  for (const { path, method } of Object.values(routes)) {
    const place = ([path].flat()[0] ?? "").replace(":id", ada.session.id).replace(":provider", "oidc");
    const sent = [method].flat()[0] ?? "GET";
    const body = { ...ADA, token: ada.accessToken, refresh_token: ada.refreshToken, code: ADDRESS };
    await send(place, sent, sent === "GET" ? undefined : body, cookie);
    await auth.handlers.me(new Request(`http://localhost/${id}`, { method: "GET", headers: { cookie } }));
  }
  await send(`/unknown/${id}`, "X-ADA");
  await auth.validate(new Request("http://localhost/", { headers: { cookie } }));
  return [
    id,
    ada.session.id,
    ada.accessToken,
    ada.refreshToken ?? "",
    ADA.email,
    ADA.password,
    ADDRESS,
    AGENT,
    "X-ADA",
  ];
}

const pointsOf = ({ sum, gauge, histogram }: Metric): readonly Point[] =>
  (sum ?? gauge ?? histogram)?.dataPoints ?? [];

/** The names under which Prometheus has a metric of OTLP. */
function prometheusNames(metric: Metric): readonly string[] {
  const base = `${metric.name.replaceAll(".", "_")}${metric.unit === "s" ? "_seconds" : ""}`;
  if (metric.histogram !== undefined) return [`${base}_bucket`, `${base}_count`, `${base}_sum`];
  return metric.sum === undefined ? [base] : [`${base}_total`];
}

describe("the telemetry of a run of all routes", () => {
  let exported: Exported;
  beforeAll(async () => {
    exported = await exportRun();
  });
  const eventsOf = (attribute: string): readonly unknown[] =>
    exported.metrics
      .filter(({ name }) => name === "latchkey.events")
      .flatMap(pointsOf)
      .flatMap(({ attributes }) => attributes.filter(({ key }) => key === attribute))
      .map(({ value }) => Reflect.get(value, "stringValue"));

  it("holds no identifier and no secret", () => {
    for (const secret of exported.secrets) {
      expect(secret).not.toBe("");
      expect(exported.text.includes(secret), secret).toBe(false);
    }
  });

  it("has every metric, and spans of each kind of call", () => {
    expect(exported.metrics.map(({ name }) => name).toSorted()).toEqual([
      "latchkey.events",
      ...["handle", "provider", "refresh"].map((name) => `latchkey.${name}.duration`),
      "latchkey.revocation.lag",
      ...["store", "validate"].map((name) => `latchkey.${name}.duration`),
    ]);
    const expected = [
      "POST /auth/login",
      "latchkey.validate",
      "latchkey.refresh",
      "sessions.rotate",
      "GET",
      "HTTP",
    ];
    expect(exported.spans).toEqual(expect.arrayContaining(expected));
  });

  it("counts the outcomes of refreshes", () => {
    const outcomes = [...new Set(eventsOf("latchkey.refresh.outcome"))].toSorted();
    expect(outcomes).toEqual(["access_only", "first", "reissued"]);
    expect(eventsOf("latchkey.event.type")).toContain("session.reissued");
  });

  it("tells which validations memory answered", () => {
    const cached = exported.metrics
      .filter(({ name }) => name === "latchkey.validate.duration")
      .flatMap(pointsOf)
      .flatMap(({ attributes }) => attributes.filter(({ key }) => key === "latchkey.token.cached"))
      .map(({ value }) => Reflect.get(value, "boolValue"));
    expect(cached.toSorted()).toEqual([false, true]);
  });

  it("has every metric and label of the dashboard", () => {
    const expressions = [...readFileSync(DASHBOARD, "utf8").matchAll(/"expr": "((?:[^"\\]|\\.)*)"/g)].map(
      ([, text = ""]) => text,
    );
    expect(expressions.length).toBeGreaterThan(8);
    const names = new Set(exported.metrics.flatMap(prometheusNames));
    const labels = new Set(
      exported.metrics.flatMap(pointsOf).flatMap(({ attributes }) => attributes.map(({ key }) => key)),
    );
    const known = new Set([...labels].map((label) => label.replaceAll(".", "_")));
    for (const expression of expressions) {
      for (const [name] of expression.matchAll(/latchkey_\w+_(?:total|bucket|count|sum|seconds)\b/g))
        expect(names.has(name), name).toBe(true);
      for (const [, label = ""] of expression.matchAll(/[{,(] ?(\w+)(?:=~?|!=)/g))
        expect(known.has(label), label).toBe(true);
      for (const [, list = ""] of expression.matchAll(/by \(([^)]*)\)/g))
        for (const label of list.split(", ").filter((each) => each !== "le"))
          expect(known.has(label), label).toBe(true);
    }
  });
});
