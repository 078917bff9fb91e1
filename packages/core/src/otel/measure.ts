import {
  type Attributes,
  type Histogram,
  type Meter,
  type Span,
  type SpanKind,
  SpanStatusCode,
  type Tracer,
} from "@opentelemetry/api";
import { monotonicSeconds } from "../platform/env.ts";
import { faultName } from "../platform/errors.ts";

/** A call to measure. No attribute may hold an identifier of a user, a session or a client. */
export interface MeasuredCall {
  /** The name of the histogram, without `.duration`. */
  readonly metric: string;
  readonly span: string;
  readonly kind: SpanKind;
  readonly attributes: Attributes;
  /** The attributes of a result; `error.type` marks a failure. */
  readonly resultOf: (result: unknown) => Attributes;
}

export type Measure = <T>(call: MeasuredCall, work: () => Promise<T>) => Promise<T>;

/** From 100 microseconds, which a validation by memory takes less than, to ten seconds. */
const BOUNDARIES = [0.0001, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** Makes the function that gives each call a span, and its duration to a histogram. */
export function measurer(tracer: Tracer, meter: Meter): Measure {
  const histograms = new Map<string, Histogram>();
  const histogramOf = (name: string): Histogram => {
    const advice = { explicitBucketBoundaries: BOUNDARIES };
    const made = histograms.get(name) ?? meter.createHistogram(name, { unit: "s", advice });
    histograms.set(name, made);
    return made;
  };
  return ({ metric, span: name, kind, attributes, resultOf }, work) =>
    tracer.startActiveSpan(name, { kind, attributes }, async (span) => {
      const start = monotonicSeconds();
      let found: Attributes = {};
      try {
        const result = await work();
        found = resultOf(result);
        return result;
      } catch (error) {
        found = { "error.type": faultName(error) };
        throw error;
      } finally {
        endSpan(span, found);
        histogramOf(`${metric}.duration`).record(monotonicSeconds() - start, { ...attributes, ...found });
      }
    });
}

// The message of an error may hold anything, so a span has its type only.
function endSpan(span: Span, found: Attributes): void {
  span.setAttributes(found);
  if (found["error.type"] !== undefined) span.setStatus({ code: SpanStatusCode.ERROR });
  span.end();
}
