export { createTelemetry, type Telemetry, type TelemetryOptions } from "./otel/telemetry.ts";
